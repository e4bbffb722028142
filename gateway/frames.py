"""RFC 6455 frames as a server reads and writes them: bytes in, messages out, and back. No I/O, no clock.

A connection feeds its `FrameReader` with what `recv` returned, and sends what `encode` and `encode_close` return.
"""

from codecs import utf_8_decode
from dataclasses import dataclass
from struct import Struct
from typing import Final

from gateway.frame_format import (
    BINARY,
    CLOSE,
    FIN,
    LENGTH_BITS,
    OPCODE_BITS,
    PING,
    PONG,
    SHORT,
    TEXT,
    WIDE_LENGTHS,
    Frame,
    ProtocolError,
    check_head,
    check_length,
    encode,
    encode_close,
    header,
    parse_close,
)

try:
    # Every relay unmasks one message. At 1,250 bytes: 0.11 us in C, 4.8 us for the XOR of two big integers that stands in for it.
    from websockets.speedups import apply_mask
except ImportError:  # a platform for which the library has no compiled part
    from websockets.utils import apply_mask

__all__ = [
    "BINARY",
    "CLOSE",
    "PING",
    "PONG",
    "TEXT",
    "Frame",
    "FrameLimits",
    "FrameReader",
    "ProtocolError",
    "encode",
    "encode_close",
    "header",
    "parse_close",
]

_HEAD: Final = 2
_KEY: Final = 4

# The first two bytes of a message that comes whole in one frame: with a wide length, and with a short one.
_TEXT_WIDE: Final = 0x81FE
_BINARY_WIDE: Final = 0x82FE
_SHORT_HEADS: Final = frozenset(range(0x8180, _TEXT_WIDE)) | frozenset(range(0x8280, _BINARY_WIDE))
_BINARY_HEADS: Final = 0x8280
_read_head: Final = Struct(">HH").unpack_from  # those two bytes, and the wide length that may follow


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameLimits:
    """What one message may cost; readers share it.

    Attributes:
        message_bytes: payload bytes of a message, over all its fragments. Control frames have their own limit of 125.
        fragments: frames of one message, empty ones included.
    """

    message_bytes: int
    fragments: int


class _Message:
    """The fragments of a message that have come, unmasked."""

    __slots__ = ("_verified", "body", "fragments", "opcode")

    def __init__(self, opcode: int) -> None:
        self.opcode = opcode
        self.body = bytearray()
        self.fragments = 0
        self._verified = 0

    def add(self, payload: bytes, *, final: bool) -> None:
        self.body += payload
        self.fragments += 1
        if self.opcode == TEXT:
            # Each byte is looked at once, but for the three at most that a fragment's end cut off from their character. So a bad
            # first fragment fails without the rest, and 256 fragments cost what one does.
            try:
                _, verified = utf_8_decode(self.body[self._verified :], "strict", final)
            except UnicodeDecodeError as error:
                raise ProtocolError(1007, f"text is not UTF-8 at byte {self._verified + error.start}") from None
            self._verified += verified


class _Begun:
    """What is not complete: the raw beginning of a frame, a fragmented message, or both."""

    __slots__ = ("message", "needed", "part")

    def __init__(self, message: _Message | None = None) -> None:
        self.message = message
        self.part = bytearray()
        self.needed = 0  # bytes that `part` must have before reading on makes sense


_ENDED: Final = _Begun()


