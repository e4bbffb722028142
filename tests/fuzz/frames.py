"""Target: `gateway/frames.py`. What holds for any bytes from a client, however they are cut; the hypothesis tests ask the same.

An input is a byte, the places of cuts, and a stream. Of the byte the low four bits say how many cuts there are, of two bytes each; the
highest one says which limits hold.
"""

import json
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from websockets.frames import Frame as LibraryFrame
from websockets.frames import Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

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
from tests.fuzz.frame_mutation import mutate_stream
from tests.fuzz.mutation import Havoc, Random

__all__ = ["MODULES", "WIDE", "Outcome", "check", "check_stream", "cut", "mutate", "outcome", "seeds"]

MODULES = ("gateway.frames", "gateway.frame_format")

WIDE: Final = FrameLimits(message_bytes=70_000, fragments=20)
NARROW: Final = FrameLimits(message_bytes=600, fragments=4)
"""So that inputs of a few kB meet both bounds."""

SHORT = 125
HEADER_BYTES = 14
CONTROL_BYTES = SHORT + 6
"""The longest control frame; a part of one may wait while a message of the greatest size is open."""

VECTORS = Path(__file__).parents[1] / "vectors" / "frames.json"

# What the library does not look at (text, a length in more bytes than it needs), or has no bound for; on all else the two have to agree.
ONLY_OURS = ("1007 text is not UTF-8", "1008 ", "1002 length ", "1002 control frame of more than 125 bytes")

MakeReader: TypeAlias = Callable[[FrameLimits], FrameReader]


class Outcome(NamedTuple):
    """What a reader made of a stream: frames, then the code and the words of the fault that ended it, if one did."""

    frames: list[Frame]
    fault: str | None

    @property
    def code(self) -> int | None:
        return int(self.fault.partition(" ")[0]) if self.fault else None


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
    _check_agreement(stream, whole, limits)
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
    begun = reader._begun  # noqa: SLF001 - how much it keeps is no one else's business, and the promise that is checked
    if begun is None:
        return 0
    body = len(begun.message.body) if begun.message else 0
    assert body or len(begun.part) < HEADER_BYTES + begun.needed
    return len(begun.part) + body


class _Read(NamedTuple):
    """What the library's server made of a stream.

    Attributes:
        frames: messages and control frames, in order.
        failed: whether it met a fault.
        open: opcode, payload and number of the fragments that no frame ends; None without any.
        counts: of each of `frames` how many fragments it had.
    """

    frames: list[Frame]
    failed: bool
    open: tuple[int, bytes, int] | None
    counts: list[int]

    def message_behind(self, count: int) -> tuple[int, bytes, int, bool]:
        """The first message behind so many frames: opcode, payload, number of fragments, whether it is whole."""
        for (opcode, payload), fragments in zip(self.frames[count:], self.counts[count:], strict=True):
            if opcode < CLOSE:
                return opcode, payload, fragments, True
        assert self.open is not None
        return *self.open, False


def _check_agreement(stream: bytes, ours: Outcome, limits: FrameLimits) -> None:
    # It counts a control frame within a message against the size of that message, so only some more room makes the two comparable.
    room = limits.message_bytes + SHORT
    if ours.fault is None:
        theirs = _read_by_the_library(stream, room)
        # It takes no close frame within a fragmented message; a client that gives up in the middle of one is answered here.
        gave_up = ours.frames[-1:] != [] and ours.frames[-1][0] == CLOSE and theirs[:2] == (ours.frames[:-1], True)
        assert theirs[:2] == (ours.frames, False) or gave_up
    elif ours.fault.startswith(ONLY_OURS):
        theirs = _read_by_the_library(stream, room)
        assert theirs.frames[: len(ours.frames)] == ours.frames
        _check_what_it_lets_pass(ours, theirs, limits)
    elif ours.code == 1009:
        theirs = _read_by_the_library(stream, limits.message_bytes)
        assert theirs.failed
        assert theirs.frames == ours.frames[: len(theirs.frames)]
    else:
        # It looks at some bits when a frame is whole: let the frame end. What follows is no frame, so its end is an error either way;
        # a frame more than ours is what would tell. Nearly always a short rest is enough, and the long one takes ten times the time.
        theirs = _read_by_the_library(stream, room, bytes(2 * SHORT), bytes(room))
        assert theirs[:2] == (ours.frames, True)


def _check_what_it_lets_pass(ours: Outcome, theirs: _Read, limits: FrameLimits) -> None:
    if ours.code == 1007:
        opcode, payload, _, whole = theirs.message_behind(len(ours.frames))
        assert opcode == TEXT
        assert not _is_utf8(payload, final=whole)
    elif ours.code == 1008:
        assert theirs.message_behind(len(ours.frames))[2] >= limits.fragments


def _is_utf8(payload: bytes, *, final: bool) -> bool:
    try:
        getincrementaldecoder("utf-8")().decode(payload, final)
    except UnicodeDecodeError:
        return False
    return True


def _read_by_the_library(stream: bytes, most: int, *rest: bytes) -> _Read:
    """Read with an independent server, which leaves joining fragments and looking at text to its caller."""
    server = ServerProtocol(state=State.OPEN, max_size=most)
    for data in (stream, *rest):
        if server.parser_exc is None:
            server.receive_data(data)
    read = _Read([], server.parser_exc is not None, None, [])
    begun: tuple[int, bytes, int] | None = None
    for part in server.events_received():
        assert isinstance(part, LibraryFrame)
        opcode, payload, count = int(part.opcode), bytes(part.data), 1
        if opcode < CLOSE and begun is not None:
            opcode, payload, count = begun[0], begun[1] + payload, begun[2] + 1
        if opcode < CLOSE:
            begun = None if part.fin else (opcode, payload, count)
        if part.fin:
            read.frames.append((opcode, payload))
            read.counts.append(count)
    return read._replace(open=begun)


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
    for vector in json.loads(VECTORS.read_text())["vectors"]:
        stream = b"".join(map(_bytes, vector["client"]))
        if len(stream) <= 2048:
            yield b"\x00" + stream
            yield b"\x82\x00\x05\x01\x00" + stream


def _bytes(piece: str | dict[str, Any]) -> bytes:
    return bytes.fromhex(piece) if isinstance(piece, str) else bytes.fromhex(piece["hex"]) * int(piece["times"])
