"""RFC 6455 frames as a client writes and reads them. The server's own reader stays out of it: a generator must not share its faults."""

from struct import Struct
from typing import Final, NamedTuple

__all__ = ["BINARY", "CLOSE", "MASK", "MASKED", "PING", "PONG", "TEXT", "Frame", "client_frame", "first_frame"]

TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10

MASK: Final = 0x5A
"""Each of the four bytes of every masking key. So a frame can be patched anywhere without a look at the place; a server has the full work,
for the key is not zero."""

MASKED: Final = bytes(byte ^ MASK for byte in range(256))
"""For `bytes.translate`: masks, and unmasks."""

_KEY: Final = bytes([MASK] * 4)
_SHORT, _WIDE, _WIDEST = 125, 126, 127
_short = Struct(">BB")
_wide = Struct(">BBH")
_widest = Struct(">BBQ")


class Frame(NamedTuple):
    """Where a frame lies in what was received."""

    opcode: int
    start: int  # of the payload
    end: int


def client_frame(opcode: int, payload: bytes) -> bytes:
    """One whole message, masked (RFC 6455 section 5.2)."""
    size = len(payload)
    if size <= _SHORT:
        head = _short.pack(0x80 | opcode, 0x80 | size)
    elif size < 1 << 16:
        head = _wide.pack(0x80 | opcode, 0x80 | _WIDE, size)
    else:
        head = _widest.pack(0x80 | opcode, 0x80 | _WIDEST, size)
    return head + _KEY + payload.translate(MASKED)


def first_frame(data: bytes) -> Frame | None:
    """The frame that `data` begins with; None while it is not complete.

    Raises:
        ValueError: a fragment, a reserved bit or a mask. Servers may send the first (RFC 6455 section 5.4), but none that is measured does.

    """
    if len(data) < _short.size:
        return None
    first, size = data[0], data[1]
    if first & 0xF0 != 0x80 or size & 0x80:  # noqa: PLR2004 - FIN alone, and no MASK
        raise ValueError(f"a frame that begins with {data[:2].hex()}: a fragment, a reserved bit or a mask")
    start = _short.size
    if size > _SHORT:
        packed = _wide if size == _WIDE else _widest
        start = packed.size
        if len(data) < start:
            return None
        size = packed.unpack_from(data)[2]
    end = start + size
    return Frame(first & 0x0F, start, end) if len(data) >= end else None
