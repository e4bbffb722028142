"""Which ICE candidates a payload carries: a string, an object as browsers send it, one of fields, a whole SDP. Sans-I/O.

A candidate is a line by RFC 8839 section 5.1, ``candidate:1 1 udp 2122260223 192.0.2.1 51372 typ host``, anywhere in a string of the
payload; its type decides, so that a host candidate behind an mDNS name (``….local``) is a host candidate. Some libraries leave the word
``candidate:`` out, or send an object with the type under ``typ`` or ``type``.
"""

import json
import re
from collections.abc import Iterator
from itertools import chain

from actors.events import Format
from gateway.translation import Pairs, unpack

__all__ = ["TYPES", "UNREADABLE", "candidate_types", "is_end_of_candidates", "may_carry_candidates", "read_payload"]

TYPES = frozenset({"host", "srflx", "prflx", "relay"})
UNREADABLE = "unreadable"
"""What stands for the type of a candidate that has none of `TYPES`."""

_END = "end-of-candidates"  # RFC 8838 section 8.2; browsers send an empty candidate
_FIELDS = r"\S{1,128} [0-9]{1,5} \S{1,16} [0-9]{1,10} \S{1,255} [0-9]{1,5} typ ([!-~]{1,32})"
_LINE = re.compile(rf"candidate:{_FIELDS}", re.IGNORECASE)
_BARE = re.compile(_FIELDS, re.IGNORECASE)
_MAYBE = re.compile(rb"candidate|\\u", re.IGNORECASE)  # JSON can write any letter as an escape


def may_carry_candidates(payload: bytes) -> bool:
    """Whether it is worth reading an offer or answer: false for one without any candidate line, told by one search of its bytes."""
    return _MAYBE.search(payload) is not None


def read_payload(form: Format, payload: bytes) -> object:
    """The value of a payload, checked before (`gateway.gate`). Objects are `Pairs`: of a key given twice receivers may take either."""
    if form is Format.JSON:
        return json.loads(payload, object_pairs_hook=Pairs, parse_int=_any_number)  # Python refuses integers of many thousand digits
    return unpack(payload)


def _any_number(_digits: str) -> int:
    """Which number it is, is not looked at."""
    return 0


def candidate_types(value: object) -> Iterator[str]:
    """The type of each candidate in a value that `read_payload` gave, or `UNREADABLE`."""
    left = [value]
    while left:
        node = left.pop()
        if isinstance(node, Pairs):
            yield from (named for key, child in node if key in {"typ", "type"} and (named := _named(child)) is not None)
            left.extend(chain.from_iterable(node))
        elif isinstance(node, list):
            left.extend(node)
        elif isinstance(node, str | bytes):
            yield from _in_text(node if isinstance(node, str) else node.decode("latin-1"))


def is_end_of_candidates(value: object) -> bool:
    """Whether a payload says that no candidate comes any more: nothing, an empty candidate, or so in words."""
    while isinstance(value, Pairs):
        inner = [child for key, child in value if key == "candidate"]
        if not inner:
            return False
        value = inner[-1]
    return value is None or (isinstance(value, str) and value.strip().removeprefix("a=") in {"", _END})


def _named(value: object) -> str | None:
    return value.lower() if isinstance(value, str) and value.lower() in TYPES else None


def _in_text(text: str) -> Iterator[str]:
    lines = text.lower().count("candidate:")
    found = _LINE.findall(text) if lines else []
    if not lines and (bare := _BARE.match(text)) is not None:
        found.append(bare[1])
    yield from (_named(word) or UNREADABLE for word in found)
    yield from [UNREADABLE] * (lines - len(found))
