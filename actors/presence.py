"""Presence: a peer as all nodes know it, and what a group hears from a backplane that it shares with other nodes.

A group that lives on several nodes has one GroupActor on each node where it has a member. Each holds a copy of the whole group: all of them
apply the same changes, in the one order in which the backplane made them, the order of `version`. So all agree who is there and who came
before whom, and no actor waits for an answer: whatever a node asks for comes back as a change, or as the word why not.

Each node speaks for its own peers alone. What it says of them holds until it says something else, or its lease ends.
"""

import enum
from typing import ClassVar

from actors.events import AckStatus, Event, Message, Reference, Relayed
from actors.messages import Close
from actors.reasons import ErrorCode, LeaveReason

__all__ = [
    "Asked",
    "Carried",
    "Change",
    "Changed",
    "Claim",
    "Declared",
    "Handover",
    "Lives",
    "NoRoom",
    "Outcome",
    "Presence",
    "Resync",
    "SentAway",
    "Snapshot",
    "Taken",
    "Word",
]


class Presence(Message, frozen=True, gc=False):
    """One peer of a group, on whatever node.

    `ticket` names this hold of the id: a later owner of the same id has another, a peer that is revived keeps its own. `sequence` is its
    place in the group's order of joins, 0 before it has one. `seen` is in seconds since the epoch, as its node knew it when it last said
    so. `metadata` and `session` are None where there is none.
    """

    peer_id: str
    ticket: str
    node: str
    sequence: int = 0
    session: str | None = None
    metadata: bytes | None = None
    away: bool = False
    seen: float = 0.0
    address: str = ""


class Claim(Message, frozen=True, gc=False):
    """To the backplane: `presence` wants its id, in a group of `most` peers.

    `instead` is the ticket of an owner that has to make way, for `reason`; None as reason: the newcomer has shown its session, takes the
    place with its sequence, and nobody else is told. An owner with another ticket does not make way, and the answer is `Taken`.
    """

    presence: Presence
    most: int
    instead: str | None = None
    reason: LeaveReason | None = None


class Change(enum.StrEnum):
    """What a `Changed` is about."""

    JOINED = "joined"  # new, or revived: then it had its ticket before, and has a new sequence
    MOVED = "moved"  # another connection has taken the place with its session: new ticket, mostly another node, the same sequence
    LEFT = "left"  # of the presence only the id and the ticket need be right
    AWAY = "away"  # hidden, and still the owner of its id
    UPDATED = "updated"  # its metadata; nobody is told


# --- To a GroupActor, from the backplane. All of the lifecycle: one that is lost would be a ghost, or a silence ---


class Versioned(Message, frozen=True, gc=False):
    """Base of what is part of a group's one order.

    `version` counts the changes of a group since it began, `era` names that beginning: after the backplane has lost its memory it is
    another, and the numbers say nothing beside those of before.
    """

    lifecycle: ClassVar[bool] = True
    era: str
    version: int


class Changed(Versioned, frozen=True, gc=False):
    """One peer came, went or changed.

    `former` is the ticket that had the id until now, when its owner made way or was moved. `reason` says why that one, or one that LEFT, is
    gone: None when nobody is to be told.
    """

    change: Change
    presence: Presence
    former: str | None = None
    reason: LeaveReason | None = None


class Snapshot(Versioned, frozen=True, gc=False):
    """The whole group as it is at `version`, for a node that has not followed it until now, or has lost its way.

    `nodes` are those that have said in this `era` whom they have. Of a node that has not, nothing is known: its peers are no less there
    for being left out.
    """

    presences: tuple[Presence, ...]
    nodes: frozenset[str]


class Declared(Versioned, frozen=True, gc=False):
    """A node has said anew whom it has in the group: these, and no others. None at all, too, when its lease has ended.

    A peer that others had given up for lost, or that somebody who is there now has never heard of, has a new sequence: it joins anew.
    """

    node: str
    presences: tuple[Presence, ...]


class Taken(Message, frozen=True, gc=False):
    """The claim with `ticket` was not met: the id has an `owner`."""

    lifecycle: ClassVar[bool] = True
    ticket: str
    owner: Presence


class NoRoom(Message, frozen=True, gc=False):
    """The claim with `ticket` was not met: the group has as many peers as it may."""

    lifecycle: ClassVar[bool] = True
    ticket: str


class Resync(Message, frozen=True, gc=False):
    """The way to the backplane was cut, or the lease was lost, and it is there again: declare whom you have, and claim anew."""

    lifecycle: ClassVar[bool] = True


# --- To a GroupActor, from that of the same group on another node: what `SharedBackplane.send` carries ---


class Word(Message, frozen=True, gc=False):
    """Base of what is said between two nodes. `node` is the one that says it, set by the backplane of the one that hears it."""

    node: str = ""


class Carried(Word, frozen=True, gc=False):
    """A client's message, for its target or without one for all members of the group on this node.

    `ticket` is that of the sender: a sender that has lost its place to another speaks no more. On the way the sender of the message itself
    is nobody; who hears it puts a proxy there, through which answers go back.
    """

    ticket: str = ""
    message: Relayed | None = None


class Outcome(Word, frozen=True, gc=False):
    """What became of a message of the peer with `ticket`: why it did not get through, or with `status` that it did."""

    lifecycle: ClassVar[bool] = True
    ticket: str = ""
    reference: Reference = Reference()
    code: ErrorCode | None = None
    status: AckStatus | None = None


class Asked(Word, frozen=True, gc=False):
    """Somebody on that node wants the id of the peer with `ticket`: does it live? `nonce` comes back in `Lives`."""

    lifecycle: ClassVar[bool] = True
    ticket: str = ""
    peer_id: str = ""
    nonce: int = 0


class Lives(Word, frozen=True, gc=False):
    """The peer that was asked for has shown itself."""

    lifecycle: ClassVar[bool] = True
    peer_id: str = ""
    nonce: int = 0


class Handover(Word, frozen=True, gc=False):
    """What was kept for the client whose place is now that of `ticket`: in order, to be told to it behind its list."""

    lifecycle: ClassVar[bool] = True
    ticket: str = ""
    queue: tuple[Event, ...] = ()


class SentAway(Word, frozen=True, gc=False):
    """An operator on that node sends the peer with `ticket` away."""

    lifecycle: ClassVar[bool] = True
    ticket: str = ""
    goodbye: Close | None = None
