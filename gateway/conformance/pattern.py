"""Patterns: what a decoded message has to be. Open where clients must be: keys that nobody asked for are allowed in objects.

A pattern is a JSON value. In it stand::

    "<any>"       any value
    "<string>"    a string, not empty
    "<integer>"   a whole number, zero or more
    "<time>"      RFC 3339 in UTC with Z
    "<absent>"    as the value of a key: the key must not be there

Arrays have the items that are written, and no others; numbers and booleans are equal only to their own kind (1 is not 1.0).
"""

import json
import re
from collections.abc import Callable, Mapping

__all__ = ["ABSENT", "MATCHERS", "difference", "readable", "shown"]

ABSENT = "<absent>"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_LONGEST = 300

MATCHERS: Mapping[str, Callable[[object], bool]] = {
    "<any>": lambda _: True,
    "<string>": lambda value: isinstance(value, str) and value != "",
    "<integer>": lambda value: type(value) is int and value >= 0,
    "<time>": lambda value: isinstance(value, str) and _TIME.fullmatch(value) is not None,
}


def difference(pattern: object, value: object, at: str = "message") -> str | None:
    """Where `value` is not what `pattern` demands, in words; None when it is."""
    if isinstance(pattern, dict):
        return _object_difference(pattern, value, at)
    if isinstance(pattern, list):
        return _array_difference(pattern, value, at)
    if isinstance(pattern, str) and pattern in MATCHERS:
        return None if MATCHERS[pattern](value) else f"{at}: {shown(value)}, not {pattern}"
    is_same = type(value) is type(pattern) and value == pattern
    return None if is_same else f"{at}: {shown(value)}, not {shown(pattern)}"


def _object_difference(pattern: dict[str, object], value: object, at: str) -> str | None:
    if not isinstance(value, dict):
        return f"{at}: {shown(value)}, not an object"
    for key, member in pattern.items():
        place = f"{at}.{key}"
        if member == ABSENT:
            if key in value:
                return f"{place}: there, and must not be"
        elif key not in value:
            return f"{place}: missing"
        elif found := difference(member, value[key], place):
            return found
    return None


def _array_difference(pattern: list[object], value: object, at: str) -> str | None:
    if not isinstance(value, list):
        return f"{at}: {shown(value)}, not an array"
    if len(value) != len(pattern):
        return f"{at}: {len(value)} items ({shown(value)}), not {len(pattern)}"
    found = (difference(wanted, item, f"{at}[{index}]") for index, (wanted, item) in enumerate(zip(pattern, value, strict=True)))
    return next(filter(None, found), None)


def shown(value: object) -> str:
    """A value for people: JSON where it has such a form."""
    return readable(json.dumps(value, ensure_ascii=False, default=repr))


def readable(text: str) -> str:
    """A text of a stranger for a terminal: cut where it is long, with escapes for what would not print, or print something else."""
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in cut)
