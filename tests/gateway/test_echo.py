"""The echo application: its actor on a connection of stand-ins, its defaults, and the whole of it on real sockets in this process.

`tests/integration/test_conformance.py` has it send back, or refuse, all that `tests/vectors` holds.
"""

from collections.abc import Iterator
from typing import Any, cast

import gevent
import msgspec
import pytest
from gevent import socket as green

from actors.messages import Close, Lost, Pong
from actors.reasons import CloseCode
from actors.runtime import BrokerRef, Runtime
from gateway.config import Config, ConfigError, load
from gateway.connection import PRESSURE
from gateway.echo import ROOM, EchoActor, EchoApp, EchoConfig, Echoed, content
from gateway.frames import BINARY, CLOSE, PING, PONG, TEXT, encode, encode_close
from tests.gateway.door import LONG, read_all, request
from tests.gateway.doubles import READ, WRITE
from tests.gateway.wired import CLOSE_TIMEOUT, UNMASKED, UNMASKED_SAYS, Wired, frame

SLOW = encode_close(4413, "slow consumer: outbox full")


class Echoing(Wired):
    """A connection whose actor echoes."""

    codec = (Echoed, content)

    def attend(self) -> BrokerRef:
        self.actor = EchoActor.start(Runtime(self.scheduler, cast("Any", self.loop), self.metrics), self.connection.outbox)
        return self.actor

    def gets(self, *data: bytes) -> bytes:
        """What comes back for this, each piece read by itself."""
        self.socket.sends.clear()
        for piece in data:
            self.arrives(piece)
            self.loop.settle()
        return self.socket.sent


@pytest.fixture
def echoing() -> Echoing:
    return Echoing()


# --- The actor ---


def test_each_message_comes_back_as_it_was_in_a_frame_of_its_kind_and_in_order(echoing: Echoing) -> None:
    sent = [(TEXT, b"one"), (BINARY, b"\xff\x00"), (TEXT, "zwölf".encode()), (BINARY, b"{}"), (BINARY, b"{}"), (TEXT, b"")]
    echoes = b"".join(encode(*message) for message in sent)
    assert echoing.gets(b"".join(frame(*message) for message in sent)) == echoes
    assert echoing.gets(*(frame(*message) for message in sent)) == echoes


def test_a_message_in_fragments_comes_back_whole(echoing: Echoing) -> None:
    pieces = frame(BINARY, b"a", fin=False) + frame(PING, b"?") + frame(0, b"", fin=False) + frame(0, b"b")
    assert echoing.gets(pieces) == encode(PONG, b"?") + encode(BINARY, b"ab")


@pytest.mark.parametrize(("last", "close"), [(UNMASKED, UNMASKED_SAYS), (frame(CLOSE, b"\x03\xe8"), encode_close(1000))])
def test_the_echo_of_what_came_before_the_end_comes_before_the_close_frame(echoing: Echoing, last: bytes, close: bytes) -> None:
    assert echoing.gets(frame(TEXT, b"x") + last) == encode(TEXT, b"x") + close
    echoing.client_ends()
    assert echoing.is_over
    assert not echoing.actor.is_alive()


def test_a_flood_of_pings_is_answered_one_by_one(echoing: Echoing) -> None:
    flood = [b"%d" % number for number in range(3 * PRESSURE)]
    assert echoing.gets(b"".join(frame(PING, each) for each in flood)) == b"".join(encode(PONG, each) for each in flood)


def test_pongs_are_nothing_to_it(echoing: Echoing, caplog: pytest.LogCaptureFixture) -> None:
    assert echoing.gets(frame(PONG, b"x"), frame(TEXT, b"y")) == encode(TEXT, b"y")
    assert caplog.records == []


