"""The operator's pages: who gets which."""

import json

import pytest

from gateway.operator.pages import PAGES
from gateway.operator.routes import OperatorRoutes
from gateway.routes import PROBES
from tests.gateway.operator.office import Looks, Office, answer_of, environ
from tests.gateway.operator.test_guard import WRONG, guard_at


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def routes(office: Office) -> OperatorRoutes:
    return OperatorRoutes(office.node, guard_at("127.0.0.1"))


@pytest.fixture
def closed(office: Office) -> OperatorRoutes:
    return OperatorRoutes(office.node, guard_at("10.0.0.1", "s3cret"))


def test_metrics_are_told_as_text(routes: OperatorRoutes, office: Office) -> None:
    office.broker.join("a")
    answer = answer_of(routes, environ("/metrics?x=1"))
    assert answer.code == 200
    assert answer.header("Content-Type").startswith("text/plain; version=")
    assert b'psync_signal_tenant_peers{tenant="-"} 1.0\n' in answer.body


@pytest.mark.parametrize("path", PROBES)
def test_probes_are_for_everyone(closed: OperatorRoutes, office: Office, path: str) -> None:
    assert answer_of(closed, environ(path, HTTP_HOST="any.example")).code == 200
    office.ready = False
    assert answer_of(closed, environ(path)).code == (503 if PROBES[path] == "ready" else 200)


@pytest.mark.parametrize("path", ["/metrics", "/api/v1/nodes", "/api/v1/drain", "/nothing"])
def test_all_else_is_for_who_has_the_token(closed: OperatorRoutes, path: str) -> None:
    answer = answer_of(closed, environ(path))
    assert answer.code == 401
    assert answer.header("WWW-Authenticate") == "Bearer"
    assert json.loads(answer.body)["error"]["field"] == "Authorization"
    assert answer_of(closed, environ(path, HTTP_AUTHORIZATION="Bearer s3cret")).code != 401


def test_who_guesses_the_token_is_told_how_long_to_wait(closed: OperatorRoutes, office: Office) -> None:
    answers = [answer_of(closed, environ("/metrics", HTTP_AUTHORIZATION="Bearer guess")) for _ in range(WRONG + 1)]
    assert [answer.code for answer in answers] == [401] * WRONG + [429]
    assert int(answers[-1].header("Retry-After")) > 0
    assert office.node.metrics.values()["operator_requests"] == {"401": WRONG, "429": 1}


def test_who_is_refused_changes_nothing(closed: OperatorRoutes, routes: OperatorRoutes, office: Office) -> None:
    assert answer_of(closed, environ("/api/v1/drain", "POST")).code == 401
    assert answer_of(routes, environ("/api/v1/drain", "POST", CONTENT_TYPE="text/plain")).code == 415
    assert answer_of(routes, environ("/api/v1/drain", "POST", HTTP_HOST="evil.example")).code == 403
    assert office.stops == 0


def test_an_id_with_a_slash_is_one_name(routes: OperatorRoutes, office: Office) -> None:
    office.broker.join("a/b", group_id="g/h")
    answer = answer_of(routes, environ("/api/v1/tenants/-/groups/g%2Fh/peers/a%2Fb", "DELETE"))
    assert (answer.code, json.loads(answer.body)) == (200, {"removed": 1})


@pytest.mark.parametrize("path", ["/", "/ws", "/api/v2/nodes", "/api", "/console/"])
def test_another_page_is_404_and_names_those_that_exist(routes: OperatorRoutes, path: str) -> None:
    answer = answer_of(routes, environ(path))
    assert answer.code == 404
    assert b"/metrics" in answer.body


@pytest.mark.parametrize("path", PAGES)
def test_the_console_is_for_everyone_and_may_do_nothing_but_ask_here(closed: OperatorRoutes, path: str) -> None:
    answer = answer_of(closed, environ(path, HTTP_HOST="any.example"))
    assert (answer.code, answer.header("X-Content-Type-Options")) == (200, "nosniff")
    assert "default-src 'none'" in answer.header("Content-Security-Policy")
    assert answer_of(closed, environ(path, "POST")).header("Allow") == "GET, HEAD"


def test_events_are_told_part_by_part(routes: OperatorRoutes, office: Office) -> None:
    answer = answer_of(routes, {**environ("/api/v1/events"), "operator.stay": Looks(2)})
    assert (answer.code, answer.header("Content-Type")) == (200, "text/event-stream")
    assert answer.body.count(b"event: figures\n") == 2
    assert office.node.metrics.values()["operator_requests"] == {"200": 1}


def test_metrics_are_read_alone(routes: OperatorRoutes) -> None:
    answer = answer_of(routes, environ("/metrics", "POST"))
    assert (answer.code, answer.header("Allow")) == (405, "GET, HEAD")


def test_requests_are_counted_by_their_status(routes: OperatorRoutes, office: Office) -> None:
    for path in ("/health", "/metrics", "/nothing"):
        answer_of(routes, environ(path))
    assert office.node.metrics.values()["operator_requests"] == {"200": 2, "404": 1}
