"""Random conversations, cut and damaged at random. The client's side is written here in plain Python, from the RFC alone.

What holds for any bytes is in `tests/fuzz/frames.py`, which `make fuzz` asks too.
"""

from dataclasses import dataclass

from hypothesis import event, given, settings
from hypothesis import strategies as st

from gateway.frames import BINARY, CLOSE, PING, PONG, TEXT, Frame, encode_close
from tests.fuzz.frames import WIDE, check_stream, cut, outcome

CONTINUATION = 0
FIN = 0x80


@dataclass(frozen=True)
class Sent:
    """One frame as a client writes it, and what the server has of it: a message or control frame if this frame completes one."""

    first: int
    key: bytes
    payload: bytes
    completes: Frame | None

    def wire(self) -> bytes:
        size = len(self.payload)
        if size <= 125:
            length = bytes([0x80 | size])
        elif size <= 0xFFFF:
            length = bytes([0x80 | 126]) + size.to_bytes(2, "big")
        else:
            length = bytes([0x80 | 127]) + size.to_bytes(8, "big")
        return bytes([self.first]) + length + self.key + bytes(byte ^ self.key[at % 4] for at, byte in enumerate(self.payload))


KEYS = st.binary(min_size=4, max_size=4)
LENGTHS = st.sampled_from([1, 1, 1, 125, 126, 300, 65535, 65536])
CLOSE_BODIES = st.builds(encode_close, st.sampled_from([1000, 1001, 3000, 4999]), st.text(max_size=200)).map(lambda frame: frame[2:])


def controls(opcodes: tuple[int, ...] = (PING, PONG)) -> st.SearchStrategy[Sent]:
    def control(opcode: int, key: bytes, payload: bytes) -> Sent:
        return Sent(FIN | opcode, key, payload, (opcode, payload))

    return st.builds(control, st.sampled_from(opcodes), KEYS, st.binary(max_size=125))


@st.composite
def messages(draw: st.DrawFn) -> list[Sent]:
    """One message of up to 70,000 bytes in up to six frames, with control frames between."""
    opcode = draw(st.sampled_from([TEXT, BINARY]))
    seed = draw(st.text(max_size=20)).encode() if opcode == TEXT else draw(st.binary(max_size=20))
    body = (seed * draw(LENGTHS))[: WIDE.message_bytes] if len(seed) == 1 else seed
    cuts = sorted(draw(st.lists(st.integers(0, len(body)), max_size=5)))
    parts = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    sent = []
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        first = (FIN if last else 0) | (CONTINUATION if number else opcode)
        sent.append(Sent(first, draw(KEYS), part, (opcode, body) if last else None))
        if not last:
            sent += draw(st.lists(controls(), max_size=1))
    return sent


@st.composite
def conversations(draw: st.DrawFn) -> list[Sent]:
    turns = draw(st.lists(messages() | controls().map(lambda control: [control]), max_size=6))
    closing = draw(st.none() | st.tuples(KEYS, CLOSE_BODIES))
    end = [] if closing is None else [Sent(FIN | CLOSE, closing[0], closing[1], (CLOSE, closing[1]))]
    return [sent for turn in turns for sent in turn] + end


@st.composite
def damaged(draw: st.DrawFn) -> tuple[list[Sent], int, bytes]:
    """A conversation, where its first damage is, and its damaged bytes."""
    conversation = draw(conversations())
    data = bytearray(b"".join(sent.wire() for sent in conversation))
    first = len(data)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=3))
        first = min(first, at)
    return conversation, first, bytes(data)


PLACES = st.lists(st.integers(0, 2**20), max_size=12)


@given(conversations(), PLACES)
@settings(deadline=None)
def test_a_conversation_is_read_as_it_was_sent_wherever_it_is_cut(conversation: list[Sent], places: list[int]) -> None:
    data = b"".join(sent.wire() for sent in conversation)
    assert outcome(cut(data, places)) == ([sent.completes for sent in conversation if sent.completes], None)


@given(damaged(), PLACES)
@settings(deadline=None, max_examples=300)
def test_damage_ends_in_a_protocol_error_or_in_frames_that_are_sound(damage: tuple[list[Sent], int, bytes], places: list[int]) -> None:
    conversation, first, data = damage
    found = check_stream(data, places)
    event(f"ended by {found.code}")
    intact, end = [], 0
    for sent in conversation:
        end += len(sent.wire())
        if end <= first and sent.completes:
            intact.append(sent.completes)
    assert found.frames[: len(intact)] == intact, "what came before the damage is read as it was sent"


@given(st.binary(max_size=800), PLACES)
@settings(deadline=None, max_examples=300)
def test_noise_raises_nothing_but_a_protocol_error(noise: bytes, places: list[int]) -> None:
    check_stream(noise, places)
