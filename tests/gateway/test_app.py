"""The whole server in this process: built from a config, serving real sockets, and going down in order."""

import json
import logging
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import gevent.event
import msgspec
import pytest
from gevent import socket as green

from actors.supervision import ActorFailed
from gateway.app import App, tls_context
from gateway.config import Config, ConfigError, Tls
from gateway.connection import Connection
from gateway.frames import CLOSE, TEXT, encode, encode_close
from tests.certificates import self_signed
from tests.gateway.door import LONG, read_all, request, wait_for
from tests.gateway.wired import frame

CLOSE_TIMEOUT = 0.1
RESTARTS = encode_close(1012, "server restarts")


def config(host: str = "127.0.0.1", **limits: Any) -> Config:  # noqa: ANN401 - values of keys
    basic = Config()
    return msgspec.structs.replace(
        basic,
        server=msgspec.structs.replace(basic.server, host=host, port=0),
        limits=msgspec.structs.replace(basic.limits, **{"close_timeout": CLOSE_TIMEOUT, **limits}),
        drain=msgspec.structs.replace(basic.drain, timeout=0.0),
    )


class Served:
    """An app that serves, and its clients."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.app.start()
        self.ended = gevent.spawn(self.app.run)
        self._clients: list[Any] = []

    def connect(self, data: bytes = b"") -> Any:  # noqa: ANN401 - gevent publishes no type for its sockets
        """A client that has its 101, and sent `data` with its handshake."""
        client = self.raw()
        client.sendall(request() + data)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += client.recv(1)
        assert b"101 Switching Protocols" in answer
        return client

    def raw(self) -> Any:  # noqa: ANN401 - as above
        client = green.create_connection(self.app.address, timeout=LONG)
        self._clients.append(client)
        return client

    def get(self, path: str) -> tuple[int, bytes]:
        client = self.raw()
        client.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path.encode())
        head, _, body = read_all(client).partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    def open(self) -> int:
        return self.app.metrics.value("connections")

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.app.stop()
        self.ended.join(LONG)


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    made: list[Served] = []

    def start(**limits: Any) -> Served:  # noqa: ANN401 - values of keys
        made.append(Served(App(config(**limits))))
        return made[-1]

    yield start
    for served in made:
        served.close()


def register(peer_id: str) -> bytes:
    return frame(TEXT, json.dumps({"type": "register", "payload": {"peer_id": peer_id, "group_id": "g"}}).encode())


def event(client: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    """The next message to a client."""
    first, length = client.recv(1), client.recv(1)[0]
    assert first == b"\x81"
    if length == 126:
        length = int.from_bytes(client.recv(2))
    data = b""
    while len(data) < length:
        data += client.recv(length - len(data))
    value: dict[str, Any] = json.loads(data)
    return value


# --- Serving ---


def test_two_peers_find_each_other_through_it(serve: Callable[..., Served]) -> None:
    served = serve()
    first = served.connect(register("a"))
    assert event(first)["payload"] == {"peers": []}
    second = served.connect()
    second.sendall(register("b"))
    assert [peer["id"] for peer in event(second)["payload"]["peers"]] == ["a"]
    assert event(first)["payload"]["peer"]["id"] == "b"
    second.sendall(frame(TEXT, b'{"type":"offer","target_id":"a","payload":{"sdp":"v=0"}}'))
    assert event(first) == {"type": "offer", "source_id": "b", "target_id": "a", "payload": {"sdp": "v=0"}}
    second.close()
    assert event(first)["payload"]["reason"] == "lost"


def test_it_says_how_many_are_connected_and_forgets_them_when_they_go(serve: Callable[..., Served]) -> None:
    served = serve()
    clients = [served.connect() for _ in range(3)]
    assert served.get("/ready") == (200, b'{"status": "accepting", "connections": 3}\n')
    for client in clients:
        client.close()
    wait_for(lambda: served.open() == 0)
    assert served.get("/ready") == (200, b'{"status": "accepting", "connections": 0}\n')


def test_a_place_is_free_again_when_its_connection_ends_however_it_ends(serve: Callable[..., Served]) -> None:
    served = serve(connections=1, register_timeout=60.0)
    for last in (frame(CLOSE), encode(TEXT, b"unmasked"), b""):
        client = served.connect(last)
        if not last:
            client.close()
        wait_for(lambda: served.open() == 0)
    served.connect()
    refused = served.raw()
    refused.sendall(request())
    assert read_all(refused).startswith(b"HTTP/1.1 503 ")
    assert served.open() == 1


def test_it_serves_ipv6_too(serve: Callable[..., Served]) -> None:
    served = serve(host="::1")
    client = served.connect(register("a"))
    assert event(client)["type"] == "peer_list"
    assert served.app.address[0] == "::1"


def test_an_address_that_is_taken_is_an_error_at_the_start(serve: Callable[..., Served]) -> None:
    port = serve().app.address[1]
    taken = config()
    second = App(msgspec.structs.replace(taken, server=msgspec.structs.replace(taken.server, port=port)))
    with pytest.raises(OSError, match="in use"):
        second.start()


# --- Going down ---


def test_a_drain_closes_every_connection_with_1012_and_ends_with_0(serve: Callable[..., Served]) -> None:
    served = serve()
    clients = [served.connect(register(f"peer-{number}")) for number in range(250)]
    served.app.stop()
    for client in clients:
        assert RESTARTS in read_all(client)
    assert served.ended.get(timeout=LONG) == 0
    assert served.open() == 0


def test_clients_that_do_not_answer_a_drain_hold_it_up_no_longer_than_a_close_may_take(serve: Callable[..., Served]) -> None:
    served = serve()
    served.connect()
    served.app.stop()
    with gevent.Timeout(LONG):
        assert served.ended.get() == 0
    assert served.open() == 0


def test_while_it_drains_it_is_not_ready_takes_nobody_and_still_answers(serve: Callable[..., Served]) -> None:
    served = serve(close_timeout=LONG)
    client = served.connect()
    served.app.stop()
    client.recv(1)
    assert served.get("/ready") == (503, b'{"status": "draining", "connections": 1}\n')
    assert served.get("/health")[0] == 200
    refused = served.raw()
    refused.sendall(request())
    assert read_all(refused).startswith(b"HTTP/1.1 503 ")
    client.sendall(frame(CLOSE, b"\x03\xf4"))
    assert read_all(client).endswith(RESTARTS[1:])
    client.close()
    assert served.ended.get(timeout=LONG) == 0


def test_a_drain_tells_the_others_nothing_of_those_that_go(serve: Callable[..., Served]) -> None:
    served = serve()
    first = served.connect(register("a"))
    event(first)
    second = served.connect(register("b"))
    event(first)
    served.app.stop()
    assert read_all(first) == RESTARTS
    second.close()


def test_after_the_drain_nobody_listens(serve: Callable[..., Served]) -> None:
    served = serve()
    served.app.stop()
    served.ended.get(timeout=LONG)
    with pytest.raises(ConnectionRefusedError):
        served.raw()


def test_a_connection_that_gets_in_behind_the_drain_is_closed_too(serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch) -> None:
    served = serve(close_timeout=LONG)
    holds = served.connect()
    accept = served.app.accept
    let_in = gevent.event.Event()

    def late(*arguments: Any) -> None:  # noqa: ANN401 - those of `accept`
        let_in.wait()
        accept(*arguments)

    monkeypatch.setattr(served.app._server, "accept", late)  # noqa: SLF001 - between the admission and the handover
    client = served.connect()
    served.app.stop()
    holds.recv(1)
    let_in.set()
    assert client.recv(100) == RESTARTS


def test_the_actors_learn_whether_memory_is_tight(serve: Callable[..., Served]) -> None:
    app = serve().app
    told = []
    for app._admission.tight in (False, True, False):  # noqa: SLF001 - set by the budget
        told.append(app._runtime.memory_tight())  # noqa: SLF001 - what the actors ask; the loop sets what it asks for
    assert told == [False, True, False]


def test_what_is_still_open_when_the_time_for_a_drain_is_over_is_cut_and_said(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Connection, "closing", lambda _connection, _code: None)
    served = serve()
    monkeypatch.setattr("gateway.app.DRAIN_MARGIN", 0.0)
    client = served.connect()
    served.app.stop()
    assert served.ended.get(timeout=LONG) == 0
    assert read_all(client) == RESTARTS
    assert served.open() == 0
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == ["drain.timeout is over; the rest are cut"]


def test_a_stop_before_the_run_is_not_lost() -> None:
    app = App(config())
    app.stop()
    app.start()
    assert gevent.spawn(app.run).get(timeout=LONG) == 0


def test_a_directory_that_fails_ends_the_process_in_order_with_70(serve: Callable[..., Served], caplog: pytest.LogCaptureFixture) -> None:
    served = serve()
    client = served.connect()
    failed: Any = None
    assert served.app.post(ActorFailed(failed, "Directory-1", "ZeroDivisionError", None, (), None))
    assert RESTARTS in read_all(client)
    client.close()
    assert served.ended.get(timeout=LONG) == 70
    assert [record.levelname for record in caplog.records if record.name == "gateway"] == ["CRITICAL"]


# --- What the system allows ---


# --- TLS ---


def with_tls(cert: Path, key: Path) -> Config:
    basic = Config()
    return msgspec.structs.replace(basic, server=msgspec.structs.replace(basic.server, tls=Tls(str(cert), str(key))))


def test_no_tls_section_is_no_tls() -> None:
    assert tls_context(Config()) is None


def test_tls_is_1_2_at_least_and_is_not_negotiated_anew(tmp_path: Path) -> None:
    context = tls_context(with_tls(*self_signed(tmp_path)))
    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION


def test_files_that_are_no_certificate_and_its_key_are_a_config_error_that_names_them(tmp_path: Path) -> None:
    good, other = self_signed(tmp_path), self_signed(tmp_path, "other")
    locked = self_signed(tmp_path, "locked", password="secret")
    text = tmp_path / "text.pem"
    text.write_text("not PEM")
    for cert, key in ((text, good.key), (good.cert, text), (good.cert, other.key), (good.key, good.cert), locked):
        with pytest.raises(ConfigError) as refused:
            tls_context(with_tls(cert, key))
        [problem] = refused.value.problems
        assert problem.key == "server.tls"
        assert str(cert) in problem.origin
        assert str(key) in problem.origin
        assert "not encrypted" in problem.mend
