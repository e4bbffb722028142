"""The payloads of the server's own messages, from the structures that write them."""

from actors.events import AckStatus
from gateway import announcement
from gateway.ice import IceServer
from tests.contract.schema import Schema, codes, of_struct, ref

__all__ = ["definitions"]


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
    listed = {"peers": {"type": "array", "items": ref("Peer")}, "ice_servers": ref("IceServers")}
    about = "Which message the error is about, as far as it could be read; empty when it is about none."
    return {
        "Peer": peer,
        "PeerList": of_struct(announcement._Peers, listed),  # noqa: SLF001 - as above
        "IceServers": _ice_servers(),
        "PeerJoined": of_struct(announcement._Joined, {"peer": ref("Peer")}),  # noqa: SLF001 - as above
        "PeerLeft": of_struct(announcement._Left, {"peer": ref("Peer"), "reason": ref("LeaveReason")}),  # noqa: SLF001 - as above
        "Ref": of_struct(announcement._Ref, {name: ref("Id") for name in ("id", "type", "target_id")}, about),  # noqa: SLF001 - as above
        "Error": of_struct(announcement._Error, error),  # noqa: SLF001 - as above
        **_definitions_of_v2(),
    }


def _ice_servers() -> Schema:
    text = {"type": "string", "minLength": 1}
    server = of_struct(IceServer, {"urls": {"type": "array", "items": text, "minItems": 1}, "username": text, "credential": text})
    about = (
        "STUN and TURN servers in the shape of the W3C's RTCIceServer; there when the operator names some, for clients that ask for them."
    )
    return {"description": about, "type": "array", "items": server}


def _definitions_of_v2() -> dict[str, Schema]:
    place = {
        "id": ref("Id"),
        "group_id": ref("Id"),
        "session": {"description": "A secret: whoever knows it may speak for this peer.", "type": "string", "minLength": 1},
        "sequence": {"description": "Its number in the group's order of joins.", "type": "integer", "minimum": 0},
    }
    milliseconds = {"description": "In milliseconds.", "type": "integer", "minimum": 1}
    slot = {"description": "Milliseconds from now.", "type": "integer", "minimum": 0}
    limits = {
        "description": "By the names of x-limits; and resume_window: seconds for which a lost place is kept.",
        "type": "object",
        "additionalProperties": {"type": "number"},
    }
    statuses = {
        AckStatus.DELIVERED: "written whole to the socket of the target, or on its way to everyone of the group",
        AckStatus.QUEUED: "held for a peer that lost its connection and may come back",
    }
    listed = {
        "peers": {"type": "array", "items": ref("Peer")},
        "self": ref("Place"),
        "ice_servers": ref("IceServers"),
        "resumed": {"description": "Whether the place is an earlier one, taken back.", "type": "boolean"},
    }
    heartbeat = ref("Heartbeat")
    return {
        "Place": of_struct(announcement._OwnPlace, place),  # noqa: SLF001 - as above
        "V2PeerList": of_struct(announcement._Listed, listed),  # noqa: SLF001 - as above
        "Heartbeat": of_struct(
            announcement._Heartbeat,  # noqa: SLF001 - as above
            {"interval_ms": milliseconds, "expire_ms": milliseconds},
            "How often the client is pinged, and after what silence it is away.",
        ),
        "Welcome": of_struct(
            announcement._Welcome,  # noqa: SLF001 - as above
            {"connection_id": {"type": "string", "minLength": 1}, "heartbeat": heartbeat, "limits": limits},
        ),
        "GoAway": of_struct(
            announcement._GoAway,  # noqa: SLF001 - as above
            {"reason": {"type": "string", "minLength": 1}, "deadline_ms": slot, "reconnect_after_ms": slot},
        ),
        "Ack": of_struct(announcement._Ack, {"id": ref("Id"), "status": ref("AckStatus")}),  # noqa: SLF001 - as above
        "AckStatus": codes("string", "What became of it.", {status.value: statuses[status] for status in AckStatus}),
    }
