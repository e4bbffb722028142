"""Two readers of the same frames: ours, and the server of the websockets library, which had no part in it. Where must they agree?"""

from codecs import getincrementaldecoder
from typing import NamedTuple

from websockets.frames import Frame as LibraryFrame
from websockets.protocol import State
from websockets.server import ServerProtocol

from gateway.frames import CLOSE, TEXT, Frame, FrameLimits

__all__ = ["HEADER_BYTES", "SHORT", "Outcome", "check_agreement"]

SHORT = 125
"""The most that a control frame carries."""

HEADER_BYTES = 14
"""The longest header, with its mask."""

# What the library does not look at (text, a length in more bytes than it needs), or has no bound for; on all else the two have to agree.
ONLY_OURS = ("1007 text is not UTF-8", "1008 ", "1002 length ", "1002 control frame of more than 125 bytes")


class Outcome(NamedTuple):
    """What a reader made of a stream: frames, then the code and the words of the fault that ended it, if one did."""

    frames: list[Frame]
    fault: str | None

    @property
    def code(self) -> int | None:
        return int(self.fault.partition(" ")[0]) if self.fault else None


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


def check_agreement(stream: bytes, ours: Outcome, limits: FrameLimits) -> None:
    """Fail unless the library's server finds the same frames, and a fault where we do, as far as it looks for one."""
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
