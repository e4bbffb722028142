"""Every message of the contract: who sends it, in which profiles, what is in it."""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from gateway import registration, wire
from tests.contract.schema import Schema, const, of_struct, ref
from tests.sources import ROOT

__all__ = ["MESSAGES", "Message", "envelope"]

Sender = Literal["client", "server", "v2 server"]
"""Clients say the same in both profiles; what they hear differs."""

_EXAMPLES = [
    (match[1], json.loads(line))
    for match in re.finditer(
        r"^```json (client|server|v2 server)\n((?s:.*?))^```$", (ROOT / "docs" / "protocol.md").read_text(), re.MULTILINE
    )
    for line in match[2].splitlines()
]


class Message(NamedTuple):
    """One message. `addressed`: a peer says it to peers, through the server. `payload` is None where it may be anything or nothing."""

    kind: str
    sender: Sender
    summary: str
    payload: Schema | None = None
    addressed: bool = False

    @property
    def name(self) -> str:
        """Its name in the document: one kind may be two messages, that of a client and that of the server."""
        stem = "".join(part.capitalize() for part in self.kind.split("_"))
        return stem + {"client": "ToServer", "server": "ToClient", "v2 server": "ToV2Client"}[self.sender]

    @property
    def profiles(self) -> list[str]:
        """Where it is found."""
        return {"client": ["v1", "v2"], "server": ["v1"], "v2 server": ["v2"]}[self.sender]

    @property
    def examples(self) -> list[dict[str, Any]]:
        """Those of docs/protocol.md."""
        return [{"payload": frame} for sender, frame in _EXAMPLES if sender == self.sender and frame["type"] == self.kind]


_REGISTER = of_struct(
    registration._Plain,  # noqa: SLF001 - the one place that says what is read of a register
    {
        "peer_id": ref("Id"),
        "group_id": ref("Id"),
        "metadata": {"description": "Any value that both JSON and MessagePack can say; at most limits.metadata_bytes of JSON."},
        "session": {"description": "v2: that of an earlier connection, to take its place back. One that is not right counts as none."},
        "ice": {"description": "Whether peer_list shall have ice_servers; a v2 client need not ask.", "type": "boolean"},
    },
)

MESSAGES = (
    Message("register", "client", "Joins a group. The answer is peer_list, or an error; the others get peer_joined.", _REGISTER),
    Message("offer", "client", "To target_id, which must be in the group.", addressed=True),
    Message("answer", "client", "To target_id, which must be in the group.", addressed=True),
    Message("candidate", "client", "To target_id, which must be in the group.", addressed=True),
    Message("message", "client", "App data: to target_id, or to everyone else in the group.", addressed=True),
    Message("heartbeat", "client", "A sign of life. No answer."),
    Message("leave", "client", "Leaves the group and keeps the connection. No answer."),
    Message("peer_list", "server", "The first answer to register: everyone who joined before, oldest first.", ref("PeerList")),
    Message("peer_joined", "server", "To everyone who was there before.", ref("PeerJoined")),
    Message("peer_left", "server", "To everyone still there.", ref("PeerLeft")),
    Message("error", "server", "Something that was sent failed, or something befell the client.", ref("Error")),
    Message("offer", "server", "What another peer sent.", addressed=True),
    Message("answer", "server", "What another peer sent.", addressed=True),
    Message("candidate", "server", "What another peer sent.", addressed=True),
    Message("message", "server", "What another peer sent, to this one or to the group.", addressed=True),
    Message("welcome", "v2 server", "The first frame.", ref("Welcome")),
    Message("peer_list", "v2 server", "The answer to register: everyone who joined before, and the client's own place.", ref("V2PeerList")),
    Message("peer_joined", "v2 server", "To everyone who was there before.", ref("PeerJoined")),
    Message("peer_left", "v2 server", "To everyone still there.", ref("PeerLeft")),
    Message("error", "v2 server", "Something that was sent failed, or something befell the client.", ref("Error")),
    Message("ack", "v2 server", "Something that was sent with an id went well.", ref("Ack")),
    Message("goaway", "v2 server", "The server goes down: when it closes the connection, and when to come back.", ref("GoAway")),
    Message("offer", "v2 server", "What another peer sent.", addressed=True),
    Message("answer", "v2 server", "What another peer sent.", addressed=True),
    Message("candidate", "v2 server", "What another peer sent.", addressed=True),
    Message("message", "v2 server", "What another peer sent, to this one or to the group.", addressed=True),
)


def envelope(message: Message) -> Schema:
    """The schema of a whole message."""
    if message.sender == "client":
        return _required(of_struct(wire._Envelope, _of_client(message)), *_needs(message))  # noqa: SLF001 - what is read of any message
    members = _of_server(message) if message.sender == "server" else _of_v2_server(message)
    struct = wire._Frame if message.sender == "server" else wire._LeanFrame  # noqa: SLF001 - as above
    left_out = {"source_id", "target_id", "id", "payload"} - set(members)
    return _required(of_struct(struct, members, but=left_out), *(() if message.addressed else ("payload",)))


def _of_client(message: Message) -> Mapping[str, Schema]:
    target = ref("Id" if message.addressed and message.kind != "message" else "OptionalId")
    return {
        "type": const(message.kind),
        "source_id": {"description": "Leave it out; if present, the registered id.", "allOf": [ref("OptionalId")]},
        "target_id": target,
        "id": ref("OptionalId"),
        "payload": message.payload or ref("Opaque"),
    }


def _needs(message: Message) -> tuple[str, ...]:
    target = ("target_id",) if message.addressed and message.kind != "message" else ()
    return ("type", *target, *(("payload",) if message.payload else ()))


def _of_server(message: Message) -> Mapping[str, Schema]:
    if not message.addressed:
        return {"type": const(message.kind), "source_id": const(""), "target_id": const(""), "payload": message.payload or {}}
    whole_group = {"anyOf": [ref("Id"), const("", "to the whole group")]}
    return {
        "type": const(message.kind),
        "source_id": ref("Id"),
        "target_id": whole_group if message.kind == "message" else ref("Id"),
        "id": ref("Id"),
        "payload": ref("Opaque"),
    }


def _of_v2_server(message: Message) -> Mapping[str, Schema]:
    """What is empty is left out."""
    if not message.addressed:
        return {"type": const(message.kind), "payload": message.payload or {}}
    return {"type": const(message.kind), "source_id": ref("Id"), "target_id": ref("Id"), "id": ref("Id"), "payload": ref("Opaque")}


def _required(schema: Schema, *names: str) -> Schema:
    known = schema.get("required", [])
    return schema | {"required": [*known, *(name for name in names if name not in known)]}
