"""How a connection ends: the close handshake from either side, and every other way; the socket is closed in time and told of once."""

import gc
import sys
from collections.abc import Callable

import pytest

from actors.messages import Heartbeat, Leave, Lost, Ping
from actors.reasons import CloseCode, LeaveReason
from gateway.frames import CLOSE, PING, TEXT, encode, encode_close
from tests.gateway.doubles import READ, WRITE, HeldSocket, TlsHeldSocket
from tests.gateway.wired import CLOSE_TIMEOUT, LEAVE, UNMASKED, UNMASKED_SAYS, Wired, frame, heartbeat

LOST, LEFT, BROKEN = Lost(LeaveReason.LOST), Lost(LeaveReason.LEFT), Lost(LeaveReason.LOST, broken=True)


@pytest.fixture
def wired() -> Wired:
    return Wired()


# --- The close handshake ---


@pytest.mark.parametrize(("body", "answer"), [(b"", b""), (b"\x03\xe8bye", b"\x03\xe8"), (b"\x0f\xa0", b"\x0f\xa0")])
def test_a_client_that_closes_first_gets_its_code_back_and_then_the_end_of_tcp(wired: Wired, body: bytes, answer: bytes) -> None:
    wired.comes(frame(TEXT, LEAVE) + frame(CLOSE, body) + frame(TEXT, LEAVE))
    assert wired.told() == [Leave(), LEFT]
    assert wired.socket.sent == encode(CLOSE, answer)
    assert wired.socket.is_shut()
    assert not wired.socket.is_closed()
    wired.client_ends()
    assert wired.is_over
    assert wired.told() == []
    assert wired.metrics.value("close_timeouts") == 0


def test_a_client_that_closes_first_and_stays_is_ended_in_time(wired: Wired) -> None:
    wired.comes(frame(CLOSE))
    wired.loop.advance(CLOSE_TIMEOUT)
    assert wired.is_over
    assert wired.told() == [LEFT]


def test_a_server_that_closes_first_waits_for_the_clients_close(wired: Wired) -> None:
    wired.connection.outbox.close(CloseCode.RESTART, "bye")
    wired.loop.settle()
    assert wired.socket.sent == encode_close(1012, "bye")
    assert not wired.socket.is_shut()
    wired.comes(frame(TEXT, LEAVE) + frame(PING, b"x"))
    assert wired.told() == []
    wired.comes(frame(CLOSE, b"\x03\xf4"))
    assert wired.socket.sent == encode_close(1012, "bye")
    assert wired.socket.is_shut()
    assert wired.told() == [LEFT]
    wired.client_ends()
    assert wired.is_over
    assert wired.told() == []


def test_a_server_that_closes_first_waits_no_longer_than_it_may(wired: Wired) -> None:
    wired.connection.outbox.close(CloseCode.RESTART)
    wired.loop.advance(CLOSE_TIMEOUT - 0.1)
    assert not wired.socket.is_closed()
    assert wired.metrics.value("close_timeouts") == 0
    wired.loop.advance(0.1)
    assert wired.is_over
    assert wired.told() == [LOST]
    assert wired.metrics.value("close_timeouts") == 1


def test_a_client_that_ends_tcp_instead_of_answering_a_close_is_over(wired: Wired) -> None:
    wired.connection.outbox.close(CloseCode.RESTART)
    wired.loop.settle()
    wired.client_ends()
    assert wired.is_over
    assert wired.told() == [LOST]


def test_two_closes_at_once_are_one_of_each(wired: Wired) -> None:
    wired.connection.outbox.close(CloseCode.RESTART, "bye")
    wired.comes(frame(CLOSE, b"\x03\xe8"))
    assert wired.socket.sent == encode_close(1012, "bye")
    assert wired.told() == [LEFT]
    assert wired.socket.is_shut()


def test_a_close_frame_that_the_socket_does_not_take_at_once_is_followed_by_the_end_when_it_does(wired: Wired) -> None:
    wired.socket.window = 1
    wired.comes(frame(CLOSE, b"\x03\xe8"))
    assert not wired.socket.is_shut()
    wired.socket.window = None
    wired.loop.poll(WRITE)
    assert wired.socket.sent == encode_close(1000)
    assert wired.socket.is_shut()


