"""Handshakes that are none, that never end, that are too many, or that come from where nobody was invited."""

import selectors
import socket
import time
from collections.abc import Callable

import pytest

from tests.hostile.footprint import Footprint
from tests.hostile.pair import Pair
from tests.integration.client import Client
from tests.integration.line import CLOSE, HANDSHAKE, PATIENCE, Line, parse_close
from tests.integration.server import Server

LATE = 1.0
"""Seconds after a deadline that a busy machine may take."""

ALLOWANCE_KIB = 24_576
"""A thousand greenlets at once take 16 MiB of stacks, which the C library keeps for the next thousand."""


def request(*more: tuple[str, str], without: str = "", line: str = "GET /ws HTTP/1.1") -> bytes:
    """A handshake with headers added to it, and one left out; a name of those that are there is replaced."""
    headers = [(name, value) for name, value in HANDSHAKE.items() if name not in {without, *(name for name, _ in more)}]
    return "\r\n".join([line, *(f"{name}: {value}" for name, value in [*headers, *more]), "", ""]).encode()


def answered(server: Server, data: bytes) -> tuple[int, dict[str, str]]:
    """Send it; the status and headers of the answer, after which the connection ends."""
    line = server.line()
    line.send(data)
    head = line.head()
    while line.receive():
        pass
    return head.status, head.headers


# --- What is no handshake ---

