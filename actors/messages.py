"""Every message that an actor accepts, grouped by receiver. What a client is told is in `events`, and is told to its PeerActor first."""

from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeAlias

from actors.events import Event, Format, Message, PeerInfo, Reference
from actors.reasons import CloseCode, ErrorCode, LeaveReason

if TYPE_CHECKING:
    from actors.runtime import BrokerRef

PeerRef: TypeAlias = "BrokerRef"
GroupRef: TypeAlias = "BrokerRef"


class GroupKey(NamedTuple):
    """The address of a group: the same group name in two tenants is two groups."""

    tenant: str
    group_id: str


# --- To a PeerActor, from its connection: what the client sent, decoded and checked for form ---


class Register(Message, frozen=True, gc=False):
    """The client asks to join a group. `metadata` is JSON text, whatever the connection's format.

    `ice`: it wants ICE servers, too. `session` is that of a lost place.
    """

    peer_id: str
    group_id: str
    metadata: bytes | None = None
    id: str | None = None
    ice: bool = False
    session: str | None = None

    def reference(self) -> Reference:
        """What an error about this message refers to."""
        return Reference(self.id, "register")


class Relay(Message, frozen=True, gc=False):
    """The client sends an offer, answer, candidate or message. `payload` is the untouched text or bytes of `format`; None when absent.

    `target_id` is None only for a `message` to the whole group. `size` is the number of bytes of the whole message, for the rate limit.
    """

    type: str
    target_id: str | None
    payload: bytes | None
    format: Format
    size: int
    source_id: str | None = None
    id: str | None = None

    def reference(self) -> Reference:
        """What an error about this message refers to."""
        return Reference(self.id, self.type, self.target_id)


class Heartbeat(Message, frozen=True, gc=False):
    """The client says that it is there."""

    source_id: str | None = None
    id: str | None = None

    def reference(self) -> Reference:
        """What an error about this message refers to."""
        return Reference(self.id, "heartbeat")


class Leave(Message, frozen=True, gc=False):
    """The client leaves its group and keeps the connection."""

    source_id: str | None = None
    id: str | None = None

    def reference(self) -> Reference:
        """What an error about this message refers to."""
        return Reference(self.id, "leave")


class BadMessage(Message, frozen=True, gc=False):
    """The client sent something that is not a message; `says` names the field and the fix.

    No `fault`: it is a message, and barred here, or for `retry_after_ms`.
    """

    code: ErrorCode
    says: str
    about: Reference = Reference()
    fault: bool = True
    retry_after_ms: int | None = None

    def reference(self) -> Reference:
        """What an error about this message refers to."""
        return self.about


class Ping(Message, frozen=True, gc=False):
    """The client pinged; its connection has answered. It counts against the message rate."""


class Pong(Message, frozen=True, gc=False):
    """The client answered a ping, or sent a pong unasked. It counts against the message rate."""


class Lost(Message, frozen=True, gc=False):
    """The connection has ended, whoever ended it. The last message of a connection. `reason` is what the others are told.

    `broken`: nobody has ended it, no close frame was sent in either direction.
    """

    lifecycle: ClassVar[bool] = True
    reason: LeaveReason = LeaveReason.LOST
    broken: bool = False


class Close(Message, frozen=True, gc=False):
    """The server ends this connection (drain, operator): the client gets `code`, the others are told `reason`, with None nothing."""

    lifecycle: ClassVar[bool] = True
    code: CloseCode
    reason: LeaveReason | None = LeaveReason.LOST
    says: str = ""


# --- To a PeerActor, from timers ---


class Tick(Message, frozen=True, gc=False):
    """A deadline of this peer may have come."""

    lifecycle: ClassVar[bool] = True


class HoldExpired(Message, frozen=True, gc=False):
    """Candidates may have been held for as long as they may."""

    lifecycle: ClassVar[bool] = True


# --- To a PeerActor, from its group ---


