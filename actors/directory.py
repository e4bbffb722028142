"""Directory: the supervisor. It knows which actor is which group, starts them, ends them, and replaces those that fail."""

import logging
from collections.abc import Mapping

import pykka
from msgspec.structs import replace

from actors.census import CountTenants, FindPeer, ListGroups, ListPeers, Remove, TenantCount
from actors.events import Message
from actors.group import GroupActor
from actors.membership import Member
from actors.messages import Close, Depart, EndGroup, GroupKey, GroupLost, Join
from actors.ports import Backplane
from actors.quota import PEERS_PER_TENANT, tell_over_quota
from actors.reasons import CloseCode, ErrorCode, LeaveReason, MailboxFull
from actors.rules import GroupRules, NewGroupRules, NewTenantRules, TenantRules
from actors.runtime import BrokerActor, BrokerRef, Runtime, handles
from actors.supervision import ActorFailed, Drain, Forward, GroupEmpty, Testament, Vacated

__all__ = ["RESTARTS", "RESTART_SECONDS", "TENANT_GONE", "Directory"]

logger = logging.getLogger("actors.directory")

RESTARTS = 3
"""Failures of one group within RESTART_SECONDS after which it is given up: what it holds is what makes it fail."""

RESTART_SECONDS = 10.0

TENANT_GONE = Close(CloseCode.NOT_ALLOWED, None, "this tenant is no longer served here")
"""What its clients hear. The others of a group are going, too, and are told nothing."""

_NOWHERE = GroupKey("", "")


class _Entry:
    """A group, how many joins were sent its way, and what came after it had failed and before the Directory knew.

    `peers` are those that have a place, or have asked for one and not been refused.
    """

    __slots__ = ("failures", "group", "joins", "late", "peers")

    def __init__(self, group: BrokerRef) -> None:
        self.group = group
        self.joins = 0
        self.peers = 0
        self.late: list[Message] = []
        self.failures: tuple[float, ...] = ()


class _Occupancy:
    """What a tenant has of its quotas."""

    __slots__ = ("groups", "peers")

    def __init__(self) -> None:
        self.groups = 0
        self.peers = 0


