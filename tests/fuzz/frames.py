"""Target: `gateway/frames.py`. What holds for any bytes from a client, however they are cut; the hypothesis tests ask the same.

An input is a byte, the places of cuts, and a stream. Of the byte the low four bits say how many cuts there are, of two bytes each; the
highest one says which limits hold.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

from websockets.frames import Frame as LibraryFrame
from websockets.frames import Opcode

from gateway.frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Frame,
    FrameLimits,
    FrameReader,
    ProtocolError,
    encode,
    encode_close,
    parse_close,
)
from tests.fuzz.frame_judge import SHORT, Outcome, check_agreement
from tests.fuzz.frame_mutation import mutate_stream
from tests.fuzz.mutation import Havoc, Random
from tests.pieces import joined

__all__ = ["MODULES", "WIDE", "check", "check_stream", "cut", "mutate", "outcome", "seeds"]

MODULES = ("gateway.frames", "gateway.frame_format")

WIDE: Final = FrameLimits(message_bytes=70_000, fragments=20)
NARROW: Final = FrameLimits(message_bytes=600, fragments=4)
"""So that inputs of a few kB meet both bounds."""

CONTROL_BYTES = SHORT + 6
"""The longest control frame; a part of one may wait while a message of the greatest size is open."""

LONGEST_SEED = 1024
VECTORS = Path(__file__).parents[1] / "vectors"

MakeReader: TypeAlias = Callable[[FrameLimits], FrameReader]


def check(data: bytes, reader: MakeReader = FrameReader) -> None:
    places, stream, limits = _taken_apart(data)
    check_stream(stream, places, limits, reader)


def check_stream(stream: bytes, places: Iterable[int], limits: FrameLimits = WIDE, reader: MakeReader = FrameReader) -> Outcome:
    """Fail unless any cuts give the same, all of it sound, and an independent server reads it likewise; return what it is."""
    whole = outcome([stream], limits, reader)
    assert outcome(cut(stream, places), limits, reader) == whole, "the cuts make no difference"
    assert whole.code in {None, 1002, 1007, 1008, 1009}
    for opcode, payload in whole.frames:
        assert opcode in {TEXT, BINARY, CLOSE, PING, PONG}
        assert len(payload) <= (limits.message_bytes if opcode < CLOSE else SHORT)
        assert opcode != TEXT or payload.decode().encode() == payload
        assert opcode != CLOSE or encode_close(*parse_close(payload))[2:] == payload
        assert encode(opcode, payload) == LibraryFrame(Opcode(opcode), payload).serialize(mask=False)
    check_agreement(stream, whole, limits)
    return whole


def cut(data: bytes, places: Iterable[int]) -> Iterator[bytes]:
    marks = sorted(place % (len(data) + 1) for place in places)
    for start, end in zip([0, *marks], [*marks, len(data)], strict=True):
        yield data[start:end]


def outcome(segments: Iterable[bytes], limits: FrameLimits = WIDE, make: MakeReader = FrameReader) -> Outcome:
    """Feed all segments. Between two of them the reader holds no more than its limits say."""
    reader, frames, faults = make(limits), list[Frame](), list[ProtocolError]()
    for segment in segments:
        try:
            frames += reader.feed(segment)
        except ProtocolError as error:
            faults.append(error)
            frames += error.frames
        assert _held(reader) <= limits.message_bytes + CONTROL_BYTES
        assert not (faults and reader.unfinished)
    assert len(faults) <= 1, "a reader fails once"
    assert all(len(fault.reason.encode()) <= SHORT - 2 for fault in faults), "it fits into a close frame"
    return Outcome(frames, str(faults[0]) if faults else None)


def _held(reader: FrameReader) -> int:
    begun = reader.begun
    if begun is None:
        return 0
    assert not begun.part or len(begun.part) < begun.needed, "what is complete is read"
    return len(begun.part) + (len(begun.message.body) if begun.message else 0)


def _taken_apart(data: bytes) -> tuple[list[int], bytes, FrameLimits]:
    first = data[0] if data else 0
    end = 1 + 2 * (first & 0x0F)
    places = [int.from_bytes(data[at : at + 2]) for at in range(1, min(end, len(data)), 2)]
    return places, data[end:], WIDE if first & 0x80 else NARROW


def mutate(data: bytes, size: int, random: Random, havoc: Havoc) -> bytes:
    """Change the stream as frames, so that what comes out is masked and counted; now and then the cuts, or any byte."""
    end = 1 + 2 * (data[0] & 0x0F) if data else 1
    if random.random() < 0.15 or end > len(data) or size <= end:
        return havoc(data, size)
    if random.random() < 0.1:
        places = random.randbytes(2 * random.randrange(5))
        return (bytes([data[0] & 0x80 | len(places) // 2]) + places + data[end:])[:size]
    return data[:end] + mutate_stream(data[end:], size - end, random, havoc)


def seeds() -> Iterator[bytes]:
    """The streams of the vectors that are not long, under both limits, whole and cut."""
    vectors = json.loads((VECTORS / "frames.json").read_text())["vectors"]
    for section in json.loads((VECTORS / "conformance.json").read_text())["sections"]:
        vectors += section["vectors"]
    for vector in vectors:
        stream = joined(vector["client"])
        if len(stream) <= LONGEST_SEED:
            yield b"\x00" + stream
            yield b"\x82\x00\x05\x01\x00" + stream
