"""GroupActor: one group. Whatever happens in it happens in one order, the order in which this actor handles it.

Guarantees (`docs/protocol.md`: Guarantees), and where they come from:

* One initiator: a `Join` is answered with everyone who is there before it, and told to exactly those.
* Order: messages of one sender to one receiver pass through two mailboxes and this actor, each first in, first out.
* Isolation: a relay finds its target among the members of this group alone, and only a member may send.
* At most once, and honest: what is not handed on is answered at once, to the sender.
"""

import pykka
from msgspec.structs import replace

from actors.audit import Audit
from actors.census import FindPeer, ListPeers, Remove
from actors.contest import Contests
from actors.events import AckStatus, Message, PeerLeft, Relayed
from actors.membership import Member, Membership
from actors.messages import (
    Depart,
    Departed,
    EndGroup,
    Evicted,
    GroupKey,
    Join,
    Joined,
    Refresh,
    Restored,
    Revive,
    Revived,
    Seen,
)
from actors.ownership import Alive, ChallengeExpired, Superseded
from actors.ports import Backplane
from actors.quota import PEERS_PER_GROUP, PEERS_PER_TENANT, tell_over_quota
from actors.reasons import ErrorCode, LeaveReason, MailboxFull
from actors.roster import Roster
from actors.rules import GroupRules, NewGroupRules, OnDuplicate
from actors.runtime import BrokerActor, BrokerRef, Runtime, handles
from actors.supervision import GroupEmpty, Testament, Vacated

__all__ = ["GroupActor"]

audit = Audit("actors")