class Directory(BrokerActor):
    """(tenant, group) -> GroupActor. Every message that starts a membership passes here, a relay never does."""

    def __init__(
        self, runtime: Runtime, rules: Mapping[str, TenantRules], backplane: Backplane, supervisor: BrokerRef | None = None
    ) -> None:
        super().__init__(runtime, supervisor)
        self._rules = rules
        self._backplane = backplane
        self._entries: dict[GroupKey, _Entry] = {}
        self._by_tenant: dict[str, _Occupancy] = {}
        self._draining = False

    @handles(Forward)
    def forward(self, message: Forward) -> None:
        """Pass a message on to its group; a Join starts a group that is not there."""
        key, forwarded = message.key, message.message
        entry = self._entries.get(key)
        if isinstance(forwarded, Join):
            if self._draining:
                forwarded.unhandled(key, ErrorCode.DRAINING)
                return
            rules = self._rules.get(key.tenant)
            if rules is None:
                forwarded.unhandled(key, ErrorCode.NOT_ALLOWED)
                return
            quota = self._exhausted(key, entry, rules)
            if quota is not None and (entry is None or forwarded.claim is None):
                tell_over_quota(self._runtime.metrics, key, forwarded, ErrorCode.TENANT_FULL, quota)
                forwarded.unhandled(key, ErrorCode.TENANT_FULL)
                return
            if quota is not None:
                # It may want no place but its own. It is counted like any other until the group has said so, or refused it.
                forwarded = replace(forwarded, barred=ErrorCode.TENANT_FULL)
            entry = self._reserve(key, entry, rules)
        if entry is None:
            forwarded.unhandled(key, ErrorCode.NOT_REGISTERED)
        else:
            _pass_on(key, entry, forwarded)

    def _exhausted(self, key: GroupKey, entry: _Entry | None, rules: TenantRules) -> str | None:
        """The quota of its tenant that leaves no place for one more peer."""
        tenant = self._by_tenant.get(key.tenant) or _Occupancy()
        if tenant.peers >= rules.peers:
            return PEERS_PER_TENANT
        return "groups_per_tenant" if entry is None and tenant.groups >= rules.groups else None

    def _reserve(self, key: GroupKey, entry: _Entry | None, rules: TenantRules) -> _Entry:
        """A place for one more peer, in a new group if need be; it is counted until `Vacated` gives it back."""
        tenant = self._by_tenant.setdefault(key.tenant, _Occupancy())
        if entry is None:
            entry = self._entries[key] = _Entry(self._start_group(key, rules.group))
            tenant.groups += 1
        entry.peers += 1
        tenant.peers += 1
        return entry

    @handles(Vacated)
    def vacated(self, message: Vacated) -> None:
        """A place is free again: its peer has left, or has not got it. What a failed group still has to say was counted when it failed."""
        entry = self._entries.get(message.key)
        if entry is not None and entry.group is message.group:
            entry.peers -= 1
            self._by_tenant[message.key.tenant].peers -= 1

    def _start_group(self, key: GroupKey, rules: GroupRules, members: tuple[Member, ...] | None = None) -> BrokerRef:
        return GroupActor.start(self._runtime, self.ref, key, rules, self._backplane, members)

    @handles(NewTenantRules)
    def change_rules(self, message: NewTenantRules) -> None:
        """Go by other rules. The groups that run are told; those of a tenant that is no more lose all their peers.

        Also those who have no connection: whoever gets the name of that tenant next is to find nobody there.
        """
        for key, entry in self._entries.items():
            before, rules = self._rules.get(key.tenant), message.tenants.get(key.tenant)
            if rules is None:
                entry.group.post(Remove(key, _unasked, goodbye=TENANT_GONE))
            elif before is None or rules.group != before.group:
                entry.group.post(NewGroupRules(rules.group))
        self._rules = message.tenants

    @handles(GroupEmpty)
    def group_is_empty(self, message: GroupEmpty) -> None:
        """End the group, unless a join is on its way: then the group has handled fewer than were sent, and will say so again."""
        entry = self._entries.get(message.key)
        if entry is not None and entry.group is message.group and entry.joins == message.joins:
            self._strike_off(message.key)
            entry.group.post(EndGroup())

    def _strike_off(self, key: GroupKey) -> None:
        entry = self._entries.pop(key)
        tenant = self._by_tenant[key.tenant]
        tenant.groups -= 1
        tenant.peers -= entry.peers
        if not tenant.groups:
            del self._by_tenant[key.tenant]

    # --- Operators ---

    @handles(CountTenants)
    def count_tenants(self, message: CountTenants) -> None:
        """An operator asks for what there is of each tenant."""
        message.reply(tuple(TenantCount(name, tenant.groups, tenant.peers) for name, tenant in self._by_tenant.items()))

    @handles(ListGroups)
    def list_groups(self, message: ListGroups) -> None:
        """An operator asks for the groups of a tenant."""
        message.act((key, entry.peers) for key, entry in self._entries.items())

    @handles(FindPeer, ListPeers, Remove)
    def inquire(self, message: FindPeer | ListPeers | Remove) -> None:
        """An operator asks a group."""
        entry = self._entries.get(message.key)
        if entry is None:
            message.unhandled(message.key, ErrorCode.NOT_REGISTERED)
        else:
            _pass_on(message.key, entry, message)

    @handles(Drain)
    def drain_node(self, _message: Drain) -> None:
        """No more joins from here on; peers that are in stay until their connections are closed."""
        self._draining = True

    # --- Failures ---

    @handles(ActorFailed)
    def actor_failed(self, message: ActorFailed) -> None:
        """Replace a failed group, with its members in their places.

        A failed PeerActor has closed its connection and left its group itself; what others had sent it is given back here.
        """
        will = message.testament
        if not isinstance(will, Testament):
            _give_back(_NOWHERE, message)
            return
        entry = self._entries.get(will.key)
        if entry is None or entry.group is not message.actor:
            # It was struck off already, and failed at its end.
            self._backplane.detach(will.key, message.actor)
            _give_back(will.key, message)
        elif (rules := self._rules.get(will.key.tenant)) is None or self._fails_too_often(will.key, entry):
            self._give_up(will, entry, message)
        else:
            self._replace(will, entry, message, rules)

    def _fails_too_often(self, key: GroupKey, entry: _Entry) -> bool:
        now = self._runtime.clock.monotonic()
        entry.failures = (*entry.failures, now)[-RESTARTS:]
        if len(entry.failures) < RESTARTS or now - entry.failures[0] >= RESTART_SECONDS:
            return False
        said = "group failed %d times in %g s and is given up"
        logger.error(said, RESTARTS, RESTART_SECONDS, extra={"group": key.group_id, "tenant": key.tenant})
        return True

    def _replace(self, will: Testament, entry: _Entry, failure: ActorFailed, rules: TenantRules) -> None:
        """Nothing overtakes: first what the group had not settled, then its mailbox, then what found it dead."""
        entry.group = self._start_group(will.key, rules.group, will.members)
        entry.joins = 0
        late, entry.late = entry.late, []
        # It goes by the newest rules; some that are older may have been on their way.
        messages = [found for found in (*_remains(will, failure), *failure.unread, *late) if not isinstance(found, NewGroupRules)]
        # Counted anew: of the failed actor's `Vacated` those that are on their way no longer count, and its poison may have been a Join.
        peers = len(will.members) + sum(isinstance(message, Join) for message in messages)
        self._by_tenant[will.key.tenant].peers += peers - entry.peers
        entry.peers = peers
        for message in messages:
            _pass_on(will.key, entry, message)

    def _give_up(self, will: Testament, entry: _Entry, failure: ActorFailed) -> None:
        self._strike_off(will.key)
        self._backplane.detach(will.key, failure.actor)
        # First what is owed to them: they are closed by what follows.
        _give_back(will.key, failure, *_unsettled(will, failure), *entry.late)
        for member in will.members:
            self._runtime.metrics.increment("peers", by=-1)
            member.peer.post(GroupLost(will.key))


