"""Payloads from JSON to MessagePack and back, for peers of one group that speak different encodings. Nothing is guessed.

What the other encoding cannot say is refused with its place (``docs/protocol.md``: Profiles): MessagePack binary, extension types and
timestamps, numbers that are not finite, map keys that are not strings, integers beyond 64 bits, lone surrogates, a key given twice (readers
differ in which of the two counts).

What is kept: integers stay integers and ``1.0`` stays a float. A JSON number with a fraction or an exponent becomes the nearest float64, as
in every browser: digits beyond that are lost, ``1e-400`` becomes ``0.0``; ``-0.0`` keeps its sign, ``-0`` is an integer and has none.
"""

import json
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgpack
import msgspec

__all__ = ["Pairs", "Unrepresentable", "json_to_msgpack", "metadata_to_msgpack", "msgpack_to_json", "unpack"]

_INTEGERS = range(-(2**63), 2**64)  # MessagePack: format family int, from int 64 to uint 64
_DIGITS = 20  # of 2**64 - 1 without a sign; int() of a whole 64 KiB frame of digits would be refused by Python or be slow
_KEY_SHOWN = 32  # characters of a key in a place
_STEPS_SHOWN = 8

_pack: Callable[[object], bytes] = msgspec.msgpack.Encoder().encode
_write: Callable[[object], bytes] = msgspec.json.Encoder().encode


class Unrepresentable(Exception):
    """A payload has no form in the other encoding; the text names the place and the reason.

    `at` says where the value is that was translated, the words before the place.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
        self.steps: list[str | int] = []  # from the inside out

    def inside(self, step: str | int) -> "Unrepresentable":
        """The same, one level further out: `step` is the key or the index that leads to the place."""
        self.steps.append(step)
        return self

    def at(self, name: str) -> str:
        """One sentence; `name` is what the translated value is called, such as ``payload``."""
        outermost = [_step(step) for step in self.steps[: -_STEPS_SHOWN - 1 : -1]]
        more = "…" if len(self.steps) > _STEPS_SHOWN else ""
        return f"{name}{''.join(outermost)}{more}: {self.why}"

    def __str__(self) -> str:
        return self.at("payload")


def _step(step: str | int) -> str:
    if isinstance(step, str) and step.isascii() and step.isidentifier() and len(step) <= _KEY_SHOWN:
        return f".{step}"
    return f"[{step[:_KEY_SHOWN] if isinstance(step, str) else step!a}]"


class Pairs(list[tuple[Any, Any]]):
    """A map as it was written: its keys in order, doubled ones too, none of them hashed.

    Not hashing also takes the sting out of a frame of integer keys that were chosen to collide.
    """


def unpack(data: bytes) -> object:
    """Read one MessagePack value; maps become `Pairs`, timestamps `msgpack.Timestamp`.

    Only for data whose structure is known to be whole (msgspec has skipped over it): every declared length is then really there. For 65 kB
    of nested arrays that only declare their lengths the library asks for 80 MB before it finds out.

    Raises:
        ValueError: a string that is not UTF-8, a timestamp that is none, or more than 1024 levels.

    """
    return msgpack.unpackb(data, object_pairs_hook=Pairs, raw=False, strict_map_key=False, timestamp=0)


def json_to_msgpack(text: bytes) -> bytes:
    """Translate JSON text, checked before, to MessagePack.

    Raises:
        Unrepresentable: some of it has no MessagePack form.

    """
    try:
        return _pack(_plain(_READER.decode(text.decode()), "MessagePack"))
    except RecursionError:
        raise Unrepresentable("nested too deeply") from None


def msgpack_to_json(data: bytes) -> bytes:
    """Translate a MessagePack value, checked before, to JSON text.

    Raises:
        Unrepresentable: some of it has no JSON form.

    """
    try:
        return _write(_plain(unpack(data), "JSON"))
    except RecursionError:
        raise Unrepresentable("nested too deeply") from None


@lru_cache(maxsize=2048)
def metadata_to_msgpack(text: bytes) -> bytes:
    """As `json_to_msgpack`, remembered: a group's metadata is in every list that is sent to its MessagePack peers.

    A hit takes 0.1 us, the translation of a small object 2. At 1 KiB of metadata, the default limit, the memory is at most about 7 MB.
    """
    return json_to_msgpack(text)


def _integer(digits: str) -> object:
    if digits == "-0":
        return -0.0  # as JavaScript reads it; no integer keeps the sign
    if len(digits) > _DIGITS:
        return _TOO_BIG
    value = int(digits)
    return value if len(digits) < _DIGITS - 1 or value in _INTEGERS else _TOO_BIG


def _float(digits: str) -> object:
    """A float64, whose precision every JSON reader of the field has; but never a zero for what is not zero."""
    value = float(digits)
    return _TOO_SMALL if value == 0 and _NOT_ZERO.match(digits) else value


def _plain(node: object, form: str) -> object:
    """The value that both encoders take, or Unrepresentable; recursion is bounded by the depth that the gate let through."""
    if type(node) in _SAME:
        return node
    if isinstance(node, str):
        return _text(node, form)
    if isinstance(node, Pairs):
        return _object(node, form)
    if isinstance(node, list):
        return _array(node, form)
    if isinstance(node, float) and not math.isfinite(node):
        raise Unrepresentable(f"a number that is not finite has no {form} form")
    if node is _TOO_SMALL:
        raise Unrepresentable(f"a number this close to zero has no {form} form")
    if node is _TOO_BIG:
        raise Unrepresentable(f"an integer beyond 64 bits has no {form} form")
    if isinstance(node, float):
        return node
    what = "binary" if isinstance(node, bytes) else "a timestamp" if isinstance(node, msgpack.Timestamp) else "an extension type"
    raise Unrepresentable(f"{what} has no {form} form")


def _text(text: str, form: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Unrepresentable(f"a lone surrogate has no {form} form") from None
    return text


def _object(pairs: Pairs, form: str) -> dict[str, object]:
    plain: dict[str, object] = {}
    for key, value in pairs:
        if not isinstance(key, str):
            raise Unrepresentable(f"a map key that is not a string has no {form} form")
        if key in plain:
            raise Unrepresentable("the key is there twice").inside(key)
        try:
            plain[key if key.isascii() else _text(key, form)] = value if type(value) in _SAME else _plain(value, form)
        except Unrepresentable as fault:
            raise fault.inside(key) from None
    return plain


def _array(items: list[object], form: str) -> list[object]:
    plain: list[object] = []
    for item in items:
        try:
            plain.append(item if type(item) in _SAME else _plain(item, form))
        except Unrepresentable as fault:
            raise fault.inside(len(plain)) from None
    return plain


_SAME = frozenset({int, bool, type(None)})  # the same in both; one look-up in place of seven questions
_TOO_BIG = object()
_TOO_SMALL = object()
_NOT_ZERO = re.compile(r"-?[0.]*[1-9]")
_READER = json.JSONDecoder(object_pairs_hook=Pairs, parse_int=_integer, parse_float=_float)
