"""Transcripts: the rows of the contract, with the steps that show whether a server keeps them; `transcripts/README.md` is the format."""

from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import ClassVar, Literal, TypeAlias

import msgspec

from gateway.conformance.facts import LIMITS, Amount, Count, Repeat, Text

__all__ = [
    "Close",
    "Closed",
    "Connect",
    "Drop",
    "Format",
    "Join",
    "Ping",
    "Pong",
    "Raw",
    "Receive",
    "Request",
    "Send",
    "Silence",
    "Step",
    "Transcript",
    "Wrong",
    "load",
    "read",
    "registered",
]

Format: TypeAlias = Literal["json", "msgpack"]
Profile: TypeAlias = Literal["v1", "v2"]
Policy: TypeAlias = Literal["challenge", "newest", "reject"]


class Wrong(ValueError):
    """A transcript that cannot be played; the text names its file, its row and what is wrong."""


class _Step(msgspec.Struct, tag_field="do", tag=str.lower, forbid_unknown_fields=True):
    """One step. Nearly all are about one connection, which a row calls by a name."""


class _Spoken(_Step):
    """A step of one connection."""

    who: str
    opens: ClassVar[bool] = False


class Connect(_Spoken):
    """Open a WebSocket; `chosen`: the subprotocol that the answer names. `pongs` false: a client that answers nothing by itself."""

    opens: ClassVar[bool] = True
    offers: list[str] = []
    chosen: str | None = None
    pongs: bool = True


class Join(_Spoken):
    """Connect, register under its own name, receive the peer_list (of `peers`, in order); then `heard_by` receive peer_joined."""

    opens: ClassVar[bool] = True
    group: str = "$group"
    name: str | None = None
    format: Format = "json"
    pongs: bool = True
    peers: list[str] | None = None
    heard_by: list[str] = []


class Send(_Spoken):
    """Send one message: JSON as it is written, the text of a text frame, a value in MessagePack, or the bytes of a binary frame."""

    json: msgspec.Raw = msgspec.Raw()
    text: Text | None = None
    msgpack: msgspec.Raw = msgspec.Raw()
    hex: str | None = None
    times: Count = 1


class Raw(_Spoken):
    """Put bytes on the wire as they are; hex, in pieces."""

    hex: Text


class Ping(_Spoken):
    """Send a ping."""

    text: str = ""


class Pong(_Spoken):
    """Receive a pong, which carries this."""

    text: str = ""


class Receive(_Spoken):
    """Receive the next message: all that is given has to hold of it. `keep`: what of it later steps call by a name, by its path."""

    json: msgspec.Raw = msgspec.Raw()
    contains: Text | None = None
    matches: str | None = None
    msgpack: msgspec.Raw = msgspec.Raw()
    contains_hex: str | None = None
    keep: dict[str, str] = {}
    times: Count = 1
    within: Count | None = None


class Silence(_Spoken):
    """Receive nothing for a while."""

    seconds: float = 0.3


class Closed(_Spoken):
    """Receive a close frame with this code."""

    code: int
    within: Count | None = None


class Close(_Spoken):
    """Send a close frame."""

    code: int = 1000


class Drop(_Spoken):
    """End TCP as a process that crashes does (RST)."""


class Request(_Step):
    """Ask over plain HTTP; `handshake` adds the headers of a WebSocket's."""

    path: str
    status: int
    method: str = "GET"
    handshake: bool = False
    headers: dict[str, str] = {}
    body: str | None = None
    json: msgspec.Raw = msgspec.Raw()
    answers: dict[str, str] = {}


Spoken: TypeAlias = Connect | Join | Send | Raw | Ping | Pong | Receive | Silence | Closed | Close | Drop
Step: TypeAlias = Spoken | Request


class Transcript(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One row: what is demanded, in one sentence, and the steps that show it.

    Attributes:
        rule: the section of ``docs/protocol.md`` that demands it.
        slow: it takes longer than ten seconds.
        on_duplicate: holds only where the operator's choice for doubled peer ids is this one.
    """

    name: str
    demands: str
    rule: str
    steps: list[Step]
    profile: Profile = "v1"
    slow: bool = False
    on_duplicate: Policy | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    about: list[str]
    rows: list[Transcript]


def registered(name: str, group: str) -> dict[str, object]:
    """The message of a peer that joins."""
    return {"type": "register", "payload": {"peer_id": name, "group_id": group}}


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
