"""Changes a stream of WebSocket frames frame by frame, and writes lengths and masks that fit."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.fuzz.mutation import Havoc, Random, splice

__all__ = ["Sent", "mutate_stream", "parts"]

FIN, CONTINUATION, TEXT, CLOSE = 0x80, 0, 1, 8
FIRST_BYTES = (0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8A, 0x88)
CLOSE_CODES = (999, 1000, 1001, 1004, 1005, 1006, 1012, 1014, 1015, 2999, 3000, 4999, 5000)
SCRAPS = ("é".encode(), "€".encode(), "😀".encode(), b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xff", b"\xc0\x80", b"", b"a" * 200)


class Sent(NamedTuple):
    """One frame as a client writes it."""

    first: int
    key: bytes
    payload: bytes

    def wire(self) -> bytes:
        size = len(self.payload)
        if size <= 125:
            length = bytes([0x80 | size])
        elif size <= 0xFFFF:
            length = bytes([0x80 | 126]) + size.to_bytes(2)
        else:
            length = bytes([0x80 | 127]) + size.to_bytes(8)
        return bytes([self.first]) + length + self.key + masked(self.payload, self.key)


def masked(payload: bytes, key: bytes) -> bytes:
    """RFC 6455 section 5.3; its own inverse."""
    size = len(payload)
    stretched = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload) ^ int.from_bytes(stretched)).to_bytes(size)


def parts(stream: bytes) -> tuple[list[Sent], bytes]:
    """Take a stream apart as far as it is whole masked frames; also what is left."""
    sent = list[Sent]()
    at = 0
    while (end := _end(stream, at)) is not None:
        start = at + {126: 4, 127: 10}.get(stream[at + 1] & 0x7F, 2)
        key = stream[start : start + 4]
        sent.append(Sent(stream[at], key, masked(stream[start + 4 : end], key)))
        at = end
    return sent, stream[at:]


def _end(stream: bytes, at: int) -> int | None:
    if len(stream) < at + 6 or stream[at + 1] < 0x80:
        return None
    length = stream[at + 1] & 0x7F
    end = at + 6 + length
    if length > 125:
        width = 2 if length == 126 else 8
        end = at + 6 + width + int.from_bytes(stream[at + 2 : at + 2 + width])
    return end if end <= len(stream) else None


def mutate_stream(stream: bytes, size: int, random: Random, havoc: Havoc) -> bytes:
    """Change some of the frames; what comes out has at most `size` bytes."""
    sent, rest = parts(stream)
    if not sent or random.random() < 0.3:
        sent = splice(sent, lambda: fresh(random), random)
    else:
        at = random.randrange(len(sent))
        sent[at : at + 1] = random.choice(CHANGES)(sent[at], random, havoc)
    if rest and random.random() < 0.1:
        rest = b""
    return (b"".join(frame.wire() for frame in sent) + rest)[:size]


def fresh(random: Random) -> Sent:
    """A frame that mostly is good in itself, if not where it stands."""
    first = random.choice(FIRST_BYTES)
    payload = random.choice(SCRAPS) * random.choice((1, 1, 1, 3))
    if first & 0x0F == CLOSE:
        payload = random.choice(CLOSE_CODES).to_bytes(2) + payload[:123]
    return Sent(first, _key(random), payload)


def _key(random: Random) -> bytes:
    return random.choice((bytes(4), random.randbytes(4)))


def _with_other_payload(frame: Sent, random: Random, havoc: Havoc) -> Iterator[Sent]:
    yield frame._replace(payload=havoc(frame.payload, len(frame.payload) + 64))


def _with_scrap(frame: Sent, random: Random, havoc: Havoc) -> Iterator[Sent]:
    at = random.randrange(len(frame.payload) + 1)
    yield frame._replace(payload=frame.payload[:at] + random.choice(SCRAPS) + frame.payload[at:])


def _with_other_first(frame: Sent, random: Random, havoc: Havoc) -> Iterator[Sent]:
    yield frame._replace(first=random.choice((*FIRST_BYTES, frame.first ^ FIN, random.randrange(256))))


def _with_other_key(frame: Sent, random: Random, havoc: Havoc) -> Iterator[Sent]:
    yield frame._replace(key=_key(random))


def _in_fragments(frame: Sent, random: Random, havoc: Havoc) -> Iterator[Sent]:
    """Cut one frame into some that say the same, with a control frame between now and then."""
    opcode, final = frame.first & 0x7F, frame.first & FIN
    left = frame.payload
    for _ in range(random.choice((1, 1, 2, 4))):
        at = random.randrange(len(left) + 1)
        yield Sent(opcode, _key(random), left[:at])
        opcode, left = CONTINUATION, left[at:]
        if random.random() < 0.2:
            yield Sent(random.choice((0x89, 0x8A)), _key(random), left[:125])
    yield Sent(final, frame.key, left)


CHANGES: tuple[Callable[[Sent, Random, Havoc], Iterator[Sent]], ...] = (
    _with_other_payload,
    _with_scrap,
    _with_other_first,
    _with_other_key,
    _in_fragments,
)