class Joined(Message, frozen=True, gc=False):
    """The peer is in the group, in the place `sequence` of its total order of joins; `peers` were there before it.

    `session` is what a v2 client shows to take this place again. `resumed`: it has done so, and `queue` is what was kept for it.
    """

    lifecycle: ClassVar[bool] = True
    key: GroupKey
    group: GroupRef
    sequence: int
    peers: tuple[PeerInfo, ...]
    session: str | None = None
    resumed: bool = False
    queue: tuple[Event, ...] = ()

    def unhandled(self, key: GroupKey, code: ErrorCode) -> None:  # noqa: ARG002 - senders are in one group
        """Nobody takes what was kept for the client: whoever sent some of it is told."""
        for event in self.queue:
            event.unhandled(self.key, code)


class Revived(Message, frozen=True, gc=False):
    """The peer was away and is back, in the place `sequence`; `peers` are there before it. Unlike Joined it answers no register."""

    lifecycle: ClassVar[bool] = True
    key: GroupKey
    sequence: int
    peers: tuple[PeerInfo, ...]


class JoinRefused(Message, frozen=True, gc=False):
    """The peer is not in the group."""

    lifecycle: ClassVar[bool] = True
    key: GroupKey
    code: ErrorCode
    reference: Reference


class Departed(Message, frozen=True, gc=False):
    """The group has let this peer go, as it asked: nothing more comes from it."""

    lifecycle: ClassVar[bool] = True
    key: GroupKey


class Evicted(Message, frozen=True, gc=False):
    """The peer has lost its place: `REPLACED` by a newer connection, or `LOST` because it did not answer a challenge."""

    lifecycle: ClassVar[bool] = True
    key: GroupKey
    reason: LeaveReason


class Restored(Message, frozen=True, gc=False):
    """The group's actor failed; `group` has taken over with this peer in its place, and messages in flight may be lost."""

    lifecycle: ClassVar[bool] = True
    key: GroupKey
    group: GroupRef


class GroupLost(Message, frozen=True, gc=False):
    """The group's actor failed too often to be started again."""

    lifecycle: ClassVar[bool] = True
    key: GroupKey


# --- To a GroupActor, from its peers (and `events.Relayed`) ---


class Join(Message, frozen=True, gc=False):
    """A peer asks for a place. `address` names its connection in the log.

    `session` is what a v2 peer may take the place with again; `claim` is that of the place that it had, or says it had. With `barred` it
    may have no other place than that, for there is none left: it is refused with this code if the claim is not good.
    """

    lifecycle: ClassVar[bool] = True
    peer: PeerRef
    peer_id: str
    metadata: bytes | None
    address: str
    reference: Reference
    session: str | None = None
    claim: str | None = None
    barred: ErrorCode | None = None

    def unhandled(self, key: GroupKey, code: ErrorCode) -> None:
        """The peer stays unregistered."""
        self.peer.post(JoinRefused(key, code, self.reference))


class Refresh(Message, frozen=True, gc=False):
    """A member registers its place again: it gets the list once more, and nobody is told. Not a Join: it may not overtake a Depart."""

    lifecycle: ClassVar[bool] = True
    peer: PeerRef
    peer_id: str
    metadata: bytes | None


class Seen(Message, frozen=True, gc=False):
    """The peer was heard of: refreshes `last_seen`."""

    peer: PeerRef
    peer_id: str


class Depart(Message, frozen=True, gc=False):
    """The peer leaves the group (`LEFT`, `LOST`, `KICKED`), or is hidden (`AWAY`). The others are told the reason, with None nothing."""

    lifecycle: ClassVar[bool] = True
    peer: PeerRef
    peer_id: str
    reason: LeaveReason | None

    def unhandled(self, key: GroupKey, code: ErrorCode) -> None:  # noqa: ARG002 - whoever leaves a group that is gone has left
        """A peer that asked to leave goes on."""
        if self.reason is LeaveReason.LEFT:
            self.peer.post(Departed(key))


class Revive(Message, frozen=True, gc=False):
    """A peer that was away is back and joins anew."""

    lifecycle: ClassVar[bool] = True
    peer: PeerRef
    peer_id: str


class EndGroup(Message, frozen=True, gc=False):
    """The Directory has struck this group off; no further message can come."""

    lifecycle: ClassVar[bool] = True


Inbound: TypeAlias = Register | Relay | Heartbeat | Leave | BadMessage
