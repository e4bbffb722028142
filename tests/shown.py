"""Frames as the protocol page shows them, read back into the events that the server would have to write so."""

from datetime import datetime
from typing import TYPE_CHECKING, cast

import msgspec

from actors.events import (
    Ack,
    AckStatus,
    ErrorEvent,
    Event,
    Format,
    GoAway,
    PeerInfo,
    PeerJoined,
    PeerLeft,
    PeerList,
    Place,
    Reference,
    Relayed,
    Welcome,
)
from actors.reasons import ERRORS, ErrorCode, LeaveReason

if TYPE_CHECKING:
    from actors.runtime import BrokerRef

__all__ = ["CLIENT_TYPES", "event_of"]

CLIENT_TYPES = {"register", "offer", "answer", "candidate", "message", "heartbeat", "leave"}
NOBODY = cast("BrokerRef", None)  # the codec never speaks to a sender


class ShownPeer(msgspec.Struct):
    id: str
    group_id: str
    last_seen: datetime
    metadata: msgspec.Raw = msgspec.Raw()


class ShownPayload(msgspec.Struct):
    """The payload of any message that is the server's own."""

    peers: list[ShownPeer] = []
    peer: ShownPeer | None = None
    reason: str = ""
    code: str = ""
    message: str = ""
    retry_after_ms: int | None = None
    ref: dict[str, str] = {}
    ice_servers: msgspec.Raw = msgspec.Raw()


class ShownOwn(msgspec.Struct):
    """The payload of a message that v2 has alone; of a list its part."""

    own: Place | None = msgspec.field(name="self", default=None)
    resumed: bool = False
    connection_id: str = ""
    heartbeat: dict[str, int] = {}
    limits: dict[str, int | float] = {}
    id: str = ""
    status: str = ""
    reason: str = ""
    deadline_ms: int = 0
    reconnect_after_ms: int = 0


class ShownFrame(msgspec.Struct):
    type: str
    source_id: str = ""
    target_id: str = ""
    id: str | None = None
    payload: msgspec.Raw = msgspec.Raw()


def event_of(line: str) -> Event:
    """The event that the server would have to write as this frame."""
    frame = msgspec.json.decode(line, type=ShownFrame)
    if frame.type in CLIENT_TYPES:
        payload = bytes(frame.payload) or None
        return Relayed(frame.type, frame.source_id, frame.target_id or None, payload, Format.JSON, NOBODY, frame.id)
    own = msgspec.json.decode(frame.payload, type=ShownOwn)
    if frame.type in {"welcome", "goaway", "ack"}:
        return own_of(frame.type, own)
    shown = msgspec.json.decode(frame.payload, type=ShownPayload)
    match frame.type:
        case "peer_list":
            return PeerList(tuple(map(info_of, shown.peers)), own.own, own.resumed, bytes(shown.ice_servers) or None)
        case "error":
            code = ErrorCode(shown.code)
            return ErrorEvent(code, shown.message, ERRORS[code].temporary, Reference(**shown.ref), shown.retry_after_ms)
    assert shown.peer is not None
    info = info_of(shown.peer)
    return PeerJoined(info, {}) if frame.type == "peer_joined" else PeerLeft(info, LeaveReason(shown.reason), {})


def own_of(type_: str, own: ShownOwn) -> Event:
    match type_:
        case "welcome":
            return Welcome(own.connection_id, own.heartbeat["interval_ms"], own.heartbeat["expire_ms"], own.limits)
        case "goaway":
            return GoAway(own.reason, own.deadline_ms, own.reconnect_after_ms)
        case _:
            return Ack(own.id, AckStatus(own.status))


def info_of(peer: ShownPeer) -> PeerInfo:
    return PeerInfo(peer.id, peer.group_id, peer.last_seen.timestamp(), bytes(peer.metadata) or None)
