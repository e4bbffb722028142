"""Target with a fault, to see what becomes of one: a reader that forgets what a message has already, so that fragments exceed its limit."""

from collections.abc import Iterator

from gateway.frames import FrameLimits, FrameReader
from tests.fuzz import frames
from tests.fuzz.frames import MODULES, mutate

__all__ = ["MODULES", "check", "mutate", "seeds"]


class ForgetfulReader(FrameReader):
    __slots__ = ()

    def _check_limits(self, message: object, length: int) -> None:
        super()._check_limits(None, length)


def make(limits: FrameLimits) -> FrameReader:
    return ForgetfulReader(limits)


def check(data: bytes) -> None:
    frames.check(data, make)


def seeds() -> Iterator[bytes]:
    """Far from the fault: one short message."""
    yield b"\x00\x81\x82\x00\x00\x00\x00Hi"
