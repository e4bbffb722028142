"""Whom a local client knows, and what it is told when the server names others. Pure: no clock and no socket.

A v1 client offers to everyone in each list that it gets, and expects an offer of everyone of whom it hears that they joined. So what it is
told decides who offers, and of two peers only the one that has the other in its list may be told so by a list.

A server that restarts has forgotten its groups: all join anew, one after the other, and their links are still good. A client that has been
gone for longer than the server waits has been forgotten by the others: their links to it may be gone, and it has to offer again. That a
peer has left and another of the same id has come in the midst of a restart cannot be seen; that one's own offer mends it, or its leaving.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from psync_signal import Peer, PeerJoined, PeerLeft

__all__ = ["Listed", "Presence", "Told"]


@dataclass(frozen=True)
class Listed:
    """Tell of these in a list: the local client is the one that offers."""

    peers: tuple[Peer, ...]


Told: TypeAlias = Listed | PeerJoined | PeerLeft


class Presence:
    """The peers of one local client.

    Args:
        patience: seconds after a restart in which those that were there may join again, before they count as lost.

    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._known: dict[str, Peer] = {}
        self._listed: set[str] = set()  # those of them that a list has named
        self._awaited: set[str] = set()  # those of them that have not joined again
        self.due: float | None = None
        """When those that are awaited count as lost; None when nobody is."""

    def named(self, peers: Iterable[Peer]) -> list[Told]:
        """A list after joining as someone new to all: everything that was is over."""
        there = {peer.id: peer for peer in peers}
        gone: list[Told] = [PeerLeft(peer, "lost") for name, peer in self._known.items() if name not in there]
        self._known, self._listed, self._awaited, self.due = there, set(there), set(), None
        return [*gone, Listed(tuple(there.values()))]

    def named_again(self, peers: Iterable[Peer], now: float) -> list[Told]:
        """A list after a restart: those who have joined before, and the others may follow. Nothing is told of whom the client knows."""
        there = {peer.id: peer for peer in peers}
        new = tuple(peer for name, peer in there.items() if name not in self._known)
        self._awaited = self._known.keys() - there.keys()
        self.due = now + self._patience if self._awaited else None
        self._known |= there
        self._listed |= {peer.id for peer in new}
        return [Listed(new)] if new else []

    def joined(self, event: PeerJoined) -> list[Told]:
        """A peer came; one that is awaited was never gone for the local client."""
        name = event.peer.id
        awaited = name in self._awaited
        self._forget(name)
        self._known[name] = event.peer
        if awaited:
            return []
        self._listed.discard(name)
        return [event]

    def left(self, event: PeerLeft) -> list[Told]:
        """A peer is gone; of one that the local client does not know it need not hear."""
        self._forget(event.peer.id)
        self._listed.discard(event.peer.id)
        return [event] if self._known.pop(event.peer.id, None) else []

    def overdue(self, now: float) -> list[Told]:
        """Those who were awaited for too long."""
        if self.due is None or now < self.due:
            return []
        lost = sorted(self._awaited)
        return [told for name in lost for told in self.left(PeerLeft(self._known[name], "lost"))]

    def listed(self) -> Listed:
        """The list for a client that registers once more: those to whom the offer is its own, as the server would say."""
        return Listed(tuple(peer for name, peer in self._known.items() if name in self._listed))

    def awaits(self, name: str | None) -> bool:
        """Whether this peer may come back, and is not there yet."""
        return name in self._awaited

    def _forget(self, name: str) -> None:
        """Await a peer no longer."""
        self._awaited.discard(name)
        if not self._awaited:
            self.due = None