def test_a_client_that_is_done_is_not_read_before_it_takes_its_close_frame(wired: Wired) -> None:
    wired.socket.window = 1
    wired.arrives(UNMASKED)
    wired.loop.settle()
    assert wired.loop.watching(READ) == 0
    wired.socket.window = None
    wired.loop.poll(WRITE)
    assert wired.loop.watching(READ) == 1
    wired.client_ends()
    assert wired.is_over


def test_a_close_frame_that_the_socket_never_takes_is_given_up_in_time(wired: Wired) -> None:
    wired.socket.window = 0
    wired.connection.outbox.close(CloseCode.RESTART)
    wired.loop.advance(CLOSE_TIMEOUT)
    assert wired.is_over


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (UNMASKED, 1002),
        (frame(CLOSE, b"\x00"), 1002),
        (frame(CLOSE, b"\x03\xed"), 1002),
        (frame(TEXT, b"\xff"), 1007),
        (frame(TEXT, b"x" * 2001), 1009),
        (frame(TEXT, b"x", fin=False) + frame(0, b"x", fin=False) * 4, 1008),
    ],
)
def test_a_client_that_breaks_the_protocol_is_told_why_and_heard_no_more(wired: Wired, bad: bytes, code: int) -> None:
    wired.comes(heartbeat(1) + bad + heartbeat(2))
    first, last = wired.told()
    assert (first.id, last) == ("1", LOST)
    assert wired.socket.sent[2:4] == code.to_bytes(2)
    assert wired.socket.is_shut()
    wired.comes(heartbeat(3), frame(PING), b"\xff" * 100)
    wired.loop.advance(CLOSE_TIMEOUT)
    assert wired.is_over
    assert wired.told() == []


@pytest.mark.parametrize(
    ("last", "close"), [(UNMASKED, UNMASKED_SAYS), (frame(CLOSE, b"\x03\xe8bye"), encode_close(1000))], ids=["violation", "close"]
)
def test_what_the_actor_answers_to_what_came_before_the_end_is_not_shut_out(wired: Wired, last: bytes, close: bytes) -> None:
    wired.arrives(frame(TEXT, LEAVE) + last)
    assert wired.told() == [Leave()]
    assert wired.loop.watching(READ) == 0, "nothing more is read meanwhile"
    wired.connection.outbox.ping()  # stands for the answer, which comes in the actor's turn
    wired.loop.settle()
    assert wired.socket.sent == encode(PING, b"") + close
    wired.client_ends()
    assert wired.is_over


@pytest.mark.parametrize("last", [UNMASKED, frame(CLOSE)], ids=["violation", "close"])
def test_a_connection_that_ends_before_it_could_close_is_over(wired: Wired, last: bytes) -> None:
    wired.arrives(last)
    wired.connection.end()
    wired.loop.settle()
    assert wired.is_over
    assert wired.socket.sent == b""
    assert wired.told() == [LOST]


def test_a_violation_after_the_servers_close_ends_the_waiting(wired: Wired) -> None:
    wired.connection.outbox.close(CloseCode.RESTART, "bye")
    wired.loop.settle()
    wired.comes(UNMASKED)
    assert wired.socket.sent == encode_close(1012, "bye")
    assert wired.told() == [LOST]
    assert wired.socket.is_shut()


def test_a_client_that_reads_too_slowly_is_lost_at_once_and_ended_in_time() -> None:
    wired = Wired(outbox_bytes=100)
    wired.socket.window = 0
    for _ in range(3):
        wired.connection.outbox.ping()
        wired.loop.settle()
    for _ in range(60):
        wired.connection.outbox.ping()
    assert wired.told() == [LOST]
    assert wired.metrics.value("closes", "4413") == 1
    wired.comes(heartbeat(1))
    assert wired.told() == []
    wired.loop.advance(CLOSE_TIMEOUT)
    assert wired.is_over
    assert wired.told() == []


