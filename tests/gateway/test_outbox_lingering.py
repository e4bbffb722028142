"""What may wait a moment, so that one write takes it with the next."""

import pytest

from actors.events import ErrorEvent, Format, PeerInfo, PeerJoined, Reference
from actors.reasons import CloseCode, ErrorCode
from gateway.frames import TEXT, encode
from gateway.scheduler import LINGER_SECONDS
from gateway.wire import encode as encode_event
from tests.gateway.outboxed import Bench

EVENT = ErrorEvent(ErrorCode.INTERNAL, "why", temporary=True, reference=Reference())
FRAME = encode(TEXT, encode_event(EVENT, Format.JSON))
PATIENT = PeerJoined(PeerInfo("x", "g", 0.0), {}, patient=True)
PATIENT_FRAME = encode(TEXT, encode_event(PATIENT, Format.JSON))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_what_may_wait_is_written_together_a_little_later(bench: Bench) -> None:
    for _ in range(3):
        bench.outbox.send(PATIENT)
        bench.turn()
    assert bench.socket.sends == []
    assert bench.outbox.pending
    bench.loop.advance(LINGER_SECONDS)
    assert bench.socket.sends == [PATIENT_FRAME * 3]
    assert not bench.outbox.pending


def test_what_may_wait_goes_ahead_of_what_may_not_in_one_write(bench: Bench) -> None:
    bench.outbox.send(PATIENT)
    bench.turn()
    bench.outbox.send(EVENT)
    bench.turn()
    assert bench.socket.sends == [PATIENT_FRAME + FRAME]
    bench.loop.advance(LINGER_SECONDS)
    assert bench.socket.sends == [PATIENT_FRAME + FRAME]


def test_what_comes_with_something_that_must_not_wait_does_not_wait(bench: Bench) -> None:
    bench.outbox.send(EVENT)
    bench.outbox.send(PATIENT)
    bench.turn()
    assert bench.socket.sends == [FRAME + PATIENT_FRAME]


def test_an_end_while_something_lingers_writes_nothing(bench: Bench) -> None:
    bench.outbox.send(PATIENT)
    bench.outbox.abandon()
    bench.loop.advance(LINGER_SECONDS)
    assert bench.socket.sends == []


def test_what_lingers_goes_before_the_close_frame(bench: Bench) -> None:
    bench.outbox.send(PATIENT)
    bench.outbox.close(CloseCode.RESTART)
    bench.turn()
    assert bench.socket.sent.startswith(PATIENT_FRAME)
    assert len(bench.socket.sends) == 1
