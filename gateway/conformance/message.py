"""What a server says, read and compared with what a row demands."""

import json
from typing import NoReturn

import msgpack

from gateway.conformance.connection import Heard, Unmet
from gateway.conformance.pattern import difference, shown
from gateway.conformance.steps import Format

__all__ = ["demand", "dumps", "member", "parsed", "type_of"]


def demand(who: str, heard: Heard, pattern: object, form: Format) -> object:
    """Hold what `who` received against what it should have received; returns it decoded.

    Raises:
        Unmet: it is not of this form, cannot be read, or differs.

    """
    if heard.kind != ("text" if form == "json" else "binary"):
        raise Unmet(f"{who}: {heard}, not {shown(pattern)} in {'JSON' if form == 'json' else 'MessagePack'}")
    try:
        value = parsed(heard.data) if form == "json" else _unpacked(heard.data)
    except (ValueError, msgpack.UnpackException) as error:
        raise Unmet(f"{who}: {heard}, which cannot be read: {error}") from None
    if fault := difference(pattern, value):
        raise Unmet(f"{who} received {heard}: {fault}")
    return value


def type_of(heard: Heard) -> str | None:
    """The type of a message; None when it is none."""
    try:
        value = parsed(heard.data) if heard.kind == "text" else _unpacked(heard.data)
    except (ValueError, msgpack.UnpackException):
        return None
    found = value.get("type") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def _unpacked(data: bytes) -> object:
    value: object = msgpack.unpackb(data, strict_map_key=False, timestamp=0)
    return value


def parsed(text: str | bytes) -> object:
    """JSON, and nothing that RFC 8259 does not know.

    Raises:
        ValueError: it is none.

    """
    try:
        # Decoded here: from bytes, `json` would take UTF-16 as well.
        value: object = json.loads(text.decode() if isinstance(text, bytes) else text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")


def member(value: object, path: str) -> str:
    """The string at the end of a path of keys.

    Raises:
        Unmet: there is none.

    """
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, str):
        raise Unmet(f"{path} is no string: {shown(value)}")
    return value


def dumps(value: object) -> bytes:
    """A message as most clients write it."""
    return json.dumps(value, separators=(",", ":")).encode()
