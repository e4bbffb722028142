"""What goes out is numbered, and nothing but that very message, in that order, is taken for heard."""

import json

import pytest

from gateway.bench.dialect import Signal
from gateway.bench.frames import PING, TEXT
from gateway.bench.talk import Ear, Mouth
from gateway.bench.template import Template, Unexpected, sdp
from gateway.frames import PONG, FrameLimits, FrameReader, encode_close
from tests.gateway.bench.wired import said, wire

SIGNAL = Signal()


def template(size: int = 300) -> Template:
    return Template(TEXT, SIGNAL.relay("offer", "b", sdp(size)), "a", "offer", sdp(size))


def relayed(number: int, size: int = 300) -> bytes:
    """What the server makes of the message with this number."""
    body = sdp(size).replace("token:0000", f"token:{number % 10_000:04}")
    return said(json.dumps({"type": "offer", "source_id": "a", "target_id": "b", "payload": {"type": "offer", "sdp": body}}).encode())


class Heard:
    """An ear that was told of some messages that have been said."""

    def __init__(self, connection: object, said: int, *sizes: int) -> None:
        self.latencies: list[float] = []
        self.ear = Ear(connection, [template(size) for size in sizes or (300,)], SIGNAL, self.latencies)  # type: ignore[arg-type] # any that a test has
        self.ear.times.extend([0.0] * said)

    def hears(self, data: bytes) -> int:
        return self.ear.hear(data)


def test_messages_go_out_in_order_each_with_its_number_and_each_template_in_its_turn() -> None:
    with wire(2) as ([a, b], [end, _]):
        mouth = Mouth(a, [template(300), template(120)], [ear := Ear(b, [], SIGNAL, [])])
        for at in (1.0, 2.0, 3.0):
            mouth.say(at)
        data = end.recv(10_000)
        frames = FrameReader(FrameLimits(message_bytes=1_000, fragments=1)).feed(data)
        bodies = [json.loads(payload)["payload"]["sdp"] for _, payload in frames]
        assert [len(body) for body in bodies] == [300, 120, 300]
        assert [body.partition("token:")[2][:4] for body in bodies] == ["0000", "0001", "0002"]
        assert list(ear.times) == [1.0, 2.0, 3.0]
        assert mouth.said == 3


def test_a_message_that_the_kernel_takes_in_part_is_finished() -> None:
    with wire(1) as ([a], [end]):

        def take_ten(frame: bytes) -> int:
            return a.send(frame[:10])

        mouth = Mouth(a, [template()], [])
        mouth._send = take_ten  # type: ignore[assignment] # noqa: SLF001 - a kernel with little room
        mouth.say(0.0)
        assert len(end.recv(10_000)) == len(template().frame)


def test_a_message_that_the_kernel_does_not_take_is_sent_when_it_does() -> None:
    def refuse(_frame: bytes) -> int:
        raise BlockingIOError

    with wire(1) as ([a], [end]):
        mouth = Mouth(a, [template()], [])
        mouth._send = refuse  # type: ignore[assignment] # noqa: SLF001 - a full kernel
        mouth.say(0.0)
        assert len(end.recv(10_000)) == len(template().frame)


def test_what_was_said_is_heard_one_by_one_or_many_at_once_and_timed() -> None:
    with wire() as ([b], _):
        heard = Heard(b, 5)
        assert heard.hears(relayed(0)) == 1
        assert heard.hears(relayed(1)) == 1
        assert heard.hears(relayed(2) + relayed(3) + relayed(4)) == 3
        assert (heard.ear.heard, len(heard.latencies), len(heard.ear.times)) == (5, 5, 0)
        assert min(heard.latencies) > 0


@pytest.mark.parametrize("size", [1, 7, 100, 400])
def test_pieces_of_any_size_are_put_together(size: int) -> None:
    data = b"".join(relayed(number, (300, 120)[number % 2]) for number in range(20))
    with wire() as ([b], _):
        heard = Heard(b, 20, 300, 120)
        assert sum(heard.hears(data[at : at + size]) for at in range(0, len(data), size)) == 20


def test_numbers_begin_again_after_ten_thousand() -> None:
    with wire() as ([b], _):
        heard = Heard(b, 10_002)
        assert sum(heard.hears(relayed(number)) for number in range(10_002)) == 10_002


def test_the_servers_own_words_before_the_first_message_are_passed_over_and_pings_are_answered() -> None:
    joined = said(b'{"type":"peer_joined","source_id":"","payload":{}}')
    with wire() as ([b], [end]):
        heard = Heard(b, 2)
        assert heard.hears(joined + relayed(0)) == 1
        assert heard.hears(said(b"", PING) + relayed(1)) == 1
        assert FrameReader(FrameLimits(message_bytes=1, fragments=1)).feed(end.recv(100)) == [(PONG, b"")]


@pytest.mark.parametrize(
    "wrong",
    [
        relayed(2),
        relayed(0),
        relayed(1).replace(b"typ host", b"typ Host", 1),
        relayed(1).replace(b'"source_id": "a"', b'"source_id": "z"'),
        relayed(1).replace(b'"sdp"', b'"SDP"'),
        relayed(1, 301),
    ],
)
def test_what_was_lost_doubled_altered_or_overtaken_is_found(wrong: bytes) -> None:
    with wire() as ([b], _):
        heard = Heard(b, 3)
        assert heard.hears(relayed(0)) == 1
        with pytest.raises(Unexpected, match="number 1 from a was lost, altered or overtaken"):
            heard.hears(wrong)


@pytest.mark.parametrize("wrong", [relayed(1), relayed(0).replace(b'"source_id": "a"', b'"source_id": "z"'), relayed(0, 301)])
def test_the_first_message_has_to_be_true_too(wrong: bytes) -> None:
    with wire() as ([b], _), pytest.raises(Unexpected, match="number 0 from a was lost, altered or overtaken"):
        Heard(b, 3).hears(wrong)


def test_an_error_a_close_frame_and_the_end_are_told() -> None:
    with wire() as ([b], _):
        with pytest.raises(Unexpected, match="the server says: too fast"):
            Heard(b, 1).hears(said(b'{"type":"error","payload":{"message":"too fast"}}'))
        with pytest.raises(Unexpected, match="closed the connection with 4429"):
            Heard(b, 1).hears(encode_close(4429, ""))
        with pytest.raises(Unexpected, match="the server has ended a connection"):
            Heard(b, 1).hears(b"")
