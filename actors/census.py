"""Census: what an operator asks of the actors, and has them do: counts, lists, removals.

Whoever asks gives a `reply` and waits outside: no actor ever does. It is called once, in the turn of the actor that answers, and must not
raise or block: with what was asked for, or with the ErrorCode that says why there is none. Lists come in pages, ordered by id.

All of these are of the lifecycle: an operator is let through to a group that is flooded, and is bounded by its own listener.
"""

from collections.abc import Callable, Iterable
from heapq import nsmallest
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias

from actors.events import Message
from actors.messages import Close, GroupKey, PeerRef
from actors.reasons import CloseCode, ErrorCode, LeaveReason

if TYPE_CHECKING:
    from actors.membership import Member, Membership

__all__ = ["CountTenants", "FindPeer", "GroupCount", "Inquiry", "ListGroups", "ListPeers", "PeerState", "Remove", "Reply", "TenantCount"]

Reply: TypeAlias = Callable[[Any], object]

KICKED = Close(CloseCode.KICKED, LeaveReason.KICKED)


class TenantCount(NamedTuple):
    """What a tenant has of its quotas."""

    tenant: str
    groups: int
    peers: int


class GroupCount(NamedTuple):
    """A group, and how many have a place in it or have asked for one."""

    group_id: str
    peers: int


class PeerState(NamedTuple):
    """A peer as its group knows it; `silent` and `age`, since its join, are in seconds, `sequence` is its place in the order of joins."""

    peer_id: str
    address: str
    away: bool
    silent: float
    sequence: int
    age: float
    peer: PeerRef


class Inquiry(Message, frozen=True, gc=False):
    """Base of what goes to a group, by way of the Directory."""

    lifecycle: ClassVar[bool] = True
    key: GroupKey
    reply: Reply

    def unhandled(self, key: GroupKey, code: ErrorCode) -> None:  # noqa: ARG002 - it is for one group
        """There is no such group, or its actor has failed on this."""
        self.reply(code)

    def act(self, members: "Membership", now: float) -> None:
        """Do what is asked for among the members, and reply."""
        raise NotImplementedError


class ListPeers(Inquiry, frozen=True, gc=False):
    """Reply with the first `most` PeerStates whose id comes after `after`, and holds `search` in capitals or small letters."""

    after: str
    most: int
    search: str = ""

    def act(self, members: "Membership", now: float) -> None:
        """Look; change nothing."""
        found = (member for member in members if member.peer_id > self.after and _holds(member.peer_id, self.search))
        page = nsmallest(self.most, found, key=_by_id)
        self.reply(tuple(_state(each, now) for each in page))


class FindPeer(Inquiry, frozen=True, gc=False):
    """Reply with the PeerState of a peer, in a tuple that is empty where there is no such peer."""

    peer_id: str

    def act(self, members: "Membership", now: float) -> None:
        """Look; change nothing."""
        member = members.find(self.peer_id)
        self.reply(() if member is None else (_state(member, now),))


class Remove(Inquiry, frozen=True, gc=False):
    """Close the connection of a member, or with None of all, with `goodbye`. Reply with how many they are.

    Unless that says otherwise they are closed with 4410, and the others see them leave, `kicked`.
    """

    peer_id: str | None = None
    goodbye: Close = KICKED

    def act(self, members: "Membership", now: float) -> None:  # noqa: ARG002 - the signature of all
        """Tell the members to go. They leave as everyone does, one by one."""
        removed = [member for member in members if self.peer_id in (None, member.peer_id)]
        for member in removed:
            member.peer.post(self.goodbye)
        self.reply(len(removed))


class CountTenants(Message, frozen=True, gc=False):
    """To the Directory: reply with a TenantCount for each tenant that has a group."""

    lifecycle: ClassVar[bool] = True
    reply: Reply


class ListGroups(Message, frozen=True, gc=False):
    """To the Directory: reply with the first `most` GroupCounts of a tenant whose id comes after `after`; `search` as in ListPeers."""

    lifecycle: ClassVar[bool] = True
    tenant: str
    after: str
    most: int
    reply: Reply
    search: str = ""

    def act(self, peers: Iterable[tuple[GroupKey, int]]) -> None:
        """Choose among all groups."""
        own = (GroupCount(key.group_id, count) for key, count in peers if key.tenant == self.tenant and key.group_id > self.after)
        self.reply(tuple(nsmallest(self.most, (each for each in own if _holds(each.group_id, self.search)))))


def _state(member: "Member", now: float) -> PeerState:
    return PeerState(member.peer_id, member.address, member.away, now - member.last_seen, member.sequence, now - member.joined, member.peer)


def _holds(name: str, search: str) -> bool:
    return not search or search.casefold() in name.casefold()


def _by_id(member: "Member") -> str:
    return member.peer_id