@pytest.mark.parametrize("flood", [frame(TEXT, b"x" * 1000), frame(PING, b"x" * 100)], ids=["messages", "pings"])
def test_a_client_that_sends_and_does_not_read_is_closed_with_4413_and_held_in_bounded_memory(flood: bytes) -> None:
    echoing = Echoing(outbox_bytes=5000)
    echoing.socket.window = 0
    while echoing.loop.watching(READ):
        echoing.gets(flood)
        assert echoing.connection.outbox._size <= 5000 + len(SLOW)  # noqa: SLF001 - what is held is the question
    assert echoing.metrics.value("outbox_overflows") == 1
    echoing.socket.window = None
    echoing.loop.poll(WRITE)
    assert echoing.socket.sent.endswith(SLOW)
    echoing.loop.advance(CLOSE_TIMEOUT)
    assert echoing.is_over


def test_a_drain_closes_it_with_the_drains_code(echoing: Echoing) -> None:
    echoing.actor.tell(Close(CloseCode.RESTART, None, "bye"))
    assert echoing.gets(frame(TEXT, b"x")) == encode_close(1012, "bye")


def test_its_actor_ends_with_the_connection(echoing: Echoing) -> None:
    echoing.client_ends()
    assert not echoing.actor.is_alive()
    assert not echoing.actor.post(Lost())


def test_a_fault_of_ours_closes_with_1011(echoing: Echoing, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    faulty = {**EchoActor._handlers, Pong: lambda _actor, _message: 1 / 0}  # noqa: SLF001 - no message of a client makes it fail
    monkeypatch.setattr(EchoActor, "_handlers", faulty)
    assert echoing.gets(frame(TEXT, b"x") + frame(PONG)) == encode(TEXT, b"x") + encode_close(1011, "server fault")
    assert "ZeroDivisionError" in caplog.text


# --- Its defaults ---


def test_its_limits_have_room_and_all_else_is_as_the_broker_has_it() -> None:
    room, broker = load(None, {}, {}, EchoConfig), Config()
    assert isinstance(room, Config)
    limits = msgspec.structs.asdict(room.limits)
    assert {key: limits[key] for key in ROOM} == ROOM
    assert limits == {**msgspec.structs.asdict(broker.limits), **ROOM}
    assert msgspec.structs.replace(room, limits=broker.limits) == msgspec.structs.replace(EchoConfig(), limits=broker.limits)


def test_its_defaults_are_values_that_a_user_could_set() -> None:
    as_set = {f"limits.{key}": str(value) for key, value in ROOM.items()}
    assert load(None, {}, as_set, EchoConfig) == load(None, {}, {}, EchoConfig)


@pytest.mark.parametrize("key", ROOM)
def test_what_a_user_sets_wins_also_where_it_is_the_brokers_default(key: str) -> None:
    default = getattr(Config().limits, key)
    assert getattr(load(None, {}, {f"limits.{key}": str(default)}, EchoConfig).limits, key) == default


def test_a_value_that_is_wrong_is_told_with_the_default_that_would_hold() -> None:
    with pytest.raises(ConfigError, match="the default is 16777216"):
        load(None, {}, {"limits.message_bytes": "1"}, EchoConfig)


# --- All of it ---


@pytest.fixture
def app() -> Iterator[EchoApp]:
    app = EchoApp(load(None, {}, {"server.port": "0", "limits.close_timeout": "0.1"}, EchoConfig))
    app.start()
    running = gevent.spawn(app.run)
    yield app
    app.stop()
    assert running.get(timeout=LONG) == 0


def test_clients_on_real_sockets_get_their_own_echo_and_a_drain_closes_them(app: EchoApp) -> None:
    first, second = (green.create_connection(app.address, timeout=LONG) for _ in range(2))
    first.sendall(request() + frame(TEXT, b"first"))
    second.sendall(request() + frame(BINARY, b"second"))
    for client, echo in ((first, encode(TEXT, b"first")), (second, encode(BINARY, b"second"))):
        head = b""
        while not head.endswith(echo):
            head += client.recv(1)
        assert head.partition(b"\r\n\r\n")[2] == echo
    app.stop()
    assert [read_all(client) for client in (first, second)] == [encode_close(1012, "server restarts")] * 2
    first.close()
    second.close()