def test_a_slow_client_that_reads_on_gets_4413_and_the_end_of_tcp() -> None:
    wired = Wired(outbox_bytes=100)
    wired.socket.window = 0
    for _ in range(60):
        wired.connection.outbox.ping()
        wired.loop.run_callbacks()
    wired.socket.window = None
    wired.loop.poll(WRITE)
    assert wired.socket.sent.endswith(encode_close(4413, "slow consumer: outbox full"))
    assert wired.socket.is_shut()


# --- The end of TCP ---


def test_a_client_that_leaves_without_a_close_frame_is_lost(wired: Wired) -> None:
    wired.comes(heartbeat(1))
    wired.client_ends()
    heard, last = wired.told()
    assert (type(heard), last) == (Heartbeat, BROKEN)
    assert wired.is_over


@pytest.mark.parametrize("fault", [ConnectionResetError(), TimeoutError(), OSError(113, "no route")])
def test_a_socket_that_fails_when_it_is_read_is_lost(wired: Wired, fault: OSError) -> None:
    wired.socket.fault = fault
    wired.loop.poll(READ)
    assert wired.told() == [BROKEN]
    assert wired.is_over


def test_a_socket_that_fails_when_it_is_written_is_lost(wired: Wired) -> None:
    wired.connection.outbox.ping()
    wired.socket.fault = BrokenPipeError()
    wired.loop.settle()
    assert wired.told() == [BROKEN]
    assert wired.is_over


def test_a_socket_that_fails_among_frames_ends_their_handling() -> None:
    socket = BreakingSocket()
    wired = Wired(socket, outbox_bytes=200)
    wired.arrives(frame(PING, b"x" * 100) * 4 + heartbeat(1))
    wired.loop.settle()
    assert [type(message) for message in wired.told()] == [Ping, Ping, Lost]
    assert wired.is_over


class BreakingSocket(HeldSocket):
    """May be read, and breaks when it is written to."""

    def send(self, data: bytes) -> int:
        raise BrokenPipeError(len(data))


def test_an_end_that_is_told_twice_is_one(wired: Wired) -> None:
    wired.connection.end()
    wired.connection.end()
    wired.connection.outbox.close(CloseCode.RESTART)
    wired.connection.written()
    wired.loop.advance(100)
    assert wired.told() == [BROKEN]
    assert wired.is_over


def let_it_close(wired: Wired) -> None:
    wired.comes(frame(CLOSE))
    wired.client_ends()


def let_it_break_the_protocol(wired: Wired) -> None:
    wired.comes(UNMASKED)
    wired.loop.advance(CLOSE_TIMEOUT)


def let_it_reset(wired: Wired) -> None:
    wired.socket.fault = ConnectionResetError()
    wired.loop.poll(READ)
    wired.socket.fault = None  # it holds its traceback


def let_it_be_slow(wired: Wired) -> None:
    wired.socket.window = 0
    wired.connection.outbox.ping()
    wired.loop.settle()
    while not wired.connection.outbox.closed:
        wired.connection.outbox.pong(b"x" * 100)
    wired.loop.advance(CLOSE_TIMEOUT)


def let_it_never_finish(wired: Wired) -> None:
    wired.comes(frame(TEXT, b"{", fin=False))
    wired.client_ends()


@pytest.mark.parametrize("end", [let_it_close, let_it_break_the_protocol, let_it_reset, let_it_be_slow, let_it_never_finish])
def test_nothing_of_a_connection_that_has_ended_is_left_to_the_collector(end: Callable[[Wired], None]) -> None:
    wired = Wired()
    wired.comes(heartbeat(1))
    gc.collect()
    gc.disable()
    try:
        end(wired)
        assert wired.is_over
        wired.ended.clear()
        references = sys.getrefcount(wired.connection)  # not within the assert, which holds one of its own
        assert references == 2
    finally:
        gc.enable()


def test_tls_is_ended_before_tcp() -> None:
    socket = TlsHeldSocket()
    tls = Wired(socket)
    tls.comes(frame(CLOSE))
    assert socket.is_unwrapped()
    assert tls.socket.is_shut()
    tls.client_ends()
    assert tls.is_over
