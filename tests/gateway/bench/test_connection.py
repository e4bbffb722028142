import select
import socket
import threading

import pytest

from gateway.bench.connection import PEERS_PER_SOURCE, Address, Connection
from gateway.bench.frames import CLOSE, PING
from gateway.bench.template import Unexpected
from gateway.frames import BINARY, PONG, FrameLimits, FrameReader, encode_close
from tests.gateway.bench.wired import said, wire

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def wait(connection: Connection) -> None:
    assert select.select([connection.descriptor], [], [], 10)[0]


def read(data: bytes) -> list[tuple[int, bytes]]:
    return FrameReader(FrameLimits(message_bytes=100_000, fragments=1)).feed(data)


def test_the_handshake_asks_for_the_path_and_is_done_with_101() -> None:
    with wire() as ([connection], [end]):
        connection.request("/ws")
        assert end.recv(1000).startswith(b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:")
        end.sendall(UPGRADED[:20])
        wait(connection)
        assert not connection.upgraded()
        end.sendall(UPGRADED[20:] + said(b"early"))
        wait(connection)
        assert connection.upgraded()
        assert list(connection.payloads(read=False)) == [b"early"]


def test_any_other_answer_is_told() -> None:
    with wire() as ([connection], [end]):
        end.sendall(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")
        wait(connection)
        with pytest.raises(Unexpected, match=r"answered with 'HTTP/1\.1 503 Service Unavailable'"):
            connection.upgraded()


def test_an_address_where_nobody_listens_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = Address(*listener.getsockname())
    connection = Connection(nobody)
    select.select([], [connection.descriptor], [], 10)
    with pytest.raises(OSError, match=r"cannot connect to 127\.0\.0\.1"):
        connection.request("/ws")
    connection.vanish()


def test_messages_are_returned_whole_and_what_is_cut_off_waits() -> None:
    with wire() as ([connection], [end]):
        end.sendall(said(b"one") + said(b"two", BINARY) + said(b"three")[:3])
        wait(connection)
        assert list(connection.payloads()) == [b"one", b"two"]
        assert connection.rest() == said(b"three")[:3]
        assert connection.rest() == b""


def test_a_ping_is_answered() -> None:
    with wire() as ([connection], [end]):
        end.sendall(said(b"are you there", PING) + said(b"one"))
        wait(connection)
        assert list(connection.payloads()) == [b"one"]
        assert read(end.recv(100)) == [(PONG, b"are you there")]


def test_a_close_frame_and_the_end_of_tcp_are_told() -> None:
    with wire() as ([connection], [end]):
        end.sendall(encode_close(1013, "try later"))
        wait(connection)
        with pytest.raises(Unexpected, match="closed the connection with 1013 'try later'"):
            list(connection.payloads())
        end.close()
        wait(connection)
        with pytest.raises(Unexpected, match="ended the connection"):
            list(connection.payloads())
    assert CLOSE == 8


def test_what_does_not_fit_into_the_kernel_is_sent_when_the_server_reads_on() -> None:
    data = b"x" * 20_000_000
    with wire() as ([connection], [end]):
        got: list[int] = []

        def drain() -> None:
            while sum(got) < len(data):
                got.append(len(end.recv(1 << 20)))

        reader = threading.Thread(target=drain)
        reader.start()
        connection.write(data)
        reader.join(10)
        assert sum(got) == len(data)


def test_a_server_that_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.bench.connection.PATIENCE", 0.01)
    with wire() as ([connection], [_]), pytest.raises(Unexpected, match="taken nothing for"):
        connection.write(b"x" * 20_000_000)


def test_a_connection_that_vanishes_resets() -> None:
    with wire() as ([connection], [end]):
        connection.vanish()
        with pytest.raises(ConnectionResetError):
            end.recv(1)


def test_more_connections_than_one_address_has_ports_for_come_from_the_next() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connections = [Connection(Address(*listener.getsockname()), number) for number in (PEERS_PER_SOURCE - 1, PEERS_PER_SOURCE)]
        sources = []
        for _ in connections:
            end, source = listener.accept()
            sources.append(source[0])
            end.close()
        for connection in connections:
            connection.vanish()
    assert sources == ["127.0.0.1", "127.0.0.2"]
