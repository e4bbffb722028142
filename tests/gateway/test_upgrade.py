"""The way from a request to a socket that is handed over, on real sockets and an unpatched gevent: deadlines, bounds, faults, TLS."""

import _socket
import base64
import hashlib
import socket as blocking
import ssl
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.ssl import SSLContext

from gateway.routes import Routes
from gateway.subprotocol import PLAIN
from gateway.upgrade import UpgradeHandler
from tests.certificates import self_signed
from tests.doubles import only_reference_counts
from tests.gateway.door import KEY, LONG, Door, read_all, request, wait_for

# --- The 101 ---


def test_a_handshake_is_answered_as_the_rfc_says_and_the_socket_handed_over(door: Door) -> None:
    client = door.client()
    client.sendall(request())
    head, _, behind = client.recv(4096).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 101 Switching Protocols"
    accept = base64.b64encode(hashlib.sha1((KEY + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())  # noqa: S324 - RFC 6455
    assert {b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Accept: " + accept} <= set(lines)
    assert b"Content-Length" not in head
    assert b"Transfer-Encoding" not in head
    assert behind == b""
    [(socket, data, admitted)] = door.accepted
    assert data == b""
    assert admitted.address == "{}:{}".format(*client.getsockname())
    socket.send(b"from the server")
    assert client.recv(100) == b"from the server"


def test_the_socket_that_is_handed_over_waits_for_nobody_and_is_set_for_messages(door: Door) -> None:
    door.upgraded(request())
    [(socket, _, _)] = door.accepted
    assert type(socket) is _socket.socket
    assert socket.gettimeout() == 0
    assert socket.getsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY)
    assert socket.getsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF) == 2 * 20_000  # Linux doubles it for its own books


@pytest.mark.parametrize("at", [1, 20, len(request()) - 1, len(request()), len(request()) + 3])
def test_frames_behind_the_handshake_are_handed_over_with_it_whatever_the_pieces(door: Door, at: int) -> None:
    sent = request() + b"frames"
    client = door.client()
    client.sendall(sent[:at])
    gevent.sleep(0.01)
    client.sendall(sent[at:])
    assert b"101 Switching Protocols" in client.recv(4096)
    [(socket, data, _)] = door.accepted
    socket.settimeout(LONG)
    assert data + (socket.recv(100) if len(data) < len(b"frames") else b"") == b"frames"


@pytest.mark.parametrize(
    ("asked", "echoed"), [("psync.v2.json", b"psync.v2.json"), ("chat, psync.v2.msgpack, bearer.e", b"psync.v2.msgpack")]
)
def test_the_subprotocol_that_was_chosen_is_echoed_and_handed_over(door: Door, asked: str, echoed: bytes) -> None:
    client = door.client()
    client.sendall(request(sec_websocket_protocol=asked))
    head = client.recv(4096)
    assert head.endswith(b"\r\nSec-WebSocket-Protocol: " + echoed + b"\r\n\r\n")
    assert b"bearer" not in head
    assert [subprotocol.name.encode() for subprotocol in door.subprotocols] == [echoed]


@pytest.mark.parametrize("changed", [{}, {"sec_websocket_protocol": "bearer.e"}])
def test_who_asks_for_no_subprotocol_is_told_of_none(door: Door, changed: dict[str, str]) -> None:
    client = door.client()
    client.sendall(request(**changed))
    assert b"Sec-WebSocket-Protocol" not in client.recv(4096)
    assert door.subprotocols == [PLAIN]


@pytest.mark.parametrize(
    "changed",
    [
        {"connection": "keep-alive, Upgrade"},
        {"connection": "UPGRADE"},
        {"upgrade": "WebSocket"},
        {"upgrade": "h2c, websocket"},
        {"origin": "https://anywhere.example"},
        {"sec_websocket_extensions": "permessage-deflate"},
    ],
)
def test_every_way_to_ask_for_a_websocket_is_understood(door: Door, changed: dict[str, str]) -> None:
    door.upgraded(request(**changed))
    assert len(door.accepted) == 1


def test_a_query_is_kept_out_of_the_path(door: Door) -> None:
    door.upgraded(request(path="/ws?token=x/y"))
    assert len(door.accepted) == 1


def test_nothing_of_the_request_outlives_the_handover(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    begin: Any = UpgradeHandler.__init__
    kept: list[weakref.ref[Any]] = []

    def remember(handler: Any, sock: Any, *rest: Any) -> None:  # noqa: ANN401 - pywsgi's
        begin(handler, sock, *rest)
        kept.extend([weakref.ref(handler), weakref.ref(sock), weakref.ref(gevent.getcurrent())])

    monkeypatch.setattr(UpgradeHandler, "__init__", remember)
    with only_reference_counts():
        for _ in range(3):
            door.upgraded(request())
        wait_for(lambda: not door.busy())
        gevent.sleep(0.01)
        assert len(kept) == 9
        assert [thing() for thing in kept] == [None] * 9
    assert len(door.accepted) == 3


# --- Deadlines and bounds ---


def trickle(client: Any) -> None:  # noqa: ANN401 - gevent publishes no type for its sockets
    with suppress(OSError):  # the server has had enough
        for byte in request():
            client.sendall(bytes([byte]))
            gevent.sleep(0.02)


def be_silent(client: Any) -> None:  # noqa: ANN401 - as above
    assert client.fileno() >= 0


def stop_halfway(client: Any) -> None:  # noqa: ANN401 - as above
    client.sendall(request()[:40])


@pytest.mark.parametrize("begin", [be_silent, stop_halfway, trickle])
def test_a_client_that_takes_too_long_is_ended_whatever_it_sends(doors: Callable[..., Door], begin: Callable[[Any], None]) -> None:
    door = doors(timeout=0.1)
    client = door.client()
    writer = gevent.spawn(begin, client)
    wait_for(lambda: door.refusals() == {"handshake_timeout": 1})
    writer.kill()
    answer = b""
    with suppress(ConnectionResetError):  # a byte that came behind the end
        answer = client.recv(100)
    assert answer == b""
    wait_for(lambda: not door.busy())


def test_a_client_that_does_not_end_after_its_answer_is_ended_by_the_same_deadline(doors: Callable[..., Door]) -> None:
    door = doors(timeout=0.1)
    client = door.client()
    client.sendall(request(content_length="5"))
    wait_for(lambda: not door.busy())
    assert client.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_the_deadline_of_a_handshake_is_none_of_the_connection_that_came_of_it(doors: Callable[..., Door]) -> None:
    door = doors(timeout=0.05)
    client = door.upgraded(request())
    gevent.sleep(0.1)
    [(socket, _, _)] = door.accepted
    socket.send(b"still there")
    assert client.recv(100) == b"still there"
    assert door.refusals() == {}


def test_a_deadline_that_passes_while_an_answer_is_written_ends_the_handshake(
    doors: Callable[..., Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    def block(*_arguments: object) -> None:
        gevent.sleep(LONG)

    monkeypatch.setattr(UpgradeHandler, "_write_with_headers", block)
    monkeypatch.setattr(UpgradeHandler, "upgrade_connection", block)
    door = doors(timeout=0.05)
    for data in (request(), request(path="/health")):
        client = door.client()
        client.sendall(data)
        assert client.recv(100) == b""
    assert door.refusals() == {"handshake_timeout": 2}
    assert door.admission.open == 0


def test_no_more_handshakes_are_under_way_than_may_be_and_the_next_one_waits(doors: Callable[..., Door]) -> None:
    door = doors(concurrent=2)
    silent = [door.client(), door.client()]
    wait_for(lambda: door.busy() == 2)
    waiting = door.client()
    waiting.sendall(request())
    wait_for(lambda: door.metrics.value("accept_pauses") == 1)
    assert door.accepted == []
    silent[0].close()
    assert b"101 Switching Protocols" in waiting.recv(1000)


# --- Faults of ours ---


def test_a_handover_that_fails_is_logged_counted_out_and_closed(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    door.on_accept = fail
    client = door.client()
    client.sendall(request())
    assert read_all(client).count(b"HTTP/1.1") == 1
    assert door.admission.open == 0
    [record] = caplog.records
    assert record.exc_info is not None


def test_a_fault_in_an_answer_is_a_500_and_logged(door: Door, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Routes, "_answer", fail)
    assert door.ask(request(path="/health")).startswith(b"HTTP/1.1 500 ")
    [record] = caplog.records
    assert record.exc_info is not None


def test_a_fault_while_a_request_is_read_ends_the_connection_and_is_the_hubs_to_log(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[type] = []

    def fail(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("gateway.exchange.check_request_line", fail)
    monkeypatch.setattr(gevent.get_hub(), "print_exception", lambda _context, kind, *_error: logged.append(kind), raising=False)
    assert door.ask(request()) == b""
    wait_for(lambda: not door.busy())
    assert logged == [ZeroDivisionError]
    assert door.admission.open == 0


# --- TLS ---


@pytest.fixture
def contexts(tmp_path: Path) -> tuple[SSLContext, SSLContext]:
    """For a server and for its clients."""
    certificate = self_signed(tmp_path)
    server, client = SSLContext(ssl.PROTOCOL_TLS_SERVER), SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(certificate.cert, certificate.key)
    client.load_verify_locations(certificate.cert)
    return server, client


def test_a_handshake_over_tls_is_handed_over_as_tls(doors: Callable[..., Door], contexts: tuple[SSLContext, SSLContext]) -> None:
    door = doors(tls=contexts[0])
    client = contexts[1].wrap_socket(door.client(), server_hostname="localhost")
    door.clients.append(client)
    client.sendall(request() + b"frames")
    assert b"101 Switching Protocols" in client.recv(4096)
    [(socket, data, _)] = door.accepted
    assert data == b"frames"
    assert socket.gettimeout() == 0
    socket.send(b"from the server")
    assert client.recv(100) == b"from the server"


def test_a_plain_request_to_a_tls_port_is_ended(doors: Callable[..., Door], contexts: tuple[SSLContext, SSLContext]) -> None:
    door = doors(tls=contexts[0])
    client = door.client()
    client.sendall(request())
    wait_for(lambda: bool(door.refusals()))
    assert door.refusals() == {"connection_failed": 1}


def test_half_a_tls_handshake_is_ended_by_the_deadline(doors: Callable[..., Door], contexts: tuple[SSLContext, SSLContext]) -> None:
    door = doors(tls=contexts[0], timeout=0.1)
    client = door.client()
    client.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
    assert client.recv(100) == b""
    assert door.refusals() == {"handshake_timeout": 1}


# --- The end of the listener ---


def test_who_waits_to_be_accepted_when_it_closes_is_served_and_not_reset(door: Door) -> None:
    # The kernel shakes hands while this process does nothing: a socket that is not gevent's gives the hub no turn.
    with blocking.create_connection(("127.0.0.1", door.server.server_port), LONG) as waiting:
        waiting.sendall(request())
        assert door.busy() == 0
        door.server.stop(timeout=LONG)
        assert b"101 Switching Protocols" in waiting.recv(4096)
    assert len(door.accepted) == 1
