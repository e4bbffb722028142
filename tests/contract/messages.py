"""Every message of the contract: who sends it, in which profiles, what is in it."""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from gateway import announcement, registration, wire
from tests.contract.schema import Schema, const, of_struct, ref
from tests.sources import ROOT

__all__ = ["MESSAGES", "Message", "definitions", "envelope"]

Sender = Literal["client", "server"]

_EXAMPLES = [
    (match[1], json.loads(line))
    for match in re.finditer(r"^```json (client|server)\n((?s:.*?))^```$", (ROOT / "docs" / "protocol.md").read_text(), re.MULTILINE)
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
        return f"{stem}ToServer" if self.sender == "client" else f"{stem}ToClient"

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
        "ice": {"type": "boolean", "description": "Whether the answer shall tell the ICE servers."},
    },
)

_ICE = {
    "description": "RTCIceServer of W3C's WebRTC, for whoever asked; where the operator has configured some.",
    "type": "array",
    "items": {"type": "object", "required": ["urls"]},
}

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
)


def definitions() -> dict[str, Schema]:
    """The payloads of the server's own messages, and their parts, by name."""
    peer = of_struct(
        announcement._Peer,  # noqa: SLF001 - the structures are the one place that says what is written
        {"id": ref("Id"), "group_id": ref("Id"), "last_seen": ref("Time"), "metadata": ref("Opaque")},
        "Its keys come in this order. metadata is absent when the peer registered without any.",
    )
    error = {
        "code": ref("ErrorCode"),
        "message": {"description": "For people; may change.", "type": "string", "minLength": 1},
        "temporary": {"description": "Whether the same message may succeed later.", "type": "boolean"},
        "retry_after_ms": {"description": "Not before so many milliseconds.", "type": "integer", "minimum": 0},
        "ref": ref("Ref"),
    }
    about = "Which message the error is about, as far as it could be read; empty when it is about none."
    return {
        "Peer": peer,
        "PeerList": of_struct(announcement._Peers, {"peers": {"type": "array", "items": ref("Peer")}, "ice_servers": _ICE}),  # noqa: SLF001 - as above
        "PeerJoined": of_struct(announcement._Joined, {"peer": ref("Peer")}),  # noqa: SLF001 - as above
        "PeerLeft": of_struct(announcement._Left, {"peer": ref("Peer"), "reason": ref("LeaveReason")}),  # noqa: SLF001 - as above
        "Ref": of_struct(announcement._Ref, {name: ref("Id") for name in ("id", "type", "target_id")}, about),  # noqa: SLF001 - as above
        "Error": of_struct(announcement._Error, error),  # noqa: SLF001 - as above
    }


def envelope(message: Message) -> Schema:
    """The schema of a whole message."""
    if message.sender == "client":
        return _required(of_struct(wire._Envelope, _of_client(message)), *_needs(message))  # noqa: SLF001 - what is read of any message
    members = _of_server(message)
    left_out = {"id", "payload"} - set(members)
    return _required(of_struct(wire._Frame, members, but=left_out), *(() if message.addressed else ("payload",)))  # noqa: SLF001 - as above


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


def _required(schema: Schema, *names: str) -> Schema:
    known = schema.get("required", [])
    return schema | {"required": [*known, *(name for name in names if name not in known)]}
