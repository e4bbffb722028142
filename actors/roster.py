"""Roster: the members of one group as others are told of them. Pure."""

import math

from actors.events import PeerInfo, PeerJoined
from actors.membership import Member, Membership
from actors.ports import Clock

__all__ = ["AUDIENCE", "STORM_SECONDS", "Roster"]

AUDIENCE, STORM_SECONDS = 32, 0.02
"""When joins follow each other so fast and so many hear of each, these may hear of several at once (`gateway.scheduler.LINGER_SECONDS`)."""


class Roster:
    """Reads a `Membership`; knows what time it is for people."""

    __slots__ = ("_clock", "_group_id", "_joined_at", "_members")

    def __init__(self, members: Membership, group_id: str, clock: Clock) -> None:
        self._members = members
        self._group_id = group_id
        self._clock = clock
        self._joined_at = -math.inf

    def list_for(self, member: Member) -> tuple[PeerInfo, ...]:
        """Who was there before: those to whom this member offers. Whoever joined later offers to it, however often it asks."""
        offset, group_id = self._offset(), self._group_id
        return tuple(
            PeerInfo(other.peer_id, group_id, other.last_seen + offset, other.metadata)
            for other in self._members.others(member.peer_id)
            if other.sequence < member.sequence
        )

    def info(self, member: Member) -> PeerInfo:
        """One member."""
        return PeerInfo(member.peer_id, self._group_id, member.last_seen + self._offset(), member.metadata)

    def joined(self, member: Member, audience: int) -> PeerJoined:
        """What `audience` others are told of one that has just joined. To be asked for once."""
        now = self._clock.monotonic()
        before, self._joined_at = self._joined_at, now
        return PeerJoined(self.info(member), {}, patient=audience >= AUDIENCE and now - before < STORM_SECONDS)

    def _offset(self) -> float:
        """What makes a time of day of a time on the monotonic clock."""
        return self._clock.wall() - self._clock.monotonic()
