"""What the public port says to those who are no WebSocket clients, or not good ones."""

import json
from collections.abc import Callable

import pytest

from tests.integration.client import Client
from tests.integration.line import HANDSHAKE
from tests.integration.server import Server


def test_health_is_two_letters_and_a_newline(server: Server) -> None:
    answer = server.request("GET", "/health")
    assert (answer.status, answer.body) == (200, "OK\n")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("path", ["/health", "/ready"])
def test_head_gets_the_head_alone(server: Server, path: str) -> None:
    answer = server.request("HEAD", path)
    assert (answer.status, answer.body) == (200, "")


def test_ready_says_in_json_that_it_accepts_and_for_how_many(serve: Callable[..., Server], group: str) -> None:
    server = serve()
    for peer in range(3):
        server.connect(Client).register(str(peer), group)
    answer = server.request("GET", "/ready?verbose")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.body) == {"status": "accepting", "connections": 3}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/WS",
        "/ws/",
        "/wss",
        "/metrics",
        "/console",
        "/t/ws",
        "/t/Acme/ws",
        "//ws",
        "/..%2fws",
        "/%77s",
        "/t/acme%2Fws",
        "/t/%61cme/ws",
    ],
)
def test_any_other_page_is_404_and_names_those_that_exist(server: Server, path: str) -> None:
    answer = server.request("GET", path)
    assert answer.status == 404
    assert all(known in answer.body for known in ("/ws", "/health", "/ready"))


@pytest.mark.parametrize("path", ["/", "/t/acme/ws/"])
def test_a_handshake_for_another_page_is_404_too(server: Server, path: str) -> None:
    line = server.line()
    line.request(path)
    assert line.head().status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(("path", "allowed"), [("/health", "GET, HEAD"), ("/ready", "GET, HEAD"), ("/ws", "GET")])
def test_another_method_is_405_and_names_what_is_allowed(server: Server, method: str, path: str, allowed: str) -> None:
    answer = server.request(method, path)
    assert answer.status == 405
    assert answer.headers["allow"] == allowed
    assert "GET" in answer.body


@pytest.mark.parametrize("path", ["/ws?peer=x", "/t/acme/ws"])
def test_a_browser_that_opens_a_websocket_address_is_told_to_use_a_websocket(server: Server, path: str) -> None:
    answer = server.request("GET", path)
    assert answer.status == 426
    assert answer.headers["upgrade"] == "websocket"
    assert "WebSocket" in answer.body


REFUSALS = {
    "an old version": ({"Sec-WebSocket-Version": "8"}, 426, "Sec-WebSocket-Version must be 13"),
    "no version": ({"Sec-WebSocket-Version": ""}, 426, "Sec-WebSocket-Version must be 13"),
    "a short key": ({"Sec-WebSocket-Key": "c2hvcnQ="}, 400, "16 bytes in base64"),
    "no base64": ({"Sec-WebSocket-Key": "!" * 24}, 400, "16 bytes in base64"),
    "no Connection": ({"Connection": "keep-alive"}, 400, "Connection header must hold Upgrade"),
    "a subprotocol": ({"Sec-WebSocket-Protocol": "mqtt, chat"}, 400, "no known subprotocol asked for; known: "),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_handshake_that_is_none_is_refused_and_told_what_to_mend(server: Server, refusal: str) -> None:
    changed, status, says = REFUSALS[refusal]
    answer = server.request("GET", "/ws", {**HANDSHAKE, **changed})
    assert answer.status == status
    assert says in json.loads(answer.body)["message"]
    assert json.loads(answer.body)["error"] in {"handshake", "subprotocol"}


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /ws\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET /ws HTTP/1.1\r\n\r\n", 400),
        (b"GET /ws HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET /ws HTTP/1.1\r\nHost a\r\n\r\n", 400),
        (b"GET /ws HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n", 400),
        (b"POST /ws HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 413),
        (b"POST /ws HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413),
        (b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 431),
        (b"GET /ws HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"GET /ws HTTP/1.1\r\nHost: a\r\n" + b"X: x\r\n" * 70 + b"\r\n", 431),
    ],
)
def test_a_request_that_cannot_be_read_is_refused_and_ended(server: Server, request_: bytes, status: int) -> None:
    line = server.line()
    line.send(request_)
    assert line.head().status == status
    while line.receive():
        pass


def test_a_client_that_does_not_finish_its_request_is_not_waited_for(serve: Callable[..., Server]) -> None:
    server = serve({"limits.handshake_timeout": 0.2})
    silent, slow = server.line(), server.line()
    slow.send(b"GET /ws HTTP/1.1\r\nHost:")
    assert silent.receive() == b""
    assert slow.receive() == b""


def test_only_pages_of_a_listed_origin_may_connect_and_clients_without_one(serve: Callable[..., Server]) -> None:
    server = serve({"server.allowed_origins": "https://app.example.org"})
    strange = server.request("GET", "/ws", {**HANDSHAKE, "Origin": "https://evil.example"})
    assert (strange.status, json.loads(strange.body)["error"]) == (403, "origin")
    known = server.line()
    known.request(headers={**HANDSHAKE, "Origin": "https://app.example.org"})
    assert known.head().status == 101
    assert server.line().upgrade().status == 101


@pytest.mark.parametrize(
    ("settings", "status", "reason"),
    [
        ({"limits.connections": 2}, 503, "connections"),
        ({"limits.connections_per_address": 2}, 429, "connections_per_address"),
    ],
)
def test_a_connection_too_many_is_refused_until_one_ends(
    serve: Callable[..., Server], settings: dict[str, object], status: int, reason: str
) -> None:
    server = serve(settings)
    first, _ = server.connect(Client), server.connect(Client)
    full = server.request("GET", "/ws", HANDSHAKE)
    assert (full.status, json.loads(full.body)["error"]) == (status, reason)
    assert int(full.headers["retry-after"]) > 0
    first.leave_politely()
    first.line.close()
    assert server.line().upgrade().status == 101
