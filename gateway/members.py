"""The slow and exact reading of one object: every member with its value and its untouched bytes.

It reads what comes once per connection (the payload of a register), and reads again what the fast decoder of `gateway.wire` refused: to say
what is wrong, or because the fast decoder is stricter than the contract (lone surrogate escapes in JSON strings, map keys that are not
strings in MessagePack).
"""

import json
import re
from typing import Any, NamedTuple, NoReturn

import msgpack
import msgspec

from actors.events import Format
from gateway.elements import crowded
from gateway.gate import kind
from gateway.translation import Pairs

__all__ = ["Malformed", "Member", "TooDeep", "TooMany", "read_members"]


class Malformed(Exception):
    """Not one well-formed object; the text says why, and begins with no field's name."""


class TooDeep(Malformed):
    """Nested so deeply that the readers gave up: at several hundred levels, far beyond what any payload may have."""


class TooMany(Malformed):
    """More elements than the caller allows: `gateway.elements` counted them before anything was built of them."""


class Member(NamedTuple):
    """One member of an object: `value` decoded (arrays to lists, objects to `Pairs`, JSON numbers to floats), `raw` as it was written."""

    value: object
    raw: bytes


def read_members(form: Format, data: bytes, most: int | None = None) -> dict[str, Member]:
    """Read the members of the one object in `data`; of a key that comes twice the last one, as everywhere in this codec.

    MessagePack keys that are not strings are unknown keys like any other: they are left out. `most`: elements that `data` may have in all;
    None when they were counted before.

    Raises:
        Malformed: `data` is something else.

    """
    if not data:
        raise Malformed("empty")
    try:
        if form is Format.MSGPACK:
            _skim(data)  # whole and one value: from here on no declared length is larger than what is there
        if most is not None and crowded(form, data, most):
            raise TooMany("too many elements")
        return _read_json(data) if form is Format.JSON else _read_msgpack(data)
    except UnicodeDecodeError:
        raise Malformed("a string that is not UTF-8") from None
    except (RecursionError, msgpack.StackError):
        raise TooDeep("nested too deeply") from None
    except (ValueError, msgpack.OutOfData) as error:
        raise Malformed(f"not {'JSON' if form is Format.JSON else 'one whole MessagePack value'}: {error}") from None


# --- JSON (RFC 8259) ---


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


# parse_int: kinds and syntax are all that is wanted of a number here, and int() refuses more than 4300 digits.
_scan = json.JSONDecoder(object_pairs_hook=Pairs, parse_int=float, parse_constant=_refuse).raw_decode
_WHITESPACE = re.compile(r"[ \t\n\r]*")


def _skip(text: str, at: int) -> int:
    match = _WHITESPACE.match(text, at)
    return match.end() if match else at


def _read_json(data: bytes) -> dict[str, Member]:
    text = data.decode()
    start = _skip(text, 0)
    if not text.startswith("{", start):
        value, end = _scan(text, start)
        _expect_end(text, end)
        raise Malformed(f"expected an object, got {kind(value)}")
    found: dict[str, Member] = {}
    at = _skip(text, start + 1)
    more = not text.startswith("}", at)
    while more:
        key, at = _scan(text, at)
        if not isinstance(key, str):
            raise Malformed(f"not JSON: expected a key, got {kind(key)}")
        start = _skip(text, _expect(text, at, ":"))
        value, at = _scan(text, start)
        found[key] = Member(value, text[start:at].encode())
        at = _skip(text, at)
        more = text.startswith(",", at)
        if more:
            at = _skip(text, at + 1)
    _expect_end(text, _expect(text, at, "}"))
    return found


def _expect(text: str, at: int, sign: str) -> int:
    at = _skip(text, at)
    if not text.startswith(sign, at):
        raise Malformed(f"not JSON: expected '{sign}' at index {at}")
    return at + 1


def _expect_end(text: str, at: int) -> None:
    at = _skip(text, at)
    if at != len(text):
        raise Malformed(f"not JSON: more than one value, the second at index {at}")


# --- MessagePack ---

_MAPS = {*range(0x80, 0x90), 0xDE, 0xDF}  # first bytes: fixmap, map 16, map 32
_skim = msgspec.msgpack.Decoder(msgspec.Raw).decode


def _read_msgpack(data: bytes) -> dict[str, Member]:
    unpacker: Any = msgpack.Unpacker(None, object_pairs_hook=Pairs, raw=False, strict_map_key=False, max_buffer_size=len(data))
    unpacker.feed(data)
    if data[0] not in _MAPS:
        raise Malformed(f"expected an object, got {kind(unpacker.unpack())}")
    found: dict[str, Member] = {}
    for _ in range(unpacker.read_map_header()):
        key = unpacker.unpack()
        start = unpacker.tell()
        value = unpacker.unpack()
        if isinstance(key, str):
            found[key] = Member(value, data[start : unpacker.tell()])
    return found
