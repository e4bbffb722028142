"""The payloads of what the server itself tells a client (``docs/protocol.md``: Server to client).

The structures have the wire's names in the wire's order; both encoders write them as they stand.
"""

import time
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Raw, Struct, field

from actors.events import Ack, ErrorEvent, Format, GoAway, PeerInfo, PeerJoined, PeerLeft, PeerList, Welcome
from gateway.translation import json_to_msgpack, metadata_to_msgpack

__all__ = ["announcement"]


class _Peer(Struct, gc=False, omit_defaults=True):
    """Existing v1 clients find `last_seen` by its place: the order of the first three keys is part of the contract."""

    id: str
    group_id: str
    last_seen: str
    metadata: Raw | None = None


class _Peers(Struct, gc=False, omit_defaults=True):
    peers: list[_Peer]
    ice_servers: Raw | None = None


class _OwnPlace(Struct, gc=False):
    id: str
    group_id: str
    session: str
    sequence: int


class _Listed(Struct, gc=False, omit_defaults=True, kw_only=True):
    """What a v2 client gets in the place of `_Peers`."""

    peers: list[_Peer]
    own: _OwnPlace = field(name="self")
    resumed: bool = False
    ice_servers: Raw | None = None


class _Heartbeat(Struct, gc=False):
    interval_ms: int
    expire_ms: int


class _Welcome(Struct, gc=False):
    connection_id: str
    heartbeat: _Heartbeat
    limits: Mapping[str, float]


class _Ack(Struct, gc=False):
    id: str
    status: str


class _GoAway(Struct, gc=False):
    reason: str
    deadline_ms: int
    reconnect_after_ms: int


class _Joined(Struct, gc=False):
    peer: _Peer


class _Left(Struct, gc=False):
    peer: _Peer
    reason: str


class _Ref(Struct, gc=False, omit_defaults=True):
    id: str | None = None
    type: str | None = None
    target_id: str | None = None


class _Error(Struct, gc=False, omit_defaults=True, kw_only=True):
    code: str
    message: str
    temporary: bool
    retry_after_ms: int | None = None
    ref: _Ref


OwnToV2 = Welcome | Ack | GoAway
Announced = PeerList | PeerJoined | PeerLeft | ErrorEvent | OwnToV2


def announcement(event: Announced, form: Format) -> tuple[str, Struct]:
    """The type and the payload of the message that tells of `event`.

    Raises:
        gateway.translation.Unrepresentable: metadata without a MessagePack form; `gateway.registration` lets none in.

    """
    match event:
        case PeerList():
            return "peer_list", _list(event, form)
        case PeerJoined():
            return "peer_joined", _Joined(_peer(event.peer, form))
        case PeerLeft():
            return "peer_left", _Left(_peer(event.peer, form), event.reason)
        case ErrorEvent():
            return "error", _error(event)
    return _own_to_v2(event)


def _own_to_v2(event: OwnToV2) -> tuple[str, Struct]:
    match event:
        case Ack():
            return "ack", _Ack(event.id, event.status)
        case GoAway():
            return "goaway", _GoAway(event.reason, event.deadline_ms, event.reconnect_after_ms)
        case Welcome():
            return "welcome", _Welcome(event.connection_id, _Heartbeat(event.interval_ms, event.expire_ms), event.limits)


def _list(event: PeerList, form: Format) -> Struct:
    peers, own, ice = [_peer(info, form) for info in event.peers], event.own, _ice_servers(event.ice_servers, form)
    if own is None:
        return _Peers(peers, ice)
    place = _OwnPlace(own.id, own.group_id, own.session, own.sequence)
    return _Listed(peers=peers, own=place, resumed=event.resumed, ice_servers=ice)


def _ice_servers(text: bytes | None, form: Format) -> Raw | None:
    if text is None:
        return None
    return Raw(text if form is Format.JSON else json_to_msgpack(text))


def _error(event: ErrorEvent) -> _Error:
    about = event.reference
    return _Error(
        code=event.code,
        message=event.says,
        temporary=event.temporary,
        retry_after_ms=event.retry_after_ms,
        ref=_Ref(about.id, about.type, about.target_id),
    )


def _peer(info: PeerInfo, form: Format) -> _Peer:
    text = info.metadata
    if text is None:
        return _Peer(info.id, info.group_id, _rfc3339(info.last_seen))
    metadata = text if form is Format.JSON else metadata_to_msgpack(text)
    return _Peer(info.id, info.group_id, _rfc3339(info.last_seen), Raw(metadata))


def _rfc3339(moment: float) -> str:
    """A moment, in seconds since the epoch, in UTC to the millisecond (RFC 3339 section 5.6)."""
    second, millisecond = divmod(int(moment * 1000 + 0.5), 1000)
    return _second(second) + _MILLISECONDS[millisecond]


_MILLISECONDS = tuple(f".{millisecond:03d}Z" for millisecond in range(1000))


@lru_cache(maxsize=256)
def _second(second: int) -> str:
    """The part that the peers of a list share: it halves the time that a list takes. 256 cover those who are not away yet, and more."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
