"""Contests: newcomers that ask for an id which has an owner, each waiting for a while for the owner to show that it lives."""

import itertools
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from actors.membership import Member
from actors.messages import Join, PeerRef
from actors.ownership import Challenge, ChallengeExpired
from actors.ports import Timer
from actors.runtime import BrokerRef, Runtime, reminder

__all__ = ["Contests"]


class _Contest(NamedTuple):
    newcomer: Join
    nonce: int
    timer: Timer


class Contests:
    """The contests of one group, one for each id at most. `seconds` is how long an owner may take."""

    __slots__ = ("_by_id", "_group", "_scheduler", "_seconds")

    # Of the class: a late answer to a challenge of an actor that failed must not fit one of its successor.
    _nonces: ClassVar["itertools.count[int]"] = itertools.count(1)

    def __init__(self, runtime: Runtime, group: BrokerRef, seconds: float) -> None:
        self._scheduler = runtime.scheduler
        self._group = group
        self._seconds = seconds
        self._by_id: dict[str, _Contest] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, peer_id: str) -> bool:
        return peer_id in self._by_id

    def newcomers(self) -> Iterator[Join]:
        """Who waits."""
        return (contest.newcomer for contest in self._by_id.values())

    def begin(self, newcomer: Join, owner: Member) -> None:
        """Ask the owner for a sign of life."""
        nonce = next(self._nonces)
        timer = reminder(self._scheduler, self._group, ChallengeExpired(owner.peer_id, nonce))
        self._by_id[owner.peer_id] = _Contest(newcomer, nonce, timer)
        timer.start(self._seconds)
        owner.peer.post(Challenge(nonce))

    def is_open(self, peer_id: str, nonce: int) -> bool:
        """Whether this very contest has not ended."""
        contest = self._by_id.get(peer_id)
        return contest is not None and contest.nonce == nonce

    def is_of(self, peer_id: str, newcomer: PeerRef) -> bool:
        """Whether it is `newcomer` that waits for this id."""
        contest = self._by_id.get(peer_id)
        return contest is not None and contest.newcomer.peer is newcomer

    def end(self, peer_id: str) -> Join:
        """It is settled; returns who waited.

        Raises:
            KeyError: there is none.

        """
        contest = self._by_id.pop(peer_id)
        contest.timer.stop()
        return contest.newcomer

    def stop(self) -> None:
        """Nobody is left to settle them."""
        for contest in self._by_id.values():
            contest.timer.stop()
