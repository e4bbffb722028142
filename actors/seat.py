"""Seat: a peer's place in its group, as its PeerActor holds it; the way of every message from the peer to the group.

States of a PeerActor::

    NEW ──Register──> JOINING ──Joined──> JOINED <──Revive── AWAY      any state ──Lost──> GONE
     ^                   │                │  │  └──silence────^
     └────JoinRefused────┘                │  └──Register elsewhere, Leave──> LEAVING ──Departed──> NEW
     └──────────Evicted───────────────────┘
"""

import enum
import secrets

import pykka

from actors.audit import Audit
from actors.events import Message, Profile
from actors.grant import Grant
from actors.messages import Depart, GroupKey, Join, Refresh, Register, Revive, Seen
from actors.ownership import Alive
from actors.reasons import LeaveReason, MailboxFull
from actors.runtime import BrokerRef
from actors.supervision import Forward
from actors.terms import Terms

__all__ = ["SESSION_BYTES", "Seat", "State"]

SESSION_BYTES = 16
"""Of chance in a session: as much as in a key, for whoever guesses it takes a peer's place."""


audit = Audit("actors")


class State(enum.Enum):
    """How a peer stands to its group, as drawn above. A peer that is away is JOINED and hidden."""

    NEW = "new"
    JOINING = "joining"
    JOINED = "joined"
    LEAVING = "leaving"
    GONE = "gone"


class Seat:
    """Which id this connection has, or asks for, in which group, and how to reach the group's actor.

    Guarantee: what a peer tells its group arrives in the order in which it was told, or the peer knows that it did not. When the group's
    actor has failed, only the last word, a `Depart`, goes by way of the Directory. All else is refused until the successor is known: it
    could be overtaken by what is told to the successor directly.

    Attributes:
        curbs: the grant of a connection that may not send everything; None for all others, so that a relay asks no more than that.

    """

    __slots__ = ("_directory", "_group", "_ice", "_terms", "claims", "curbs", "key", "peer", "peer_id")

    def __init__(self, peer: BrokerRef, directory: BrokerRef, terms: Terms) -> None:
        self.peer = peer
        self._directory = directory
        self._terms = terms
        self.curbs = None if terms.grant.speaks_freely else terms.grant
        self._group = directory
        self._ice = False
        self.key = GroupKey(terms.tenant, "")
        self.peer_id = ""
        self.claims = False  # whether the place that it asked for last was to be taken again

    def is_for(self, register: Register) -> bool:
        """Whether this is the place that `register` asks for."""
        return register.peer_id == self.peer_id and register.group_id == self.key.group_id

    @property
    def grant(self) -> Grant:
        """What this connection may do."""
        return self._terms.grant

    def bars(self, register: Register) -> str | None:
        """What of a register is outside the grant, in words for the client; None when it may join."""
        field = self.grant.outside(register.group_id, register.peer_id)
        if field is None:
            return None
        terms = self._terms
        who = {"group": register.group_id, "peer": register.peer_id, "address": terms.address, "connection": terms.connection_id}
        audit.tell("register refused", tenant=terms.tenant, reason=field, **who)
        return f"{field} is not among those that the token of this connection allows"

    def ask(self, register: Register) -> None:
        """Ask for a place, through the Directory: it starts the group if need be. The answer is Joined or JoinRefused."""
        self.key = GroupKey(self._terms.tenant, register.group_id)
        self.peer_id = register.peer_id
        self._ice = register.ice
        session = secrets.token_hex(SESSION_BYTES) if self._terms.profile is Profile.V2 else None
        claim = register.session if session is not None else None
        self.claims = claim is not None
        join = Join(self.peer, register.peer_id, register.metadata, self._terms.address, register.reference(), session, claim)
        self._directory.post(Forward(self.key, join))

    def refresh(self, register: Register) -> bool:
        """Register the same place again. Straight to the group, so that what follows does not overtake it. As `tell`."""
        self._ice = register.ice
        return self.tell(Refresh(self.peer, self.peer_id, register.metadata))

    def ice_servers(self, now: float) -> bytes | None:
        """The ICE servers for this peer, if it asked for them and there are any; `now` is the time of day."""
        ice = self._terms.ice
        return ice(self.peer_id, now) if ice is not None and (self._ice or self._terms.profile is Profile.V2) else None

    def take(self, group: BrokerRef, key: GroupKey) -> None:
        """The place is this peer's; `group` is the actor to speak to. All members share its key: one for each is 100 bytes more."""
        self._group = group
        self.key = key

    def tell(self, message: Message) -> bool:
        """Tell the group. False when it cannot take the message now: it has too many, or has failed and Restored is on its way."""
        try:
            self._group.tell(message)
        except (MailboxFull, pykka.ActorDeadError):
            return False
        return True

    def seen(self) -> None:
        """The peer was heard of. One that a full mailbox drops is made good by the next."""
        self.tell(Seen(self.peer, self.peer_id))

    def alive(self, nonce: int) -> None:
        """The peer has answered a challenge. A group that has failed meanwhile challenges it anew."""
        self.tell(Alive(self.peer, self.peer_id, nonce))

    def revive(self) -> None:
        """The peer was away and is back. A group that has failed meanwhile is told so again when it is restored."""
        self.tell(Revive(self.peer, self.peer_id))

    def hide(self) -> None:
        """The peer is away. A group that has failed meanwhile is told so again when it is restored."""
        self.tell(Depart(self.peer, self.peer_id, LeaveReason.AWAY))

    def depart(self, reason: LeaveReason | None) -> None:
        """Give the place up. To a group that has failed by way of the Directory, which has heard of the failure before it hears of this."""
        message = Depart(self.peer, self.peer_id, reason)
        if not self._group.post(message):
            self._directory.post(Forward(self.key, message))

    def withdraw(self, reason: LeaveReason | None) -> None:
        """Give up a place that was asked for and not yet given: this follows the Join on its way through the Directory."""
        self._directory.post(Forward(self.key, Depart(self.peer, self.peer_id, reason)))
