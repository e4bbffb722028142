"""Transcripts: the rows of the contract, with the steps that show whether a server keeps them; `transcripts/README.md` is the format."""

from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Literal, TypeAlias

import msgspec

from gateway.conformance.facts import LIMITS, Amount, Repeat
from gateway.conformance.steps import Connect, Join, Profile, Request, Send, Step

__all__ = ["Transcript", "Wrong", "load", "read"]

Policy: TypeAlias = Literal["challenge", "newest", "reject"]


class Wrong(ValueError):
    """A transcript that cannot be played; the text names its file, its row and what is wrong."""


class Transcript(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One row: what is demanded, in one sentence, and the steps that show it.

    Attributes:
        rule: the section of ``docs/protocol.md`` that demands it.
        slow: it takes longer than ten seconds.
        token: it needs a server that demands a token, and a good one.
        on_duplicate: holds only where the operator's choice for doubled peer ids is this one.
    """

    name: str
    demands: str
    rule: str
    steps: list[Step]
    profile: Profile = "v1"
    slow: bool = False
    token: bool = False
    on_duplicate: Policy | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    about: list[str]
    rows: list[Transcript]


def load() -> list[Transcript]:
    """Every row that comes with this package, in the order of the files and in theirs.

    Raises:
        Wrong: one of them cannot be played.

    """
    found = sorted((file for file in (files(__package__) / "transcripts").iterdir() if file.name.endswith(".json")), key=lambda f: f.name)
    rows = [row for file in found for row in read(file.name, file.read_bytes())]
    if twice := {row.name for row in rows if sum(other.name == row.name for other in rows) > 1}:
        raise Wrong(f"rows of the same name: {', '.join(sorted(twice))}")
    return rows


def read(name: str, data: bytes) -> list[Transcript]:
    """The rows of one file.

    Raises:
        Wrong: one of them cannot be played.

    """
    try:
        rows = msgspec.json.decode(data, type=_File).rows
    except msgspec.DecodeError as error:
        raise Wrong(f"{name}: {error}") from None
    for row in rows:
        for fault in _faults(row):
            raise Wrong(f"{name}: {row.name}: {fault}")
    return rows


def _faults(row: Transcript) -> Iterator[str]:
    opened: set[str] = set()
    for number, step in enumerate(row.steps, 1):
        for fault in _step_faults(step, opened):
            yield f"step {number}: {fault}"
        if isinstance(step, Connect | Join):
            opened.add(step.who)


def _step_faults(step: Step, opened: Iterable[str]) -> Iterator[str]:
    if not isinstance(step, Request) and (step.who in opened) == step.opens:
        yield f"{step.who} is connected already" if step.opens else f"{step.who} is not connected"
    if isinstance(step, Send) and sum(map(bool, (bytes(step.json), step.text is not None, bytes(step.msgpack), step.hex is not None))) != 1:
        yield "send needs one of json, text, msgpack and hex"
    for amount in _amounts(step):
        if amount.limit not in LIMITS:
            yield f"no limit is called {amount.limit}; there are {', '.join(LIMITS)}"


def _amounts(step: Step) -> Iterator[Amount]:
    values: list[object] = [getattr(step, field) for field in step.__struct_fields__]
    while values:
        value = values.pop()
        if isinstance(value, Amount):
            yield value
        elif isinstance(value, Repeat):
            values.append(value.times)
        elif isinstance(value, list):
            values += value
