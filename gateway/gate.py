"""The safety gate: what an id and a payload must be before anyone else is shown it (``docs/protocol.md``: Envelope).

Each check says what is wrong in one sentence that begins with the field's name, or None.
"""

import re
from collections.abc import Iterable
from itertools import accumulate, chain
from typing import TypeAlias

import msgpack
import msgspec

from actors.events import Format
from gateway.elements import bare, crowded, too_many
from gateway.translation import Pairs, unpack

__all__ = ["id_fault", "kind", "payload_fault", "too_deep"]

_JSON = Format.JSON  # reading a member of an enum takes longer than the comparison that it is for

# --- Ids ---

_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # C0, DEL, C1, and halves of surrogate pairs


def id_fault(field: str, value: str, longest: int) -> str | None:
    """What is wrong with an id; empty is not an id here."""
    if not value:
        return f"{field}: empty; send 1 to {longest} characters"
    if len(value) > longest:
        return f"{field}: {len(value)} characters; send 1 to {longest}"
    odd = _FORBIDDEN.search(value)
    if odd is None:
        return None
    what = "a lone surrogate" if odd.group() >= "\ud800" else "a control character"
    return f"{field}: has {what} (U+{ord(odd.group()):04X}) at index {odd.start()}; send an id without it"


def kind(value: object) -> str:
    """What a client would call a decoded value."""
    if isinstance(value, Pairs):
        return "an object"
    for form, name in _KINDS:
        if isinstance(value, form):
            return name
    return "null" if value is None else "an extension type"


_KINDS: tuple[tuple[type, str], ...] = (
    (str, "a string"),
    (bool, "a boolean"),
    (int, "a number"),
    (float, "a number"),
    (list, "an array"),
    (bytes, "binary"),
    (msgpack.Timestamp, "a timestamp"),
)

# --- Payloads ---


def too_deep(field: str, depth: int) -> str:
    """What is wrong with a value of more than `depth` levels."""
    return f"{field}: nested deeper than {depth} arrays and objects; send it flatter"


_Scalar: TypeAlias = str | int | float | bool | None
_Flat: TypeAlias = _Scalar | list[_Scalar] | dict[str, _Scalar]
_Nested: TypeAlias = _Scalar | list[_Flat] | dict[str, _Flat]
_Shallow: TypeAlias = _Scalar | list[_Nested] | dict[str, _Nested]
_SHALLOW_DEPTH = 3
_BRACKET, _BRACE = b"[{"
_read_shallow = msgspec.msgpack.Decoder(_Shallow).decode


def payload_fault(form: Format, payload: bytes, depth: int, elements: int) -> str | None:
    """What is wrong with a payload: more than `elements`, nested deeper than `depth` levels (at least 1), MessagePack that is none inside.

    Only for a payload whose syntax was checked when the envelope was read: msgspec does that for what it leaves `Raw`.
    """
    if len(payload) > elements and crowded(form, payload, elements):
        return too_many("payload", elements)
    if form is _JSON:
        # An offer is one object of strings: two searches (for numbers, twice as fast as for bytes) end it in 0.1 us; counting takes 0.8.
        if _BRACKET not in payload and payload.rfind(_BRACE) < 1:
            return None
        return too_deep("payload", depth) if _json_depth(payload, depth) > depth else None
    if depth >= _SHALLOW_DEPTH:
        try:
            _read_shallow(payload)
        except (ValueError, RecursionError):
            pass  # deeper, or with keys and types that are rare but allowed, or bad: the exact reading below tells
        else:
            return None
    return _msgpack_fault(payload, depth)


_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # as signed bytes: one level in, one level out


def _json_depth(text: bytes, enough: int) -> int:
    """How deep valid JSON text is nested; any number up to `enough` when it can be no deeper than that.

    For 2048 pairs of brackets it takes about 0.1 ms; `json.loads`, which would also tell, takes as long and fills memory.
    """
    at_most = text.count(b"[") + text.count(b"{")
    if at_most <= enough:
        return at_most
    steps = bare(text).translate(_STEPS, _NOT_BRACKETS)
    return max(accumulate(memoryview(steps).cast("b")), default=0)


def _msgpack_fault(payload: bytes, depth: int) -> str | None:
    try:
        value = unpack(payload)
    except UnicodeDecodeError:
        return "payload: a string that is not UTF-8; send what is not text as binary"
    except msgpack.StackError:
        return too_deep("payload", depth)
    except ValueError as error:
        return f"payload: not MessagePack: {error}"
    return too_deep("payload", depth) if _deeper(value, depth) else None


def _deeper(value: object, depth: int) -> bool:
    """Whether lists and `Pairs` are nested in more than `depth` levels; level by level, so that no recursion depends on the client."""
    level = [value] if isinstance(value, list) else []
    for _ in range(depth):
        if not level:
            return False
        level = [child for node in level for child in _children(node) if isinstance(child, list)]
    return bool(level)


def _children(node: list[object]) -> Iterable[object]:
    return chain.from_iterable(node) if isinstance(node, Pairs) else node
