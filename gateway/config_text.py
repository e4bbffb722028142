"""Config values as text: TOML to read and to write back, and words for errors. No text here gives a secret away."""

import hmac
import json
import re
from collections.abc import Iterator
from operator import attrgetter
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta, Struct

__all__ = ["Secret", "expected", "got", "render", "split", "toml"]

_SHOWN_CHARACTERS = 60
_SHOWN_BITS = 64  # Python refuses to write out an integer of many thousand digits
_MASK = "***"
_URL_PASSWORD = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_NOUNS = {bool: "true or false", int: "an integer", float: "a number", str: "text"}
_KINDS: dict[type, str] = {list: "a list", dict: "a table"}


class Secret:
    """Text that is never shown by accident: only `reveal` gives it away, not `repr`, `str`, a format or an encoder.

    `file` is where it is written out, empty for a secret from elsewhere. It makes no difference to what the secret is.
    """

    __slots__ = ("_value", "file")

    def __init__(self, value: str, file: str = "") -> None:
        self._value = value
        self.file = file

    def reveal(self) -> str:
        """The text itself, for the one place that needs it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({_MASK})"

    def __str__(self) -> str:
        return _MASK if self._value else ""

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        # In constant time, because a token from the network may be what this is compared with.
        return isinstance(other, Secret) and hmac.compare_digest(self._bytes(), other._bytes())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def _bytes(self) -> bytes:
        return self._value.encode("utf-8", "surrogatepass")


def split(kind: object) -> tuple[Any, tuple[Meta, ...]]:
    """An annotation's type and what `Annotated` says about it."""
    if get_origin(kind) is not Annotated:
        return kind, ()
    base, *metas = get_args(kind)
    return base, tuple(metas)


def expected(kind: object) -> str:
    """What an annotation takes, in words: ``an integer from 1 to 100 (messages)``."""
    base, metas = split(kind)
    title = next((meta.title for meta in metas if meta.title), None)
    if title:
        return title
    if get_origin(base) is Literal:
        return f"one of {', '.join(map(toml, get_args(base)))}"
    if get_origin(base) is tuple:
        return f"a list, each item {expected(get_args(base)[0])}"
    unit = next((f" ({meta.extra['unit']})" for meta in metas if meta.extra and meta.extra.get("unit")), "")
    return _NOUNS[base] + "".join(map(_range, metas)) + unit


def got(value: object) -> str:
    """A wrong value in words, cut, and without the password of a URL: ``the string 'abc'``."""
    if isinstance(value, bool):
        return f"the boolean {toml(value)}"
    if isinstance(value, int) and value.bit_length() > _SHOWN_BITS:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, int | float):
        return f"the number {value!r}"
    if isinstance(value, str):
        text = _URL_PASSWORD.sub(_MASK, value)
        return f"the string {text[:_SHOWN_CHARACTERS]!r}{'…' * (len(text) > _SHOWN_CHARACTERS)}"
    return _KINDS.get(type(value), "a date or time")


def toml(value: object, *, masked: bool = True) -> str:
    """One value as TOML; unless `masked` is off, secrets and passwords in URLs are ``***``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, tuple):
        return f"[{', '.join(toml(item, masked=masked) for item in value)}]"
    text = value.reveal() if isinstance(value, Secret) and not masked else str(value)
    # The escapes of JSON are those of TOML, but for DEL, which JSON leaves bare and TOML forbids.
    return json.dumps(_URL_PASSWORD.sub(_MASK, text) if masked else text, ensure_ascii=False).replace("\x7f", "\\u007f")


def render(config: Struct, *, masked: bool = True) -> str:
    """The whole config as TOML. Unmasked it reads back as what it was."""
    return "\n\n".join(_sections(config, (), masked=masked)) + "\n"


def _sections(struct: Struct, path: tuple[str, ...], *, masked: bool) -> Iterator[str]:
    lines = [f"[{'.'.join(path)}]"] if path else []
    below: list[str] = []
    for field in msgspec.structs.fields(type(struct)):
        value, where = getattr(struct, field.name), (*path, field.name)
        if isinstance(value, Struct):
            below += _sections(value, where, masked=masked)
        elif isinstance(value, dict):
            for name, table in value.items():
                below += _table(table, f"[{'.'.join((*where, name))}]", (*where, name), struct, masked=masked)
        elif _is_tables(value):
            for item in value:
                below += _table(item, f"[[{'.'.join(where)}]]", where, struct, masked=masked)
        elif value is None:
            below.append(f"# [{'.'.join(where)}] is not set")
        else:
            lines.append(f"{field.name} = {toml(value, masked=masked)}")
    if lines:
        yield "\n".join(lines)
    yield from below


def _is_tables(value: object) -> bool:
    return isinstance(value, tuple) and any(isinstance(item, Struct) for item in value)


def _table(table: Struct, header: str, path: tuple[str, ...], config: Struct, *, masked: bool) -> Iterator[str]:
    """A table that an operator added. Only what it sets itself: the rest is as it is elsewhere, and some of that nobody may set in it."""
    lines, below = [header], list[str]()
    for field in msgspec.structs.fields(type(table)):
        value, where = getattr(table, field.name), (*path, field.name)
        inherits = next((meta.extra["inherits"] for meta in split(field.type)[1] if meta.extra and "inherits" in meta.extra), "")
        usual = attrgetter(inherits)(config) if inherits else field.default
        if _is_tables(value):
            for item in value:
                below += _table(item, f"[[{'.'.join(where)}]]", where, config, masked=masked)
        elif isinstance(value, Struct) and usual is None:
            below += _table(value, f"[{'.'.join(where)}]", where, config, masked=masked)
        elif isinstance(value, Struct):
            own = [name for name in value.__struct_fields__ if getattr(value, name) != getattr(usual, name, None)]
            shown = [f"{name} = {toml(getattr(value, name), masked=masked)}" for name in own]
            below += ["\n".join([f"[{'.'.join(where)}]", *shown])] if shown else []
        elif value != usual:
            lines.append(f"{field.name} = {toml(value, masked=masked)}")
    yield "\n".join(lines)
    yield from below


def _range(meta: Meta) -> str:
    if meta.ge is not None and meta.le is not None:
        return f" from {meta.ge} to {meta.le}"
    return " that is not empty" if meta.min_length else ""