def _unasked(_answer: object) -> None:
    """Take an answer that nobody waits for."""


def _pass_on(key: GroupKey, entry: _Entry, message: Message) -> None:
    try:
        entry.group.tell(message)
    except MailboxFull:
        message.unhandled(key, ErrorCode.UNAVAILABLE)
    except pykka.ActorDeadError:
        # It has failed, and word of that is in our mailbox.
        entry.late.append(message)
    else:
        entry.joins += isinstance(message, Join)


def _remains(will: Testament, failure: ActorFailed) -> list[Message]:
    """What the failed actor had begun: to be done by its successor. The message that it failed on is answered and not tried again.

    But for a Depart: that cannot be refused, and is harmless twice. A Join may have been done in part, and is undone.
    """
    poison = failure.poison
    if isinstance(poison, Depart):
        return [poison, *_unsettled(will, failure)]
    if poison is not None:
        poison.unhandled(will.key, ErrorCode.INTERNAL)
    if isinstance(poison, Join):
        return [Depart(poison.peer, poison.peer_id, LeaveReason.LOST), *_unsettled(will, failure)]
    return _unsettled(will, failure)


def _unsettled(will: Testament, failure: ActorFailed) -> list[Message]:
    return [join for join in will.unsettled if join is not failure.poison]


def _give_back(key: GroupKey, failure: ActorFailed, *more: Message) -> None:
    """Nobody takes over: tell everyone who waits for something."""
    for message in (failure.poison, *more, *failure.unread):
        if message is not None:
            message.unhandled(key, ErrorCode.INTERNAL)
