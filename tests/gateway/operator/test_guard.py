"""Who may use the operator's listener."""

from typing import Any

import pytest

from actors.allowance import Rate
from gateway.config_text import Secret
from gateway.operator.address import Address
from gateway.operator.guard import Guard
from gateway.throttle import Throttle
from tests.doubles import ManualClock, PlainMetrics

CLOCK = ManualClock()
WRONG = 3
BEARER = "Bearer s3cret"


def guard_at(host: str, token: str = "") -> Guard:
    """One that lets an address send three wrong tokens, and forgives one a minute."""
    return Guard(Address(host, 8081), Secret(token), Throttle(Rate(1 / 60, WRONG), PlainMetrics()), CLOCK)


OPEN = guard_at("127.0.0.1")


def environ(method: str = "GET", host: str | None = "127.0.0.1:8081", **more: str) -> dict[str, Any]:
    return {"REQUEST_METHOD": method, "REMOTE_ADDR": "192.0.2.1", **({} if host is None else {"HTTP_HOST": host}), **more}


@pytest.mark.parametrize("host", ["127.0.0.1:8081", "127.0.0.1", "localhost:1", "LocalHost", "[::1]:8081", "[::1]"])
def test_without_a_token_whoever_calls_it_by_a_name_of_its_own_may_look(host: str) -> None:
    assert OPEN.fault(environ(host=host)) is None


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8081", "127.0.0.1.evil.example", "10.0.0.1:8081", "", ":8081", None])
def test_a_name_that_was_made_to_point_here_is_refused(host: str | None) -> None:
    refusal = OPEN.fault(environ(host=host))
    assert refusal is not None
    assert (refusal.status, refusal.field) == ("403 Forbidden", "Host")


def test_the_address_that_it_listens_on_is_a_name_of_its_own() -> None:
    guard = guard_at("ops.example.org")
    assert guard.fault(environ(host="ops.example.org:1")) is None


@pytest.mark.parametrize("authorization", ["Bearer s3cret", "bearer s3cret", "BEARER  s3cret"])
def test_with_the_token_everyone_may_by_whatever_name(authorization: str) -> None:
    assert guard_at("10.0.0.1", "s3cret").fault(environ("DELETE", host="lb.example", HTTP_AUTHORIZATION=authorization)) is None


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3cret2", "Basic s3cret", "s3cret"])
def test_without_the_right_one_nobody_may(authorization: str) -> None:
    refusal = guard_at("10.0.0.1", "s3cret").fault(environ(HTTP_AUTHORIZATION=authorization))
    assert refusal is not None
    assert (refusal.status, refusal.field) == ("401 Unauthorized", "Authorization")
    assert "s3cret" not in refusal.says


@pytest.mark.parametrize(("guard", "more"), [(OPEN, {}), (guard_at("10.0.0.1", "s3cret"), {"HTTP_AUTHORIZATION": BEARER})])
@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:3000", "null", ""])
def test_a_page_of_another_origin_is_refused(guard: Guard, more: dict[str, str], origin: str) -> None:
    refusal = guard.fault(environ(HTTP_ORIGIN=origin, **more))
    assert refusal is not None
    assert (refusal.status, refusal.field) == ("403 Forbidden", "Origin")


def test_a_page_of_its_own_may() -> None:
    assert OPEN.fault(environ(HTTP_ORIGIN="http://127.0.0.1:8081")) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=application/json"])
def test_what_a_form_can_send_changes_nothing(method: str, kind: str) -> None:
    refusal = OPEN.fault(environ(method, CONTENT_TYPE=kind))
    assert refusal is not None
    assert (refusal.status, refusal.field) == ("415 Unsupported Media Type", "Content-Type")


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
def test_what_no_form_can_send_may(kind: str) -> None:
    assert OPEN.fault(environ("POST", CONTENT_TYPE=kind)) is None


def test_an_address_that_guesses_waits_whatever_it_sends_then_and_no_other_one_does() -> None:
    guard = guard_at("10.0.0.1", "s3cret")
    for _ in range(WRONG):
        refused = guard.fault(environ(HTTP_AUTHORIZATION="Bearer guess"))
        assert refused is not None
        assert (refused.status, refused.header) == ("401 Unauthorized", ("WWW-Authenticate", "Bearer"))
    for authorization in ("Bearer guess", BEARER):
        refused = guard.fault(environ(HTTP_AUTHORIZATION=authorization))
        assert refused is not None
        assert (refused.status, refused.field) == ("429 Too Many Requests", "Authorization")
        assert refused.header in {("Retry-After", "60"), ("Retry-After", "61")}
    assert guard.fault(environ(HTTP_AUTHORIZATION=BEARER, REMOTE_ADDR="192.0.2.2")) is None
    CLOCK.now += 61
    assert guard.fault(environ(HTTP_AUTHORIZATION=BEARER)) is None


def test_a_host_of_an_ipv6_network_does_not_get_around_that_by_another_address_of_its_own() -> None:
    guard = guard_at("10.0.0.1", "s3cret")
    answers = [guard.fault(environ(HTTP_AUTHORIZATION="Bearer guess", REMOTE_ADDR=f"2001:db8::{last}")) for last in range(1, WRONG + 2)]
    assert [answer and answer.status[:3] for answer in answers] == ["401"] * WRONG + ["429"]


def test_to_send_no_token_is_no_guess() -> None:
    guard = guard_at("10.0.0.1", "s3cret")
    for _ in range(WRONG + 1):
        assert guard.fault(environ()) is not None
    assert guard.fault(environ(HTTP_AUTHORIZATION=BEARER)) is None
