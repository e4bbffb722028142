"""Steps: what a row does and demands, one structure for each `do`. `transcripts/README.md` tells what their keys mean."""

from typing import ClassVar, Literal, TypeAlias

import msgspec

from gateway.conformance.facts import Count, Text

__all__ = [
    "Close",
    "Closed",
    "Connect",
    "Drop",
    "Format",
    "Join",
    "Ping",
    "Pong",
    "Profile",
    "Raw",
    "Receive",
    "Request",
    "Send",
    "Silence",
    "Spoken",
    "Step",
    "registered",
]

Format: TypeAlias = Literal["json", "msgpack"]
Profile: TypeAlias = Literal["v1", "v2"]


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
    """Connect (v2: receive the welcome), register, receive the peer_list (of `peers`, in order); then `heard_by` receive peer_joined."""

    opens: ClassVar[bool] = True
    group: str = "$group"
    name: str | None = None
    profile: Profile = "v1"
    format: Format = "json"
    pongs: bool = True
    peers: list[str] | None = None
    heard_by: list[str] = []
    keep: dict[str, str] = {}


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
    """Receive the next message, but for types to `skip`: all that is given has to hold of it. `keep`: what of it later steps name."""

    json: msgspec.Raw = msgspec.Raw()
    contains: Text | None = None
    matches: str | None = None
    msgpack: msgspec.Raw = msgspec.Raw()
    contains_hex: str | None = None
    skip: list[str] = []
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
    """Ask over plain HTTP; `handshake` adds the headers of a WebSocket's, and `token` the token that was given, if one was."""

    path: str
    status: int
    method: str = "GET"
    handshake: bool = False
    token: bool = True
    headers: dict[str, str] = {}
    body: str | None = None
    json: msgspec.Raw = msgspec.Raw()
    answers: dict[str, str] = {}


Spoken: TypeAlias = Connect | Join | Send | Raw | Ping | Pong | Receive | Silence | Closed | Close | Drop
Step: TypeAlias = Spoken | Request


def registered(name: str, group: str) -> dict[str, object]:
    """The message of a peer that joins."""
    return {"type": "register", "payload": {"peer_id": name, "group_id": group}}
