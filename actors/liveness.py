"""Who is silent for how long, and what that calls for. Pure: the PeerActor owns one and one timer, and asks when the timer fires.

The timer is re-armed lazily: hearing from the client only stores the time, and a timer that fires early finds the next deadline. That costs
0.2 kB and no measurable CPU for a peer, and there is no sweep over all peers.
"""

import enum
from typing import NamedTuple

__all__ = ["DEAF_PINGS", "Liveness", "LivenessRules", "Verdict"]

DEAF_PINGS = 3
"""Pings in a row that a client may leave unanswered while its data still comes in (`docs/protocol.md`: Liveness)."""


class LivenessRules(NamedTuple):
    """Seconds, each counted from the last sign of life, `register_timeout` from the connect."""

    ping_interval: float
    expire_after: float
    close_after: float
    register_timeout: float


class Verdict(enum.Enum):
    """What a deadline calls for."""

    PING = "ping"
    AWAY = "away"
    CLOSE = "close"
    NEVER_REGISTERED = "never registered"


class Liveness:
    """The deadlines of one connection.

    Attributes:
        last_heard: when the client gave its last sign of life. To set it is all that a sign of life from a peer that is there takes.
        away: whether the peer is hidden.
        deaf: whether it is, because it does not answer pings.

    """

    __slots__ = ("_next_ping", "_register_by", "_rules", "_unanswered", "away", "deaf", "last_heard")

    def __init__(self, rules: LivenessRules, now: float) -> None:
        self._rules = rules
        self.last_heard = now
        self._next_ping = now + rules.ping_interval
        self._unanswered = 0
        self._register_by: float | None = now + rules.register_timeout
        self.away = False
        self.deaf = False

    def registered(self) -> None:
        """It has registered: the deadline for that is met for good."""
        self._register_by = None

    def heard(self, now: float) -> bool:
        """A frame came. True when that brings an away peer back; a deaf one comes back by a pong only."""
        self.last_heard = now
        return self.away and not self.deaf

    def ponged(self, now: float) -> bool:
        """A pong came. True when that brings an away peer back."""
        self.last_heard = now
        self._unanswered = 0
        self.deaf = False
        return self.away

    def revived(self) -> None:
        """The peer is back in its group."""
        self.away = self.deaf = False
        self._unanswered = 0

    def check(self, now: float) -> list[Verdict]:
        """What is due, in the order in which it is to be done. Each is said once."""
        rules = self._rules
        if self._register_by is not None and now >= self._register_by:
            self._register_by = None
            return [Verdict.NEVER_REGISTERED]
        if now >= self.last_heard + rules.close_after:
            return [Verdict.CLOSE]
        due = []
        ping_due = now >= self._next_ping
        deaf = ping_due and self._unanswered >= DEAF_PINGS
        if not self.away and (deaf or now >= self.last_heard + rules.expire_after):
            self.away = True
            # Silence is not deafness: a silent peer comes back with any frame.
            self.deaf = now < self.last_heard + rules.expire_after
            due.append(Verdict.AWAY)
        if ping_due:
            self._unanswered += 1
            self._next_ping = now + rules.ping_interval
            due.append(Verdict.PING)
        return due

    def next_deadline(self) -> float:
        """When `check` has something to say, unless the client is heard of before."""
        rules = self._rules
        silent = self.last_heard + (rules.close_after if self.away else rules.expire_after)
        deadline = min(self._next_ping, silent)
        return deadline if self._register_by is None else min(deadline, self._register_by)
