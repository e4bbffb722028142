"""JSON and MessagePack read by judges that have no part in the server: the standard library, `decimal`, the msgpack library.

A map is `Members`, as it was written, so that what one encoding cannot say, or says otherwise, is still there to be judged.
"""

import json
import math
from decimal import Decimal
from typing import Any, NoReturn

import msgpack

from actors.events import Format

__all__ = ["Members", "elements", "in_both", "is_whole_msgpack", "levels", "read", "read_json", "read_msgpack", "same"]

TOO_SMALL = object()
"""A number that is not zero, and is zero as a float64."""


class Members(list[tuple[Any, Any]]):
    """A map: its keys and values in order."""

    def last(self) -> dict[Any, Any]:
        """What counts of the keys that are strings."""
        return {key: value for key, value in self if isinstance(key, str)}


def read_json(text: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Read JSON text; raises ValueError for anything else, RecursionError for what is nested several hundred levels deep."""
    return json.loads(text.decode(), object_pairs_hook=Members, parse_constant=_no_constant, parse_int=_integer, parse_float=_fraction)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _integer(digits: str) -> float:
    if digits == "-0":
        return -0.0
    return int(digits) if len(digits) < 40 else math.inf  # far beyond any MessagePack; int() takes no more than 4300 digits


def _fraction(digits: str) -> object:
    value = float(digits)
    mantissa = digits.lower().partition("e")[0]  # an exponent of many digits is more than Decimal takes
    return TOO_SMALL if value == 0 and Decimal(mantissa) != 0 else value


def read_msgpack(data: bytes) -> Any:  # noqa: ANN401 - any MessagePack value
    """Read one MessagePack value; raises ValueError for anything else, msgpack's StackError (one, too) beyond 512 levels."""
    return msgpack.unpackb(data, object_pairs_hook=Members, raw=False, strict_map_key=False, timestamp=0)


def read(form: Format, data: bytes) -> Any:  # noqa: ANN401 - any value
    """Read one value; raises as the two above."""
    return read_json(data) if form is Format.JSON else read_msgpack(data)


def is_whole_msgpack(data: bytes) -> bool:
    """Whether it is one value by its structure, whatever is in its strings; True for one that is too deep for the library to tell."""
    unpacker: Any = msgpack.Unpacker(max_buffer_size=len(data) + 1)
    unpacker.feed(data)
    try:
        unpacker.skip()
    except msgpack.StackError:
        return True
    except (msgpack.OutOfData, ValueError):
        return False
    return bool(unpacker.tell() == len(data))


def levels(value: object) -> int:
    """How deep arrays and maps are nested."""
    if isinstance(value, Members):
        return 1 + max((levels(part) for pair in value for part in pair), default=0)
    return 1 + max(map(levels, value), default=0) if isinstance(value, list) else 0


def elements(value: object) -> int:
    """How many items of arrays and members of maps it has in all, in keys too."""
    if isinstance(value, Members):
        return len(value) + sum(elements(part) for pair in value for part in pair)
    return len(value) + sum(map(elements, value)) if isinstance(value, list) else 0


def same(one: object, other: object) -> bool:
    """Equal in kind and sign too: 1 is not 1.0, True is not 1, -0.0 is not 0.0; keys in the same order."""
    return repr(one) == repr(other)


def in_both(value: object) -> bool:
    """Whether JSON and MessagePack can both say it, and any reader understands the same."""
    if isinstance(value, Members):
        keys = [key for key, _ in value]
        return all(isinstance(key, str) and in_both(key) and in_both(inner) for key, inner in value) and len(set(keys)) == len(keys)
    if isinstance(value, list):
        return all(map(in_both, value))
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return -(2**63) <= value < 2**64
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or (isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value))
