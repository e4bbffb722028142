"""What a client hears. Each is one item of `async for event in signal`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import msgspec

from psync_signal.envelope import NOTHING, Codec, Envelope, Format, Malformed, value_of
from psync_signal.errors import SignalError

__all__ = ["Event", "Failed", "GoingAway", "Lost", "Message", "Peer", "PeerJoined", "PeerLeft", "Peers", "event_of"]


@dataclass(frozen=True)
class Peer:
    """Another peer of the group.

    Attributes:
        id: its id in the group.
        group_id: the group.
        last_seen: when the server last heard of it, RFC 3339 in UTC.
        raw: its metadata as they came; empty when it has none.
        form: what they are encoded in.
    """

    id: str
    group_id: str
    last_seen: str
    raw: bytes = b""
    form: Format = Format.JSON

    @cached_property
    def metadata(self) -> Any:  # noqa: ANN401 - whatever that peer has registered with
        """The value of its metadata; None when it has none."""
        return value_of(self.raw, self.form)


@dataclass(frozen=True)
class Peers:
    """You are in the group: after joining it, after coming back, and when the server has taken you for away.

    Attributes:
        peers: who joined before you; offer to those to which you have no link, and to nobody else.
        resumed: whether you have your old place: nobody has missed you, and what was sent to you meanwhile follows.
        ice_servers: STUN and TURN servers as `RTCPeerConnection` takes them; empty when the server names none.
        refreshed: whether this is the answer to `refresh`, and nothing else is new.
        session: what takes this place back; a secret that the client keeps by itself.
    """

    peers: tuple[Peer, ...]
    resumed: bool = False
    ice_servers: tuple[Mapping[str, Any], ...] = ()
    session: str = field(default="", repr=False)
    refreshed: bool = False


@dataclass(frozen=True)
class PeerJoined:
    """A peer came after you; it is the one that offers."""

    peer: Peer


@dataclass(frozen=True)
class PeerLeft:
    """A peer is gone. `reason`: left, lost, away, replaced or kicked."""

    peer: Peer
    reason: str


@dataclass(frozen=True)
class Message:
    """An offer, an answer, a candidate or a message of another peer.

    Attributes:
        type: which of these.
        source_id: who sent it, by the word of the server.
        target_id: you; None when it was sent to the whole group.
        id: what the sender calls it, if it does.
        raw: the payload as it came; empty when there is none.
        form: what it is encoded in.
    """

    type: str
    source_id: str
    target_id: str | None = None
    id: str | None = None
    raw: bytes = b""
    form: Format = Format.JSON

    @cached_property
    def payload(self) -> Any:  # noqa: ANN401 - whatever the other peer has sent
        """The value of the payload.

        Raises:
            Malformed: Python has no value for it.

        """
        return value_of(self.raw, self.form)


@dataclass(frozen=True)
class Failed:
    """Something failed that no `send` waits for: a `post`, or a message whose receiver was away too long after all."""

    error: SignalError


@dataclass(frozen=True)
class GoingAway:
    """The server will close the connection within `deadline` seconds; the client comes back in `reconnect_after` seconds by itself."""

    reason: str
    deadline: float
    reconnect_after: float


@dataclass(frozen=True)
class Lost:
    """The connection has ended; the client makes another, and `Peers` tells when it is back.

    Attributes:
        code: that of the close frame; 1006 without one.
        reason: what the server said.
        silent: the server had not been heard for too long.
        kept: seconds from then on for which the server keeps the place, as far as is known: 0 after a close frame, for that gives it up,
            and after a silence, in which the server may have missed the client for just as long.
    """

    code: int
    reason: str = ""
    silent: bool = False
    kept: float = 0.0


Event: TypeAlias = Peers | PeerJoined | PeerLeft | Message | Failed | GoingAway | Lost

_RELAYED = frozenset({"offer", "answer", "candidate", "message"})


class _Shown(msgspec.Struct):
    id: str
    group_id: str
    last_seen: str
    metadata: msgspec.Raw = NOTHING

    def peer(self, form: Format) -> Peer:
        return Peer(self.id, self.group_id, self.last_seen, bytes(self.metadata), form)


class _Own(msgspec.Struct):
    session: str = ""


class _List(msgspec.Struct):
    peers: list[_Shown]
    own: _Own = msgspec.field(name="self", default_factory=_Own)
    resumed: bool = False
    ice_servers: list[dict[str, Any]] = []


class _Change(msgspec.Struct):
    peer: _Shown
    reason: str = ""


class _Error(msgspec.Struct):
    code: str
    message: str = ""
    temporary: bool = False
    retry_after_ms: float | None = None
    ref: dict[str, str] = {}


class _GoAway(msgspec.Struct):
    reason: str = ""
    deadline_ms: float = 0
    reconnect_after_ms: float = 0


def event_of(envelope: Envelope, codec: Codec) -> Event | None:
    """What an envelope from the server tells; None for a type that this client does not know, which is to be ignored.

    Raises:
        Malformed: it does not have the form of its type.

    """
    kind = envelope.type
    if kind in _RELAYED:
        return Message(kind, envelope.source_id or "", envelope.target_id, envelope.id, bytes(envelope.payload), codec.form)
    build = _BUILD.get(kind)
    if build is None:
        return None
    if not bytes(envelope.payload):
        raise Malformed(f"{kind} without a payload")
    return build(envelope.payload, codec)


def _peers(payload: msgspec.Raw, codec: Codec) -> Peers:
    said = codec.read_as(payload, _List)
    return Peers(tuple(peer.peer(codec.form) for peer in said.peers), said.resumed, tuple(said.ice_servers), said.own.session)


def _joined(payload: msgspec.Raw, codec: Codec) -> PeerJoined:
    return PeerJoined(codec.read_as(payload, _Change).peer.peer(codec.form))


def _left(payload: msgspec.Raw, codec: Codec) -> PeerLeft:
    said = codec.read_as(payload, _Change)
    return PeerLeft(said.peer.peer(codec.form), said.reason)


def _failed(payload: msgspec.Raw, codec: Codec) -> Failed:
    said = codec.read_as(payload, _Error)
    after = None if said.retry_after_ms is None else said.retry_after_ms / 1000
    return Failed(SignalError(said.code, said.message, temporary=said.temporary, retry_after=after, ref=said.ref))


def _going_away(payload: msgspec.Raw, codec: Codec) -> GoingAway:
    said = codec.read_as(payload, _GoAway)
    return GoingAway(said.reason, said.deadline_ms / 1000, said.reconnect_after_ms / 1000)


_BUILD: Mapping[str, Callable[[msgspec.Raw, Codec], Event]] = {
    "peer_list": _peers,
    "peer_joined": _joined,
    "peer_left": _left,
    "error": _failed,
    "goaway": _going_away,
}