class GroupActor(BrokerActor):
    """The members of one group and what they are told. Ends when it is empty and the Directory says so."""

    def __init__(
        self,
        runtime: Runtime,
        directory: BrokerRef,
        key: GroupKey,
        rules: GroupRules,
        backplane: Backplane,
        inherited: tuple[Member, ...] | None = None,
    ) -> None:
        """Prepare a group; `inherited` are the members of a failed actor that this one takes over from, None when it is the first."""
        super().__init__(runtime, directory)
        self._directory = directory
        self._key = key
        self._rules = rules
        self._backplane = backplane
        self._succeeds = inherited is not None
        self._members = Membership(inherited or ())
        self._contests = Contests(runtime, self.ref, rules.challenge_timeout)
        self._roster = Roster(self._members, key.group_id, runtime.clock)
        self._joins = 0
        self._now = runtime.clock.monotonic
        self._metrics = runtime.metrics
        self._count = runtime.metrics.increment
        self._relays = runtime.metrics.labels("relays")
        self._tenant_relays = runtime.metrics.labels("tenant_relays")

    # --- Relays: the hot path ---

    @handles(Relayed)
    def relay(self, message: Relayed) -> None:
        """Hand a message on to its target or, without one, to everyone else."""
        find = self._members.find
        source = find(message.source_id)
        if source is None or source.peer is not message.sender:
            message.give_back(ErrorCode.NOT_REGISTERED)
            return
        self._relays[message.type] += 1
        self._tenant_relays[self._key[0]] += 1
        source.last_seen = message.at
        target_id = message.target_id
        if source.away:
            # Only a deaf client gets here: any other has been revived by this very frame.
            message.give_back(ErrorCode.PEER_AWAY)
        elif target_id is None:
            self._spread(message)
        else:
            target = find(target_id)
            if target is None:
                message.target_gone()
            elif target.away:
                message.give_back(ErrorCode.PEER_AWAY)
            else:
                self._hand_over(message, target)

    def _spread(self, message: Relayed) -> None:
        """One ack for all of them: it is in their mailboxes. Whom it does not reach from there an error names."""
        if message.acked:
            message.acknowledge(AckStatus.DELIVERED)
            message = replace(message, acked=False)
        for member in self._members.others(message.source_id):
            self._hand_over(message, member)

    def _hand_over(self, message: Relayed, target: Member) -> None:
        try:
            target.peer.tell(message)
        except MailboxFull:
            message.give_back(ErrorCode.SLOW_PEER, target.peer_id)
        except pykka.ActorDeadError:
            # Its actor has failed and its Depart is behind this message.
            message.target_gone()

    # --- Joining ---

    @handles(Join)
    def join(self, message: Join) -> None:
        """Give the peer its place, or settle who owns the id."""
        self._joins += 1
        if not self._members:
            self._backplane.attach(self._key, self.ref)  # again, for one that was empty and had given its name up
        owner = self._members.find(message.peer_id)
        if message.barred is not None and (owner is None or not owner.is_shown(message.claim)):
            tell_over_quota(self._metrics, self._key, message, message.barred, PEERS_PER_TENANT)
            self._refuse(message, message.barred)
        elif owner is None:
            self._admit(message)
        else:
            self._settle(message, owner)
        self._check_empty()

    def _admit(self, message: Join) -> None:
        if len(self._members) >= self._rules.peers:
            tell_over_quota(self._metrics, self._key, message, ErrorCode.GROUP_FULL, PEERS_PER_GROUP)
            self._refuse(message, ErrorCode.GROUP_FULL)
        else:
            self._let_in(message)

    def _let_in(self, message: Join) -> None:
        place = self._backplane.place(self._key)
        member = self._members.join(message.peer_id, message.peer, message.metadata, place, self._now(), message.address)
        member.session = message.session
        self._count("peers")
        # Its own list first: a peer sees who is there before anything from them.
        self._tell_place(member)
        self._announce(member)

    def _refuse(self, message: Join, code: ErrorCode) -> None:
        message.unhandled(self._key, code)
        self._vacate()

    def _vacate(self) -> None:
        self._directory.post(Vacated(self._key, self.ref))

    def _tell_place(self, member: Member) -> None:
        member.peer.post(Joined(self._key, self.ref, member.sequence, self._roster.list_for(member), member.session))

    def _announce(self, member: Member) -> None:
        others = self._members.others(member.peer_id)
        joined = self._roster.joined(member, len(others))
        for other in others:
            other.peer.post(joined)

    @handles(Refresh)
    def refresh(self, message: Refresh) -> None:
        """The same peer, once more. One that has lost its place meanwhile has been told of that."""
        member = self._members.owned(message.peer_id, message.peer)
        if member is not None:
            member.metadata, member.last_seen = message.metadata, self._now()
            self._tell_place(member)

    # --- The same id again ---

    def _settle(self, message: Join, owner: Member) -> None:
        tenant, group = self._key
        who = {"group": group, "peer": owner.peer_id, "address": message.address, "owner": owner.address}
        if owner.is_shown(message.claim):
            audit.tell("peer resumed", tenant=tenant, reason="session", **who)
            self._take_over(message, owner)
            return
        audit.tell("peer id registered twice", tenant=tenant, reason=self._rules.on_duplicate, **who)
        if self._rules.on_duplicate is OnDuplicate.NEWEST:
            self._swap(owner, LeaveReason.REPLACED, message)
        elif self._rules.on_duplicate is OnDuplicate.REJECT or owner.peer_id in self._contests:
            self._refuse(message, ErrorCode.PEER_ID_TAKEN)
        else:
            self._contests.begin(message, owner)

    def _take_over(self, message: Join, owner: Member) -> None:
        """It is the same peer on another connection: the others hear nothing. One that was away was not there for them, and joins anew."""
        if owner.peer_id in self._contests:
            self._refuse(self._contests.end(owner.peer_id), ErrorCode.PEER_ID_TAKEN)
        if owner.away:
            self._swap(owner, LeaveReason.REPLACED, message)
            return
        self._count("resumes")
        self._vacate()  # of the two places that are counted now
        former, owner.peer, owner.address = owner.peer, message.peer, message.address
        owner.metadata, owner.last_seen = message.metadata, self._now()
        joined = Joined(self._key, self.ref, owner.sequence, self._roster.list_for(owner), owner.session, resumed=True)
        if not former.post(Superseded(message.peer, joined)):
            message.peer.post(joined)

    @handles(Alive)
    def incumbent_lives(self, message: Alive) -> None:
        """The owner has answered: the newcomer is refused."""
        if self._contests.is_open(message.peer_id, message.nonce):
            self._refuse(self._contests.end(message.peer_id), ErrorCode.PEER_ID_TAKEN)

    @handles(ChallengeExpired)
    def incumbent_is_a_ghost(self, message: ChallengeExpired) -> None:
        """The owner has not answered: it is closed, and the newcomer joins in its stead."""
        owner = self._members.find(message.peer_id)
        if owner is not None and self._contests.is_open(message.peer_id, message.nonce):
            self._swap(owner, LeaveReason.LOST, self._contests.end(message.peer_id))

    def _swap(self, owner: Member, reason: LeaveReason, newcomer: Join) -> None:
        """One goes and one comes: also where a bound was lowered meanwhile and the group has more than that."""
        self._evict(owner, reason)
        self._let_in(newcomer)

    def _evict(self, owner: Member, reason: LeaveReason) -> None:
        tenant, group = self._key
        audit.tell("peer evicted", tenant=tenant, reason=reason, group=group, peer=owner.peer_id, address=owner.address)
        self._remove(owner, reason)
        owner.peer.post(Evicted(self._key, reason))

    # --- Leaving, hiding, coming back ---

    @handles(Depart)
    def depart(self, message: Depart) -> None:
        """Let the peer go, or hide it. Says nothing to the others when it did not own its id, or was hidden before."""
        if message.reason is LeaveReason.AWAY:
            hidden = self._members.hide(message.peer_id, message.peer)
            if hidden is not None:
                self._tell_left(hidden, LeaveReason.AWAY)
            return
        member = self._members.owned(message.peer_id, message.peer)
        if member is not None:
            self._remove(member, message.reason)
        if self._contests.is_of(message.peer_id, message.peer):
            self._contests.end(message.peer_id)
            self._vacate()
        elif member is not None and message.peer_id in self._contests:
            self._admit(self._contests.end(message.peer_id))
        if message.reason is LeaveReason.LEFT:
            message.peer.post(Departed(self._key))
        self._check_empty()

    def _remove(self, member: Member, reason: LeaveReason | None) -> None:
        self._members.leave(member.peer_id, member.peer)
        self._count("peers", by=-1)
        self._vacate()
        if reason is not None and not member.away:
            self._tell_left(member, reason)

    def _tell_left(self, member: Member, reason: LeaveReason) -> None:
        left = PeerLeft(self._roster.info(member), reason, {})
        for other in self._members.others(member.peer_id):
            other.peer.post(left)

    @handles(Revive)
    def revive(self, message: Revive) -> None:
        """Bring a hidden peer back: it joins anew, behind everyone who is there."""
        member = self._members.owned(message.peer_id, message.peer)
        if member is not None and member.away:
            self._members.revive(message.peer_id, message.peer, self._backplane.place(self._key), self._now())
            member.peer.post(Revived(self._key, member.sequence, self._roster.list_for(member)))
            self._announce(member)

    @handles(Seen)
    def seen(self, message: Seen) -> None:
        """The peer was heard of."""
        member = self._members.owned(message.peer_id, message.peer)
        if member is not None:
            member.last_seen = self._now()

    @handles(FindPeer, ListPeers, Remove)
    def operate(self, message: FindPeer | ListPeers | Remove) -> None:
        """An operator looks at the members, or sends some away."""
        message.act(self._members, self._now())

    # --- The end, and after a failure ---

    def _check_empty(self) -> None:
        if not self._members and not self._contests:
            # Given up before the Directory hears of it, and not at this actor's end: a successor may have its first turn before that.
            self._backplane.detach(self._key, self.ref)
            self._directory.post(GroupEmpty(self._key, self.ref, self._joins))

    @handles(NewGroupRules)
    def change_rules(self, message: NewGroupRules) -> None:
        """Go by other rules from here on."""
        self._rules = message.rules

    @handles(EndGroup)
    def end_group(self, _message: EndGroup) -> None:
        """Nobody is here and nobody is on the way."""
        self.end()

    def on_unread(self, unread: list[Message]) -> None:
        """Left over when the group ended: from peers that lost their place and have not read so yet."""
        for message in unread:
            message.unhandled(self._key, ErrorCode.NOT_REGISTERED)

    def testament(self) -> Testament:
        """The members keep their places; newcomers in a contest are heard anew."""
        return Testament(self._key, tuple(self._members), tuple(self._contests.newcomers()))

    def on_start(self) -> None:
        """Take the group, or take it over from a failed actor.

        Inherited members know each other already, so that no list and no `peer_joined` is sent twice: a second initiator would break links
        that work.
        """
        self._count("groups")
        self._backplane.attach(self._key, self.ref)
        for member in self._members:
            member.peer.post(Restored(self._key, self.ref))
        if self._succeeds:
            self._check_empty()

    def on_stop(self) -> None:
        """Give the group up."""
        self._backplane.detach(self._key, self.ref)
        self._count("groups", by=-1)

    def on_failure(self, *_error: object) -> None:
        """Counted out. The backplane keeps the group's places for the successor that the Directory starts."""
        self._count("groups", by=-1)
        self._contests.stop()
