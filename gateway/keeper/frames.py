"""What a v1 client is told, in the form in which the server would tell it (`docs/protocol.md`: Server to client)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from psync_signal import Message, Peer, SignalError
from psync_signal.envelope import NOTHING, Codec, Frame

__all__ = ["error", "peer_joined", "peer_left", "peer_list", "relayed"]


class _V1(msgspec.Struct, omit_defaults=True):
    type: str
    source_id: str
    target_id: str
    id: str | msgspec.UnsetType = msgspec.UNSET
    payload: msgspec.Raw = NOTHING


class _Peer(msgspec.Struct, omit_defaults=True):
    id: str
    group_id: str
    last_seen: str
    metadata: msgspec.Raw = NOTHING


class _List(msgspec.Struct, omit_defaults=True):
    peers: list[_Peer]
    ice_servers: Sequence[Mapping[str, Any]] = ()


class _Joined(msgspec.Struct):
    peer: _Peer


class _Left(msgspec.Struct):
    peer: _Peer
    reason: str


class _Error(msgspec.Struct):
    code: str
    message: str
    temporary: bool
    retry_after_ms: int | msgspec.UnsetType
    ref: dict[str, str]


def peer_list(codec: Codec, peers: Iterable[Peer], ice_servers: Sequence[Mapping[str, Any]] = ()) -> Frame:
    """Who is there, and is to be offered to; and the ICE servers, for a client that has asked for them."""
    return _own(codec, "peer_list", _List([_shown(peer) for peer in peers], ice_servers))


def peer_joined(codec: Codec, peer: Peer) -> Frame:
    """Who came, and will offer."""
    return _own(codec, "peer_joined", _Joined(_shown(peer)))


def peer_left(codec: Codec, peer: Peer, reason: str) -> Frame:
    """Who is gone."""
    return _own(codec, "peer_left", _Left(_shown(peer), reason))


def error(codec: Codec, fault: SignalError) -> Frame:
    """What failed, and which message that was."""
    after = msgspec.UNSET if fault.retry_after is None else round(fault.retry_after * 1000)
    return _own(codec, "error", _Error(fault.code, fault.message, fault.temporary, after, dict(fault.ref)))


def relayed(codec: Codec, message: Message) -> Frame:
    """What another peer has sent; its payload byte for byte."""
    name = msgspec.UNSET if message.id is None else message.id
    return codec.write(_V1(message.type, message.source_id, message.target_id or "", name, _raw(message.raw)))


def _own(codec: Codec, kind: str, payload: msgspec.Struct) -> Frame:
    return codec.write(_V1(kind, "", "", payload=codec.record(payload)))


def _shown(peer: Peer) -> _Peer:
    return _Peer(peer.id, peer.group_id, peer.last_seen, _raw(peer.raw))


def _raw(data: bytes) -> msgspec.Raw:
    return msgspec.Raw(data) if data else NOTHING
