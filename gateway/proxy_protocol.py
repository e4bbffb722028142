"""The PROXY protocol, versions 1 and 2: what a TCP proxy sends ahead of its client's first byte, to say who that is. Sans-I/O.

The rules are those of HAProxy's `proxy-protocol.txt`, sections 2.1 and 2.2, for a receiver. Whoever may send the header has to, and it is
never guessed whether it is there: a client could say then that it comes from anywhere.
"""

import ipaddress
import re
from typing import NamedTuple

__all__ = ["MOST_BYTES", "BadHeader", "HeaderReader", "Source"]

MOST_BYTES = 4096
"""The longest header of version 2 that is taken, with its TLVs; its own length field allows 65,551 bytes. Senders keep within 536."""

_MOST_BYTES_1 = 107  # with CRLF, section 2.1
_BEGIN_1 = b"PROXY "
_BEGIN_2 = b"\r\n\r\n\x00\r\nQUIT\n"
_LAST_PORT = 65_535
_FIXED_BYTES_2 = 16
_LOCAL, _PROXY = 0x20, 0x21
_ADDRESS_BYTES = {0x00: 0, 0x11: 12, 0x12: 12, 0x21: 36, 0x22: 36, 0x31: 216, 0x32: 216}
"""By family and transport: all that section 2.2 knows, and how many bytes their two addresses and two ports take."""

_LINE = re.compile(rb"PROXY TCP([46]) ([0-9A-Fa-f:.]+) ([0-9A-Fa-f:.]+) (0|[1-9][0-9]{0,4}) (0|[1-9][0-9]{0,4})\r\n")
_UNKNOWN = re.compile(rb"PROXY UNKNOWN(?: .*)?\r\n", re.DOTALL)  # section 2.1: whatever lies behind the word is to be ignored


class BadHeader(ValueError):
    """No header of the PROXY protocol, or one that breaks its rules; the text says which. The connection is to be closed."""


class Source(NamedTuple):
    """The client that a proxy speaks for."""

    host: str
    port: int


class HeaderReader:
    """Takes bytes until the header is whole, and none behind it: those are TLS or HTTP.

    Attributes:
        complete: whether it is whole.
        source: then, who the client is. None: the proxy speaks for itself (LOCAL), or does not know (UNKNOWN, UNSPEC, a Unix socket).

    """

    __slots__ = ("_held", "complete", "source")

    def __init__(self) -> None:
        self._held = b""
        self.complete = False
        self.source: Source | None = None

    def take(self, data: bytes) -> int:
        """How many of these bytes, at least one, belong to the header. It is complete, or wants what comes behind them.

        Raises:
            BadHeader: at the first byte that no header can have, beyond its bound, or without data: the connection has ended.

        """
        if not data:
            raise BadHeader("the connection ended within the header")
        held = self._held + data
        length = _length_of(held)
        if length is None or len(held) < length:
            self._held = held
            return len(data)
        taken = length - len(self._held)
        self._held = b""
        self.source = _source_2(held[:length]) if held.startswith(_BEGIN_2) else _source_1(held[:length])
        self.complete = True
        return taken


def _length_of(held: bytes) -> int | None:
    """How long the header is that begins so. None: not known yet, and all of this belongs to it."""
    if held.startswith(_BEGIN_2):
        return _length_of_2(held)
    if _BEGIN_2.startswith(held):
        return None
    if not _BEGIN_1.startswith(held[: len(_BEGIN_1)]):
        raise BadHeader("this is no PROXY protocol header")
    end = held.find(b"\r\n", 0, _MOST_BYTES_1)
    if end < 0 and len(held) >= _MOST_BYTES_1:
        raise BadHeader(f"a header of version 1 has at most {_MOST_BYTES_1} bytes")
    return None if end < 0 else end + 2


def _length_of_2(held: bytes) -> int | None:
    if len(held) < _FIXED_BYTES_2:
        return None
    length = _FIXED_BYTES_2 + int.from_bytes(held[14:_FIXED_BYTES_2])
    if length > MOST_BYTES:
        raise BadHeader(f"a header of {length} bytes; {MOST_BYTES} are taken")
    return length


def _source_1(line: bytes) -> Source | None:
    if _UNKNOWN.fullmatch(line):
        return None
    match = _LINE.fullmatch(line)
    if match is None:
        raise BadHeader("a line of version 1 that is none of TCP4, TCP6 and UNKNOWN")
    family = ipaddress.IPv4Address if match[1] == b"4" else ipaddress.IPv6Address
    try:
        source, _ = family(match[2].decode("ascii")), family(match[3].decode("ascii"))
    except ValueError:
        raise BadHeader("an address of version 1 is not one of its family") from None
    port = int(match[4])
    if max(port, int(match[5])) > _LAST_PORT:
        raise BadHeader(f"a port of version 1 is above {_LAST_PORT}")
    return Source(str(source), port)


def _source_2(header: bytes) -> Source | None:
    command, kind = header[12], header[13]
    size = _ADDRESS_BYTES.get(kind)
    if command not in {_LOCAL, _PROXY} or size is None:
        raise BadHeader(f"a header of version 2 has the command 0x{command:02x} and the family 0x{kind:02x}")
    if command == _LOCAL:
        return None
    addresses = header[_FIXED_BYTES_2 : _FIXED_BYTES_2 + size]
    if len(addresses) < size:
        raise BadHeader("a header of version 2 is too short for its addresses")
    if size == _ADDRESS_BYTES[0x11]:
        return Source(str(ipaddress.IPv4Address(addresses[:4])), int.from_bytes(addresses[8:10]))
    if size == _ADDRESS_BYTES[0x21]:
        return Source(str(ipaddress.IPv6Address(addresses[:16])), int.from_bytes(addresses[32:34]))
    return None