class FrameReader:
    """Turns the bytes of one client into messages and control frames.

    Between two calls it holds at most `message_bytes` and one header, or one control frame that came between fragments (131 bytes),
    whatever length a client declares. Between two messages it holds nothing: an idle reader is 48 bytes (`sys.getsizeof`), which each
    of thousands of idle connections pays.
    """

    __slots__ = ("_limits", "begun")

    def __init__(self, limits: FrameLimits) -> None:
        self._limits = limits
        self.begun: _Begun | None = None
        """None while nothing has begun: a quick look for after every call; `unfinished` is the exact answer."""

    @property
    def unfinished(self) -> bool:
        """Whether a frame or a fragmented message has begun and is not complete; False once the reader has ended."""
        return self.begun is not None and self.begun is not _ENDED

    def feed(self, data: bytes) -> list[Frame]:
        """Read what came from the client, in pieces of any size.

        Returns:
            The messages and control frames that are now complete, in order. Text is valid UTF-8, and `parse_close` accepts a close
            payload. A close frame or an error ends the reader: later bytes are ignored and the list is empty.

        Raises:
            ProtocolError: the client is at fault (RFC 6455 sections 5, 7.4 and 8.1) or over a limit. A length is judged on the
                header, before any of the body is kept.
        """
        # Nearly every call brings one whole message of 126 bytes to 64 KiB. In us on Python 3.11, by way of `_read` in brackets:
        # 0.54 (0.82) at 1,250 bytes, 0.87 (1.15) at 5,500, 3.2 (3.6) at 37,000. A shorter one goes that way: 0.65 at 120. Printed by
        # python -m timeit -s "from gateway.frames import FrameLimits, FrameReader, header; n = 1250; h = header(1, n)"
        # -s "r = FrameReader(FrameLimits(message_bytes=65536, fragments=256))"
        # -s "data = bytes((h[0], h[1] | 128)) + h[2:] + bytes(4 + n)" "r.feed(data)"
        if self.begun is None:
            length = len(data) - 8
            if SHORT < length <= self._limits.message_bytes:
                head, declared = _read_head(data)
                if declared == length:
                    if head == _TEXT_WIDE:
                        payload = apply_mask(data[8:], data[4:8])
                        if payload.isascii() or _is_utf8(payload):
                            return [(TEXT, payload)]
                    elif head == _BINARY_WIDE:
                        return [(BINARY, apply_mask(data[8:], data[4:8]))]
        return self._read(data)

    def _read(self, data: bytes | bytearray) -> list[Frame]:
        frames: list[Frame] = []
        if self.begun is not None:
            data = self._resume(self.begun, data)
        at = 0
        try:
            while at < len(data) and self.begun is not _ENDED:
                if self.begun is None:
                    at = _read_whole(data, at, self._limits.message_bytes, frames)
                if at < len(data):
                    at = self._read_any(data, at, frames)
        except ProtocolError as error:
            self.begun = _ENDED
            error.frames = frames
            raise
        return frames

    def _resume(self, begun: _Begun, data: bytes | bytearray) -> bytes | bytearray:
        """Return what was kept and what came; nothing while that is too little, so that a trickle costs one append per call."""
        if begun is _ENDED:
            return b""
        begun.part += data
        if len(begun.part) < begun.needed:
            return b""
        self.begun = _Begun(begun.message) if begun.message else None
        return begun.part

    def _wait(self, data: bytes | bytearray, at: int, needed: int) -> int:
        begun = self.begun = self.begun or _Begun()
        begun.part += data[at:]
        begun.needed = needed
        return len(data)

    def _read_any(self, data: bytes | bytearray, at: int, frames: list[Frame]) -> int:
        """Read the frame at `at`, or wait for the rest of it; return where to go on. Every fault of a frame is found here."""
        message = self.begun.message if self.begun else None
        start = at + _HEAD
        if len(data) < start:
            return self._wait(data, at, _HEAD)
        first, length = data[at], data[at + 1] & LENGTH_BITS
        check_head(first, data[at + 1], inside=message is not None)
        if length in WIDE_LENGTHS:
            width, floor = WIDE_LENGTHS[length]
            start += width
            if len(data) < start:
                return self._wait(data, at, start - at)
            length = int.from_bytes(data[start - width : start])
            check_length(length, floor)
        if first & OPCODE_BITS < CLOSE:
            self._check_limits(message, length)
        start += _KEY
        end = start + length
        if len(data) < end:
            return self._wait(data, at, end - at)
        self._take(first, apply_mask(data[start:end], data[start - _KEY : start]), message, frames)
        return end

    def _check_limits(self, message: _Message | None, length: int) -> None:
        limits = self._limits
        if message and message.fragments >= limits.fragments:
            raise ProtocolError(1008, f"message of more than {limits.fragments} fragments")
        if length + (len(message.body) if message else 0) > limits.message_bytes:
            raise ProtocolError(1009, f"message of more than {limits.message_bytes} bytes")

    def _take(self, first: int, payload: bytes, message: _Message | None, frames: list[Frame]) -> None:
        opcode = first & OPCODE_BITS
        if opcode >= CLOSE:
            if opcode == CLOSE:
                parse_close(payload)
                self.begun = _ENDED
            frames.append((opcode, payload))
            return
        message = message or _Message(opcode)
        message.add(payload, final=first >= FIN)
        if first >= FIN:
            self.begun = None
            frames.append((message.opcode, bytes(message.body)))
        else:
            self.begun = _Begun(message)


def _read_whole(data: bytes | bytearray, at: int, limit: int, frames: list[Frame]) -> int:
    """Read the run of whole and valid messages at `at`; return where anything else begins, which `_read_any` judges.

    A burst brings several messages in one `recv`. Each of 250 bytes costs 0.4 us here and 1.8 in `_read_any`.
    """
    size = len(data)
    while size - at >= 8:  # noqa: PLR2004 - as in `feed`, the header with a wide length; a name costs 1 %
        head, length = _read_head(data, at)
        if head == _TEXT_WIDE or head == _BINARY_WIDE:  # noqa: PLR1714, SIM109 - a set costs 0.03 us more per message
            start = at + 8
            if length <= SHORT:
                return at
        elif head in _SHORT_HEADS:
            start = at + 6
            length = head & LENGTH_BITS
        else:
            return at
        end = start + length
        if end > size or length > limit:
            return at
        payload = apply_mask(data[start:end], data[start - 4 : start])
        if head < _BINARY_HEADS and not payload.isascii() and not _is_utf8(payload):
            return at
        frames.append((head >> 8 & OPCODE_BITS, payload))
        at = end
    return at


def _is_utf8(payload: bytes) -> bool:
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
