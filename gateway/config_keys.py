"""A config tree seen as a flat table of dotted keys, and how the value of one key is taken from TOML or from text.

It names no key. The keys are the frozen structs of `gateway.config`, whose annotations say all the rest:
`msgspec.Meta` holds range, pattern and description; its `title` is what an error calls a value that has a pattern, and
its `extra` holds the unit, and where a value that is not set comes from (`inherits`: a dotted key, or a section for all that is in it, in
which some keys may be `barred`, each with the reason). The annotation `Secret` marks what no output may show.
"""

import math
import tomllib
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct

from gateway.config_text import Secret, expected, got, split

__all__ = ["PREFIX", "InvalidValue", "Key", "Names", "extra_of", "fields_of", "keys_of", "section_of", "sections_of", "struct_of_tables"]

PREFIX = "PSYNC_"
Names = tuple[str, ...]


class InvalidValue(ValueError):
    """A value is not what its key takes; the text says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Key:
    """One value of the config: where it is, what it takes, what it is when nobody sets it.

    Attributes:
        path: the names from the root to the value, ``("limits", "errors")``.
        kind: the annotation as written.
        default: the value when none is given, `msgspec.NODEFAULT` when one must be given.
        inherits: the key whose value it has when none is given; empty when that is `default`.
        barred: why nobody may set it here; empty when one may.

    """

    path: Names
    kind: object
    default: object
    inherits: Names = ()
    barred: str = ""

    @property
    def name(self) -> str:
        """The path as in a config file: ``limits.errors``."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """The name in the environment: ``PSYNC_LIMITS__ERRORS``."""
        return PREFIX + "__".join(self.path).upper()

    @property
    def unit(self) -> str:
        """The unit in words, ``seconds``; empty where there is none."""
        return str(extra_of(self.kind).get("unit", ""))

    @property
    def description(self) -> str:
        """What the value is for."""
        return next((meta.description for meta in split(self.kind)[1] if meta.description), "")

    @property
    def is_secret(self) -> bool:
        """Whether no output may show it."""
        return split(self.kind)[0] is Secret

    @property
    def required(self) -> bool:
        """Whether somebody must give the value."""
        return self.default is NODEFAULT

    def convert(self, raw: object) -> object:
        """The value for what a TOML file gave.

        Raises:
            InvalidValue: it has the wrong type or is out of range.

        """
        return self.default if self._is_unset(raw) else _convert(self.kind, raw, strict=True)

    def parse(self, text: str) -> object:
        """The value for text from the environment or a flag; a list is ``a,b`` or a TOML array.

        Raises:
            InvalidValue: the text is no such value.

        """
        if self._is_unset(text):
            return self.default
        is_list = get_origin(split(self.kind)[0]) is tuple
        return _convert(self.kind, _items(text) if is_list else text, strict=False)

    def _is_unset(self, raw: object) -> bool:
        """Whether it says that there is no secret, where there need not be one."""
        return raw == "" and isinstance(self.default, Secret) and not self.default


def keys_of(tree: type[Struct], above: Names = (), inherits: Names = (), barred: Mapping[str, str] | None = None) -> Iterator[Key]:
    """Every key of a tree of structs, in the order in which they are written down; not those of tables that an operator adds.

    `inherits` is the section that its values come from when they are not set, `barred` what nobody may set here, and why.
    """
    for field in fields_of(tree):
        path, extra = (*above, field.name), extra_of(field.type)
        source = tuple(extra["inherits"].split(".")) if "inherits" in extra else (*inherits, field.name) if inherits else ()
        section, _ = section_of(field.type)
        if section is not None:
            yield from keys_of(section, path, source, extra.get("barred"))
        elif struct_of_tables(field.type) is None:
            yield Key(path, field.type, field.default, source, (barred or {}).get(field.name, ""))


def sections_of(tree: type[Struct], above: Names = ()) -> Iterator[tuple[Names, bool]]:
    """The path of every section of a tree, and whether it may be absent."""
    for field in fields_of(tree):
        section, optional = section_of(field.type)
        if section is not None:
            yield (*above, field.name), optional
            yield from sections_of(section, (*above, field.name))


def section_of(kind: object) -> tuple[type[Struct] | None, bool]:
    """The struct that an annotation names, if it names one, and whether None may stand in its place."""
    base = split(kind)[0]
    members = get_args(base) if get_origin(base) in {Union, types.UnionType} else (base,)
    struct = next((member for member in members if isinstance(member, type) and issubclass(member, Struct)), None)
    return struct, types.NoneType in members


def struct_of_tables(kind: object) -> type[Struct] | None:
    """The struct of the tables that an operator adds, if the annotation is a dict or a tuple of them."""
    base = split(kind)[0]
    items = get_args(base)[{dict: 1, tuple: 0}[get_origin(base)] :][:1] if get_origin(base) in {dict, tuple} else ()
    return next((item for item in items if isinstance(item, type) and issubclass(item, Struct)), None)


def extra_of(kind: object) -> dict[str, Any]:
    """What the annotation says beyond what msgspec knows."""
    return next((meta.extra for meta in split(kind)[1] if meta.extra), {})


@cache
def fields_of(tree: type[Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """The fields of a struct. Remembered: there may be a thousand tables of one kind, and msgspec asks the annotations anew for each."""
    return msgspec.structs.fields(tree)


def _convert(kind: object, raw: object, *, strict: bool) -> object:
    """The value for `raw`. The judge is msgspec; the words are ours, because its own quote no value."""
    base = split(kind)[0]
    if get_origin(base) is tuple and isinstance(raw, list):
        return _convert_items(get_args(base)[0], raw, strict=strict)
    try:
        value: object = msgspec.convert(raw, kind, strict=strict, dec_hook=_secret)
    except msgspec.ValidationError:
        raise InvalidValue(_refusal(kind, raw)) from None
    if not _is_finite(value) or not _is_unicode(value):
        raise InvalidValue(_refusal(kind, raw))
    return value


def _convert_items(kind: object, items: list[object], *, strict: bool) -> tuple[object, ...]:
    values, faults = [], []
    for number, item in enumerate(items, 1):
        try:
            values.append(_convert(kind, item, strict=strict))
        except InvalidValue as error:
            faults.append(f"item {number}: {error}")
    if faults:
        raise InvalidValue("; ".join(faults))
    return tuple(values)


def _refusal(kind: object, raw: object) -> str:
    if split(kind)[0] is Secret:
        return "expected text that is not empty (what came is a secret and not shown)"
    return f"expected {expected(kind)}, got {got(raw)}"


def _secret(kind: type, raw: object) -> Secret:
    if kind is not Secret or not isinstance(raw, str) or not raw:
        raise ValueError
    return Secret(raw)


def _is_finite(value: object) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _is_unicode(value: object) -> bool:
    """False for lone surrogates, by which Python carries bytes of the environment that are not UTF-8."""
    text = value.reveal() if isinstance(value, Secret) else value
    return not isinstance(text, str) or not any("\ud800" <= character <= "\udfff" for character in text)


def _items(text: str) -> object:
    if not text.lstrip().startswith("["):
        return [item.strip() for item in text.split(",")] if text.strip() else []
    try:
        return tomllib.loads(f"list = {text}")["list"]
    except tomllib.TOMLDecodeError:
        return text
