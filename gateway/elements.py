r"""How many elements a value has in all: items of arrays and members of objects, at every level. They, not bytes, are what reading costs.

64 KiB of empty arrays take 20 ms to translate, 64 KiB of one string 0.02::

    python -m timeit -n 9 -s "from gateway.translation import msgpack_to_json" "msgpack_to_json(b'\xdd\x00\x00\xff\xff' + b'\x90' * 65535)"
    python -m timeit -n 9 -s "from gateway.translation import msgpack_to_json" "msgpack_to_json(b'\xda\xff\xff' + b'x' * 65535)"

So they are counted first, from the bytes, with nothing built of them; and ordinary payloads are too short to be counted at all.
"""

from typing import TypeAlias

from actors.events import Format

__all__ = ["bare", "crowded", "too_many"]


def too_many(field: str, most: int) -> str:
    """What is wrong with a value of more than `most` elements."""
    return f"{field}: more than {most} array items and object members in all; send fewer at a time"


def crowded(form: Format, data: bytes, most: int) -> bool:
    """Whether a value has more than `most` elements.

    MessagePack must be known to be whole (msgspec has skipped over it). JSON may be anything: of what is none any answer will do.
    """
    if len(data) <= most:
        return False  # the smallest element is one byte, in MessagePack; in JSON it is two
    return _crowded_json(data, most) if form is Format.JSON else _crowded_msgpack(data, most)


# --- JSON ---

_WHITESPACE = b" \t\n\r"


def bare(text: bytes) -> bytes:
    """JSON text with a 0 for each string, so that every sign in it is one of structure."""
    return b"0".join(_unescaped(text).split(b'"')[::2])


def _unescaped(text: bytes) -> bytes:
    """The same strings with no quote in them: each quote that is left begins or ends one."""
    return text.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in text else text


def _crowded_json(text: bytes, most: int) -> bool:
    # Every element but the first of its array or object follows a comma.
    if text.count(b",") + text.count(b"[") + text.count(b"{") <= most:
        return False
    if _unescaped(text).count(b'"') > 4 * most + 2:
        return True  # a string is an element, the key of one, or the whole value; so no more are split off below
    signs = bare(text).translate(None, _WHITESPACE)
    empty = signs.count(b"[]") + signs.count(b"{}")
    return signs.count(b",") + signs.count(b"[") + signs.count(b"{") - empty > most


# --- MessagePack ---

_Step: TypeAlias = tuple[int, int, int]
"""What a first byte says: bytes up to the next value, elements, values (a member is two) that follow and belong to it."""

_LENGTHS = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xC7: 1, 0xC8: 2, 0xC9: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4, 0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}
"""Bytes of the length that follows this first byte: bin, ext, str, array, map."""

_EXT, _ARRAYS, _MAPS = range(0xC7, 0xCA), range(0xDC, 0xDE), range(0xDE, 0xE0)
_NUMBERS = (5, 9, 2, 3, 5, 9, 2, 3, 5, 9)  # float 32 and 64, uint 8 to 64, int 8 to 64
_FIXEXT = (3, 4, 6, 10, 18)

_STEPS: tuple[_Step | None, ...] = (
    *[(1, 0, 0)] * 0x80,  # positive fixint
    *((1, length, 2 * length) for length in range(16)),  # fixmap
    *((1, length, length) for length in range(16)),  # fixarray
    *((1 + length, 0, 0) for length in range(32)),  # fixstr
    *[(1, 0, 0)] * 4,  # nil, one that is never used, false, true
    *[None] * 6,  # bin, ext
    *((size, 0, 0) for size in _NUMBERS + _FIXEXT),
    *[None] * 7,  # str, array, map
    *[(1, 0, 0)] * 0x20,  # negative fixint
)
"""By first byte (MessagePack specification: Formats). None: the length that follows has to be read."""


def _long_step(data: bytes, at: int) -> _Step:
    head = data[at]
    begin = at + 1 + _LENGTHS[head]
    length = int.from_bytes(data[at + 1 : begin])
    if head in _ARRAYS:
        return begin - at, length, length
    if head in _MAPS:
        return begin - at, length, 2 * length
    return begin - at + length + (head in _EXT), 0, 0  # an ext has a byte for its type, which its length leaves out


def _crowded_msgpack(data: bytes, most: int) -> bool:
    """Lengths count as they are declared: one array of 64 KiB ends it at once, and at worst every value up to the limit is a step."""
    at, found, values = 0, 0, 1
    while values and found <= most:
        size, members, inner = _STEPS[data[at]] or _long_step(data, at)
        at += size
        found += members
        values += inner - 1
    return found > most