KEY = "Sec-WebSocket-Key"
VERSION = "Sec-WebSocket-Version"
REFUSED = {
    "HTTP/0.9": (b"GET /ws\r\n", 400),
    "HTTP/0.9 with an empty line": (b"GET /ws\r\n\r\n", 400),
    "HTTP/1.0": (request(line="GET /ws HTTP/1.0"), 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "an empty line": (b"\r\n", 400),
    "spaces before the request": (b"  " + request(), 400),
    "two spaces in the request line": (request(line="GET  /ws HTTP/1.1"), 400),
    "a tab in the request line": (request(line="GET\t/ws HTTP/1.1"), 400),
    "NUL in the path": (request(line="GET /ws\0 HTTP/1.1"), 400),
    "POST": (request(line="POST /ws HTTP/1.1"), 400),
    "version 7": (request((VERSION, "7")), 426),
    "version 8": (request((VERSION, "8")), 426),
    "no version": (request(without=VERSION), 426),
    "version 13 and more": (request((VERSION, "13, 8")), 426),
    "two versions": (request((VERSION, "13"), (VERSION, "8")), 400),
    "no key": (request(without=KEY), 400),
    "an empty key": (request((KEY, "")), 400),
    "a key of 15 bytes": (request((KEY, "AAAAAAAAAAAAAAAAAAAA")), 400),
    "a key of 17 bytes": (request((KEY, "AAAAAAAAAAAAAAAAAAAAAAA=")), 400),
    "a key that is not base64": (request((KEY, "!!!!!!!!!!!!!!!!!!!!!!==")), 400),
    "a key with a space": (request((KEY, "dGhlIHNhbXBsZSBub25j ZQ==")), 400),
    "two keys": (request((KEY, HANDSHAKE[KEY]), (KEY, HANDSHAKE[KEY])), 400),
    "no Host": (request(without="Host"), 400),
    "two Hosts": (request(("Host", "a"), ("Host", "b")), 400),
    "no Connection": (request(without="Connection"), 400),
    "no Upgrade": (request(without="Upgrade"), 426),
    "NUL in a header": (request(("X", "a\0b")), 400),
    "NUL in the name of a header": (request(("X\0", "a")), 400),
    "a carriage return in a header": (request(("X", "a\rb")), 400),
    "a header without a colon": (b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade websocket\r\n\r\n", 400),
    "a header without a name": (request(("", "a")), 400),
    "a space before the colon": (request(("X ", "a")), 400),
    "a folded header": (request(("X", "a\r\n b")), 400),
    "a body": (request(("Content-Length", "5")) + b"hello", 413),
    "a length that is no number": (request(("Content-Length", "0x0")), 400),
    "two lengths": (request(("Content-Length", "0"), ("Content-Length", "5")), 400),
    "chunks": (request(("Transfer-Encoding", "chunked")) + b"0\r\n\r\n", 413),
    "an unknown subprotocol": (request(("Sec-WebSocket-Protocol", "mqtt")), 400),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_handshake_is_refused_and_ended(besiege: Callable[..., Server], case: str) -> None:
    data, status = REFUSED[case]
    given, headers = answered(besiege(), data)
    assert given == status
    if status == 426:
        assert headers[VERSION.lower()] == "13"


HEADERS, HEADER_BYTES = 64, 16_384
"""The defaults of `limits.headers` and `limits.header_bytes`."""


def of_size(size: int) -> bytes:
    return request(("X", "x" * (size - len(request(("X", ""))))))


def of_headers(count: int) -> bytes:
    return request(*((f"X-{number}", "x") for number in range(count - len(HANDSHAKE))))


@pytest.mark.parametrize("data", [of_size(HEADER_BYTES), of_headers(HEADERS)], ids=["bytes", "headers"])
def test_a_handshake_at_the_bound_passes(besiege: Callable[..., Server], data: bytes) -> None:
    line = besiege().line()
    line.send(data)
    assert line.head().status == 101


TOO_LONG = {
    "one byte too many": of_size(HEADER_BYTES + 1),
    "one header too many": of_headers(HEADERS + 1),
    "a long path": request(line=f"GET /ws?{'x' * HEADER_BYTES} HTTP/1.1"),
    "a line without end": b"GET /ws?" + b"x" * 4 * HEADER_BYTES,
    "a header without end": b"GET /ws HTTP/1.1\r\nX: " + b"x" * 4 * HEADER_BYTES,
    "empty headers": b"GET /ws HTTP/1.1\r\n" + b"X:\r\n" * 4000,
}


@pytest.mark.parametrize("case", TOO_LONG)
def test_a_handshake_beyond_a_bound_is_431(besiege: Callable[..., Server], case: str) -> None:
    assert answered(besiege(), TOO_LONG[case])[0] == 431


def test_a_second_request_behind_the_first_is_not_answered(besiege: Callable[..., Server]) -> None:
    line = besiege().line()
    line.send(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n" * 3)
    received = b""
    while data := line.receive():
        received += data
    assert received.count(b"HTTP/1.1") == 1


def test_a_second_request_behind_an_upgrade_is_a_frame_and_a_bad_one(besiege: Callable[..., Server]) -> None:
    line = besiege().line()
    line.upgrade(behind=request())
    opcode, payload = line.frame()
    assert opcode == CLOSE
    assert parse_close(payload).code == 1002


# --- Where it comes from ---

ORIGIN = "https://app.example.org"
LOOK_ALIKES = (
    "https://app.example.org.evil.example",
    "https://evil-app.example.org",
    "https://app.example.organisation",
    "https://example.org",
    "https://app.example.org:443",
    "https://app.example.org:8443",
    "http://app.example.org",
    "wss://app.example.org",
    "https://APP.example.org",
    "https://app.example.org.",
    "https://app.example.org/",
    "https://user@app.example.org",
    "https://app.example.org, https://app.example.org",
    "https://app.example.org https://evil.example",
    "app.example.org",
    "null",
    "*",
    "",
    "file://",
)


def test_an_origin_is_the_one_listed_or_refused(besiege: Callable[..., Server]) -> None:
    server = besiege({"server.allowed_origins": ORIGIN})
    statuses = {origin: answered(server, request(("Origin", origin)))[0] for origin in LOOK_ALIKES}
    assert statuses == dict.fromkeys(LOOK_ALIKES, 403)
    assert answered(server, request(("Origin", ORIGIN), ("Origin", ORIGIN)))[0] == 400
    for good in (request(("Origin", ORIGIN)), request()):
        line = server.line()
        line.send(good)
        assert line.head().status == 101


# --- How many ---


@pytest.mark.parametrize(("key", "status"), [("connections_per_address", 429), ("connections", 503)])
def test_one_connection_too_many_is_refused_and_those_who_are_there_go_on(
    serve: Callable[..., Server], group: str, key: str, status: int
) -> None:
    most = 20
    server = serve({f"limits.{key}": most, **({"limits.connections_per_address": most} if key == "connections" else {})})
    with Pair(server):
        lines = [server.line() for _ in range(most - 2)]
        for line in lines:
            line.upgrade()
        for _ in range(50):
            given, headers = answered(server, request())
            assert given == status
            assert int(headers["retry-after"]) > 0
        lines[0].reset()
        server.wait_for_connections(most - 1)
        assert server.connect(Client).register("newcomer", group) == []
        assert answered(server, request())[0] == status


# --- For how long ---

SILENT = 2000
ADDRESSES = 8
TIMEOUT = 1.0


def test_2000_silent_connects_end_by_their_deadline_and_the_next_client_gets_in(serve: Callable[..., Server], group: str) -> None:
    server = serve({"limits.handshake_timeout": TIMEOUT})
    with Pair(server) as pair:
        before = Footprint(server)
        began = time.monotonic()
        silent = [
            socket.create_connection(("127.0.0.1", server.port), PATIENCE, (f"127.0.0.{2 + number % ADDRESSES}", 0))
            for number in range(SILENT)
        ]
        try:
            pair.assert_healthy()
            assert server.connect(Client).register("newcomer", group) == []
            # As many as `limits.handshakes` are let in at once; the others end when these have.
            until_ended(silent)
            assert time.monotonic() - began < 2 * TIMEOUT + 2 * LATE
        finally:
            for plain in silent:
                plain.close()
        before.assert_given_back(ALLOWANCE_KIB)


def until_ended(connections: list[socket.socket]) -> None:
    with selectors.DefaultSelector() as selector:
        for plain in connections:
            selector.register(plain, selectors.EVENT_READ)
        while selector.get_map():
            ended = selector.select(PATIENCE)
            assert ended, f"{len(selector.get_map())} silent connections are still open"
            for key, _ in ended:
                assert isinstance(key.fileobj, socket.socket)
                assert key.fileobj.recv(1) == b""
                selector.unregister(key.fileobj)


def test_handshakes_that_come_byte_by_byte_end_by_their_deadline(serve: Callable[..., Server]) -> None:
    server = serve({"limits.handshake_timeout": TIMEOUT})
    with Pair(server):
        began = time.monotonic()
        slow = [server.line() for _ in range(50)]
        data = request()
        for byte in data[: int((TIMEOUT + LATE) * 10)]:
            slow = [line for line in slow if not has_ended(line)]
            for line in slow:
                line.send(bytes([byte]))
            if not slow:
                break
            time.sleep(0.1)  # how slow they are
        assert not slow
        assert TIMEOUT - 0.1 < time.monotonic() - began < TIMEOUT + LATE


def has_ended(line: Line) -> bool:
    return line.ready() and line.receive() == b""
