"""What a client is told, and the base of all messages.

Messages are frozen `msgspec.Struct` records, used as a record type alone: no codec enters this package. Building one takes 0.07 us,
a frozen slotted dataclass 1.05 us, and each relay builds two::

    python -m timeit -s "import msgspec; S = msgspec.defstruct('S', list('abcde'), frozen=True, gc=False)" "S(1, 2, 3, 4, 5)"

`gc=False` keeps them out of the collector's lists: none is part of a reference cycle once its mailbox has been drained or dropped.

A message whose `lifecycle` is true says that a peer or a group begins, ends or changes, or answers one that did not get through. It passes
a mailbox that is at its bound: each is bounded by its own cause (a timer, a membership, a socket, a relay), and losing one would leave a
ghost or a silence.
"""

import enum
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import msgspec

from actors.reasons import ErrorCode, LeaveReason

if TYPE_CHECKING:
    from actors.messages import GroupKey
    from actors.runtime import BrokerRef


class Format(enum.StrEnum):
    """How the frames of a connection are encoded: text frames are JSON, binary frames are MessagePack."""

    JSON = "json"
    MSGPACK = "msgpack"


class Profile(enum.StrEnum):
    """What a connection and the server have agreed to say to each other (`docs/protocol.md`: Profiles)."""

    V1 = "v1"
    V2 = "v2"


class AckStatus(enum.StrEnum):
    """What became of a message that did not fail: written to its receiver, or kept for one that may resume."""

    DELIVERED = "delivered"
    QUEUED = "queued"


class Message(msgspec.Struct, frozen=True, gc=False):
    """Base of all messages."""

    lifecycle: ClassVar[bool] = False

    def unhandled(self, key: "GroupKey", code: ErrorCode) -> None:
        """The group `key` will not act on this message, because of `code`: tell whoever waits for its outcome. For most, nobody does."""


class Reference(Message, frozen=True, gc=False):
    """What an error speaks of: the `id`, `type` and `target_id` of the client's message, as far as they could be read."""

    id: str | None = None
    type: str | None = None
    target_id: str | None = None


class Undeliverable(Message, frozen=True, gc=False):
    """To the PeerActor of a sender: its message did not reach `reference.target_id`."""

    lifecycle: ClassVar[bool] = True
    code: ErrorCode
    reference: Reference


class Delivered(Message, frozen=True, gc=False):
    """To the PeerActor of a sender that waits for it: what became of its message `id`."""

    lifecycle: ClassVar[bool] = True
    id: str
    status: AckStatus


class Relayed(Message, frozen=True, gc=False):
    """A client's message with the sender's identity stamped by its PeerActor; on its way to the group, to the target, to the client.

    `frames` remembers the encoded form of a broadcast, one for each encoding; None for a message to one peer. `at` is when the sender was
    heard, on the monotonic clock: read once for the three actors on the way. `acked`: the sender waits to hear that it arrived, and has not
    heard so yet.
    """

    type: str
    source_id: str
    target_id: str | None
    payload: bytes | None
    format: Format
    sender: "BrokerRef"
    id: str | None = None
    frames: dict[str, bytes] | None = None
    at: float = 0.0
    acked: bool = False

    def acknowledge(self, status: AckStatus) -> None:
        """Tell the sender what became of its message. For one that is `acked`, and once; then it is never given back."""
        if self.id is not None:
            self.sender.post(Delivered(self.id, status))

    def give_back(self, code: ErrorCode, target_id: str | None = None) -> None:
        """Tell the sender why its message did not reach `target_id` (the message's own target unless named)."""
        self.sender.post(Undeliverable(code, Reference(self.id, self.type, target_id or self.target_id)))

    def target_gone(self) -> None:
        """Tell the sender that its target is not there. A message to the whole group is for those who are: of it nothing is told."""
        if self.target_id is not None:
            self.give_back(ErrorCode.UNKNOWN_PEER)

    def unhandled(self, key: "GroupKey", code: ErrorCode) -> None:  # noqa: ARG002 - a sender is in one group
        """Tell the sender."""
        self.give_back(code)


class PeerInfo(Message, frozen=True, gc=False):
    """A peer as others see it. `last_seen` is in seconds since the epoch, `metadata` is JSON text."""

    id: str
    group_id: str
    last_seen: float
    metadata: bytes | None = None


class Place(Message, frozen=True, gc=False):
    """What a v2 peer is told of its own place. Whoever knows the `session` may take it; `sequence` is that in the order of joins."""

    id: str
    group_id: str
    session: str
    sequence: int


class PeerList(Message, frozen=True, gc=False):
    """The answer to a register: who was there before. For a v2 peer with its own place, and whether it has `resumed` that.

    `ice_servers` is JSON text, for a client that wants them.
    """

    peers: tuple[PeerInfo, ...]
    own: Place | None = None
    resumed: bool = False
    ice_servers: bytes | None = None


class PeerJoined(Message, frozen=True, gc=False):
    """Someone has joined. `frames` as in `Relayed`. `patient`: one of many at once, it may be written a moment later with the next."""

    lifecycle: ClassVar[bool] = True
    peer: PeerInfo
    frames: dict[str, bytes]
    patient: bool = False


class PeerLeft(Message, frozen=True, gc=False):
    """Someone has left. `frames` as in `Relayed`."""

    lifecycle: ClassVar[bool] = True
    peer: PeerInfo
    reason: LeaveReason
    frames: dict[str, bytes]


class ErrorEvent(Message, frozen=True, gc=False):
    """A message of this client failed. `retry_after_ms` says when a temporary error is worth another try."""

    code: ErrorCode
    says: str
    temporary: bool
    reference: Reference
    retry_after_ms: int | None = None


class Welcome(Message, frozen=True, gc=False):
    """The first word to a v2 client: how logs name its connection, how often it is pinged and when it is away, in ms, and its limits."""

    connection_id: str
    interval_ms: int
    expire_ms: int
    limits: Mapping[str, float]


class Ack(Message, frozen=True, gc=False):
    """To a v2 client: what became of its message `id`."""

    id: str
    status: AckStatus


class GoAway(Message, frozen=True, gc=False):
    """To a v2 client, by way of its PeerActor: it is closed `deadline_ms` from now, and may come back `reconnect_after_ms` from now."""

    lifecycle: ClassVar[bool] = True
    reason: str
    deadline_ms: int
    reconnect_after_ms: int


Event: TypeAlias = PeerList | PeerJoined | PeerLeft | Relayed | ErrorEvent | Welcome | Ack | GoAway
