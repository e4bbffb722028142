"""Tokens on a real server: every way to carry one, every refusal, what a token lets one do, and that no line of the log shows one."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.client import Client
from tests.integration.line import HANDSHAKE, PATIENCE
from tests.integration.server import Answer, Server
from tests.integration.tenancy import Tenancy

GUARDED = {"auth.mode": "token", "auth.leeway": 0, "limits.token_failures_burst": 1000, "log.level": "debug", "log.format": "json"}


@pytest.fixture
def tenancy(tmp_path: Path) -> Tenancy:
    """Two tenants, each with one key."""
    made = Tenancy(tmp_path / "tenants")
    made.write("acme", "old")
    made.write("other", "old")
    return made


@pytest.fixture
def guarded(serve: Callable[..., Server], tenancy: Tenancy) -> Callable[..., Server]:
    """Starts a server that lets nobody in without a token."""

    def start(**settings: object) -> Server:
        named = {key.replace("__", "."): value for key, value in settings.items()}
        return serve({**GUARDED, "server.tenants_dir": tenancy.folder, **named})

    return start


def ask(server: Server, path: str = "/t/acme/ws", **headers: str) -> Answer:
    """A handshake that is refused; `_` stands for `-`."""
    return server.request("GET", path, {**HANDSHAKE, **{name.replace("_", "-"): value for name, value in headers.items()}})


def error(answer: Answer) -> tuple[int, str]:
    return answer.status, json.loads(answer.body)["error"]


@pytest.mark.parametrize("path", ["/t/acme/ws", "/ws"])
@pytest.mark.parametrize("place", ["header", "query", "subprotocol"])
def test_a_token_may_be_carried_in_three_places_to_either_path(
    guarded: Callable[..., Server], tenancy: Tenancy, path: str, place: str
) -> None:
    server, token = guarded(), tenancy.token()
    headers, query = {
        "header": ({"Authorization": f"Bearer {token}"}, ""),
        "query": ({}, f"?token={token}"),
        "subprotocol": ({"Sec-WebSocket-Protocol": f"bearer.{token}"}, ""),
    }[place]
    line = server.line()
    line.request(path + query, headers={**HANDSHAKE, **headers})
    head = line.head()
    assert head.status == 101
    assert "sec-websocket-protocol" not in head.headers
    assert token not in server.log()


def test_a_browser_offers_its_token_beside_a_profile_and_hears_of_the_profile_alone(
    guarded: Callable[..., Server], tenancy: Tenancy
) -> None:
    line = guarded().line()
    line.request("/ws", headers={**HANDSHAKE, "Sec-WebSocket-Protocol": f"psync.v2.json, bearer.{tenancy.token()}"})
    head = line.head()
    assert (head.status, head.headers["sec-websocket-protocol"]) == (101, "psync.v2.json")
    assert b'"welcome"' in line.frame()[1]


REFUSALS: dict[str, tuple[dict[str, object] | None, int, str, str, str]] = {
    "no token": (None, 401, "no_token", "", "a token is needed"),
    "another key": ({"secret": "x" * 40}, 401, "invalid_token", "invalid_token", "the token is not valid"),
    "another kid": ({"kid": "new"}, 401, "invalid_token", "invalid_token", "the token is not valid"),
    "expired": ({"exp": 1}, 401, "invalid_token", "invalid_token", "exp: the token has expired"),
    "without an end": ({"exp": None}, 401, "invalid_token", "invalid_token", "exp: is missing"),
    "too early": ({"nbf": 9e9}, 401, "invalid_token", "invalid_token", "nbf: the token is not valid yet"),
    "from the future": ({"iat": 9e9}, 401, "invalid_token", "invalid_token", "iat: the token was issued in the future"),
    "without groups": ({"groups": None}, 401, "invalid_token", "invalid_token", "groups: is missing"),
    "groups that are none": ({"groups": "home"}, 401, "invalid_token", "invalid_token", "groups: is not a list"),
    "an id that is none": ({"peer_id": 7}, 401, "invalid_token", "invalid_token", "peer_id: is not text"),
    "an unknown capability": ({"caps": ["fly"]}, 401, "invalid_token", "invalid_token", "caps: is not a list of relay, list, broadcast"),
    "another tenant": ({"tenant": "other"}, 403, "wrong_tenant", "insufficient_scope", "tenant: the token is for another tenant"),
}


def test_every_refusal_has_its_status_its_word_and_its_challenge_and_no_line_of_the_log_shows_a_token(
    guarded: Callable[..., Server], tenancy: Tenancy
) -> None:
    server = guarded()
    sent: list[str] = []
    for name, (claims, status, word, rfc_word, says) in REFUSALS.items():
        token = None if claims is None else tenancy.token(**claims)  # type: ignore[arg-type] # claims are any JSON
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = ask(server, **headers)
        assert error(answer) == (status, word), name
        assert says in json.loads(answer.body)["message"], name
        challenge = answer.headers["www-authenticate"]
        assert challenge.startswith("Bearer ")
        assert challenge.endswith(f'error="{rfc_word}"' if rfc_word else 'realm="psync-signal"'), name
        if token is not None:
            assert token not in answer.body
            sent.append(token)
            assert ask(server, f"/t/acme/ws?token={token}").status == status
            assert ask(server, f"/ws?x=%22&token={token}", Sec_WebSocket_Protocol="psync.v2.json").status in {401, 403}
            assert ask(server, Sec_WebSocket_Protocol=f"bearer.{token}").status == status
            assert ask(server, Sec_WebSocket_Protocol=f"nothing, bearer.{token}").status == 400
            assert ask(server, f"/t/acme/ws?token={token}", Authorization=f"Bearer {token}").status == 400
            assert ask(server, f"/nowhere?token={token}").status == 404
            assert server.request("POST", f"/ws?token={token}").status == 405
            assert server.request("GET", f"/health?token={token}", {"Authorization": f"Bearer {token}"}).status == 200
            assert ask(server, f"/ws?token={token}", Sec_WebSocket_Key="bad").status == 400
            assert ask(server, f"/ws?token={token}", X=token * 120).status == 431
    good = tenancy.token(caps=["relay"])
    server.connect(Client, f"/ws?token={good}").register("me", "home")
    server.wait_for_line('"connection admitted"')
    for token in [*sent, good]:
        for part in token.split(".")[1:]:
            assert part not in server.log()


def test_a_tenant_that_there_is_not_answers_as_one_with_another_key(guarded: Callable[..., Server], tenancy: Tenancy) -> None:
    server = guarded()
    token = tenancy.token(secret="x" * 40)
    answers = [ask(server, f"/t/{name}/ws?token={token}") for name in ("acme", "nobody")]
    answers += [ask(server, f"/ws?token={tenancy.token(name, secret='x' * 40)}") for name in ("acme", "nobody")]
    told = set()
    for answer in answers:
        headers = sorted((name, text) for name, text in answer.headers.items() if name != "date")
        told.add((answer.status, answer.body, *headers))
    assert len(told) == 1


def test_a_token_opens_its_own_tenant_alone(guarded: Callable[..., Server], tenancy: Tenancy) -> None:
    server = guarded()
    mine, theirs = (server.connect(Client, f"/ws?token={tenancy.token(name)}") for name in ("acme", "other"))
    assert mine.register("a", "home") == []
    assert theirs.register("b", "home") == []
    assert error(ask(server, f"/t/other/ws?token={tenancy.token('acme')}")) == (401, "invalid_token")


def test_a_connection_may_do_what_its_token_says(guarded: Callable[..., Server], tenancy: Tenancy) -> None:
    server = guarded()
    token = tenancy.token(groups=["team-*"], peer_id="laptop", caps=["relay"])
    client, other = server.connect(Client, f"/ws?token={token}"), server.connect(Client, f"/ws?token={tenancy.token()}")
    for peer_id, group_id, field in (("laptop", "home", "group_id"), ("phone", "team-a", "peer_id")):
        client.ask(peer_id, group_id)
        refused = client.refused("not_allowed")
        assert refused.payload["message"].startswith(field)
    other.register("desk", "team-a")
    assert client.register("laptop", "team-a") == []
    other.hear("peer_joined")
    client.say("message", payload="to all")
    assert "broadcast" in client.refused("not_allowed").payload["message"]
    client.say("offer", "desk", {"sdp": "v=0"})
    assert other.hear("offer").source_id == "laptop"


def test_a_connection_ends_with_its_token(guarded: Callable[..., Server], tenancy: Tenancy) -> None:
    server = guarded()
    client = server.connect(Client, f"/ws?token={tenancy.token(exp=time.time() + 1)}")
    client.register("me", "home")
    assert client.closed() == (4401, "the token has expired")


def test_a_connection_outlives_its_token_where_the_operator_says_so(guarded: Callable[..., Server], tenancy: Tenancy) -> None:
    server = guarded(auth__on_expiry="keep")
    token = tenancy.token(exp=time.time() + 1)
    client = server.connect(Client, f"/ws?token={token}")
    client.register("me", "home")
    deadline = time.monotonic() + PATIENCE
    while ask(server, f"/t/acme/ws?token={token}").status != 401:
        assert time.monotonic() < deadline
    client.assert_silence()


def test_an_address_that_guesses_waits_whatever_it_sends_then(guarded: Callable[..., Server], tenancy: Tenancy) -> None:
    server = guarded(limits__token_failures_burst=3)
    for _ in range(3):
        assert ask(server, Authorization="Bearer guess").status == 401
    for token in ("guess", tenancy.token()):
        answer = ask(server, Authorization=f"Bearer {token}")
        assert error(answer) == (429, "token_failures")
        assert int(answer.headers["retry-after"]) > 0
    assert error(ask(server)) == (401, "no_token")


def test_where_nobody_has_to_prove_anything_a_token_opens_its_tenant_and_no_token_the_default_one(
    guarded: Callable[..., Server], tenancy: Tenancy
) -> None:
    server = guarded(auth__mode="none")
    anyone, acme = server.connect(Client), server.connect(Client, f"/ws?token={tenancy.token()}")
    assert anyone.register("a", "home") == []
    assert acme.register("b", "home") == []
    assert error(ask(server)) == (401, "no_token")


def test_admissions_and_refusals_are_audited_with_who_and_why(guarded: Callable[..., Server], tenancy: Tenancy) -> None:
    server = guarded()
    ask(server, Authorization="Bearer guess")
    server.connect(Client, f"/ws?token={tenancy.token(peer_id='laptop')}")
    refused = json.loads(server.wait_for_line('"connection refused"').string)
    admitted = json.loads(server.wait_for_line('"connection admitted"').string)
    assert [refused[name] for name in ("logger", "tenant", "reason")] == ["gateway.audit", "acme", "invalid_token"]
    assert [admitted[name] for name in ("logger", "tenant", "peer")] == ["gateway.audit", "acme", "laptop"]
    assert refused["address"].startswith("127.0.0.1")
    assert admitted["address"].startswith("127.0.0.1:")
    assert len(admitted["connection"]) > 8


def test_a_tenant_that_floods_the_audit_hides_nobody_else_behind_it(guarded: Callable[..., Server], tenancy: Tenancy) -> None:
    server = guarded()
    for _ in range(50):
        server.connect(Client, f"/ws?token={tenancy.token()}")
    ask(server, f"/ws?token={tenancy.token('other', groups='home')}")
    server.connect(Client, f"/ws?token={tenancy.token('other', peer_id='quiet')}")
    assert json.loads(server.wait_for_line('"peer": "quiet"').string)["message"] == "connection admitted"
    assert json.loads(server.wait_for_line('"says": "groups: ').string)["tenant"] == "other"
