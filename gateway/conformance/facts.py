"""Facts: what a row leaves open until it is played: names that no other run uses, and sizes that an operator may change."""

import re
import secrets
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

import msgspec

__all__ = ["LIMITS", "Amount", "Count", "Facts", "Repeat", "Text"]

LIMITS: Mapping[str, float] = MappingProxyType(
    {
        "message_bytes": 65_536,
        "json_depth": 64,
        "elements": 2048,
        "id_length": 128,
        "metadata_bytes": 1024,
        "registers_burst": 5,
        "register_timeout": 10.0,
        "challenge_timeout": 1.0,
        "resume_window": 30.0,
    }
)
"""The limits that rows come up to, with the defaults of ``docs/protocol.md``: Limits. A welcome, and then `--limit`, say otherwise."""

_NAME = re.compile(r"\$([a-z_]+)")


class Amount(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """As much as a limit allows, and `more`."""

    limit: str
    more: int = 0


Count: TypeAlias = int | Amount


class Repeat(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A text that is too long to be written out."""

    repeat: str
    times: Count


Text: TypeAlias = str | list[str | Repeat]


class Facts:
    """The facts of one row.

    A text calls them `$group` and `$elsewhere`, two groups of this row alone, `$path`, the path of the WebSocket, `$token`, the token that
    was given, and by the names under which something was kept.
    """

    def __init__(self, limits: Mapping[str, float], path: str, token: str | None = None) -> None:
        self._limits = limits
        # A server may be used by others meanwhile, and by a second run of this command.
        unique = secrets.token_hex(6)
        self._names = {"group": f"conformance-{unique}", "elsewhere": f"conformance-{unique}-elsewhere", "path": path}
        if token is not None:
            self._names["token"] = token

    def keep(self, name: str, value: str) -> None:
        """Remember what a server has said; later steps name it."""
        self._names[name] = value

    def count(self, count: Count) -> int:
        """How many a row asks for."""
        return count if isinstance(count, int) else int(self._limits[count.limit]) + count.more

    def seconds(self, count: Count) -> float:
        """How long a row waits."""
        return count if isinstance(count, int) else self._limits[count.limit] + count.more

    def text(self, text: Text) -> str:
        """A text as it is sent, or demanded.

        Raises:
            LookupError: it names what nobody kept.

        """
        parts: Sequence[str | Repeat] = [text] if isinstance(text, str) else text
        written = "".join(part if isinstance(part, str) else part.repeat * self.count(part.times) for part in parts)
        return _NAME.sub(lambda match: self._names[match[1]], written)

    def value(self, value: object) -> object:
        """A decoded value with every string in it written out, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.value(member) for key, member in value.items()}
        return value
