"""Who is in a group, in the order of their joins. Pure: no actor runs here, and time is an argument."""

import secrets
from collections.abc import Iterator

from actors.messages import PeerRef

__all__ = ["Member", "Membership"]


class Member:
    """One peer of a group. `sequence` is its place in the total order of joins, `last_seen` is on the monotonic clock.

    `joined` is when it came, on the same clock. `session` is what a v2 peer may take its place with from another connection; a v1 peer has
    none.
    """

    __slots__ = ("address", "away", "joined", "last_seen", "metadata", "peer", "peer_id", "sequence", "session")

    def __init__(self, peer_id: str, peer: PeerRef, metadata: bytes | None, sequence: int, now: float, address: str = "") -> None:
        self.peer_id = peer_id
        self.address = address
        self.peer = peer
        self.metadata = metadata
        self.sequence = sequence
        self.joined = self.last_seen = now
        self.away = False
        self.session: str | None = None

    def is_shown(self, claim: str | None) -> bool:
        """Whether whoever makes this claim knows what only this member was told."""
        if claim is None or self.session is None:
            return False
        return secrets.compare_digest(claim.encode(), self.session.encode())  # in constant time: a session is worth guessing


class Membership:
    """The members of one group by peer id: at any time one owner for each id.

    Every change names the connection it speaks for, so that the leaving of a loser never harms the owner of its id.
    """

    __slots__ = ("_members", "find")

    def __init__(self, members: tuple[Member, ...] = ()) -> None:
        self._members = {member.peer_id: member for member in members}
        self.find = self._members.get
        """The owner of an id, or None. Not a method of its own: it is called twice in each relay, and a call costs 0.05 us."""

    def __len__(self) -> int:
        """How many ids are owned, by members that are away too."""
        return len(self._members)

    def __iter__(self) -> Iterator[Member]:
        """All members, those that are away too, in the order of their joins."""
        return iter(self._members.values())

    def owned(self, peer_id: str, peer: PeerRef) -> Member | None:
        """The owner of an id, if it is `peer`."""
        member = self._members.get(peer_id)
        return member if member is not None and member.peer is peer else None

    def others(self, peer_id: str) -> list[Member]:
        """Everyone who is there, in the order of their joins, without `peer_id` and without those that are away."""
        return [member for member in self._members.values() if not member.away and member.peer_id != peer_id]

    def join(self, peer_id: str, peer: PeerRef, metadata: bytes | None, sequence: int, now: float, address: str = "") -> Member:
        """Give a free id to `peer`, in the last place.

        Raises:
            KeyError: the id has an owner.

        """
        if peer_id in self._members:
            raise KeyError(peer_id)
        member = self._members[peer_id] = Member(peer_id, peer, metadata, sequence, now, address)
        return member

    def leave(self, peer_id: str, peer: PeerRef) -> Member | None:
        """Take the id back. None, and no change, when `peer` does not own it."""
        member = self.owned(peer_id, peer)
        if member is not None:
            del self._members[peer_id]
        return member

    def hide(self, peer_id: str, peer: PeerRef) -> Member | None:
        """Mark a member as away. None when `peer` does not own the id or is away already."""
        member = self.owned(peer_id, peer)
        if member is None or member.away:
            return None
        member.away = True
        return member

    def revive(self, peer_id: str, peer: PeerRef, sequence: int, now: float) -> Member | None:
        """Bring a member that was away back, in the last place. None when `peer` does not own the id or is not away."""
        member = self.owned(peer_id, peer)
        if member is None or not member.away:
            return None
        del self._members[peer_id]
        self._members[peer_id] = member
        member.away, member.sequence, member.last_seen = False, sequence, now
        return member
