"""The clocks that actors and timers go by (`actors.ports.Clock`)."""

import math
import time
from collections.abc import Callable

__all__ = ["STALL_SECONDS", "HubClock"]

STALL_SECONDS = 0.5
"""Longer than that between two beats of the hub (`gateway.pulse`), and the process did not serve: stopped, starved, or stuck in a call."""


class HubClock:
    """Counts the time that is served, and tells the time of day.

    While the hub is stalled no client can be heard, however much it says: so the clock stops, STALL_SECONDS after the last beat, and nobody
    is away, lost or too late for a fault of ours. Before the first beat it never stops.

    Attributes:
        lost: seconds that it stood still, in all.

    """

    __slots__ = ("_limit", "_real", "lost")

    wall = staticmethod(time.time)

    def __init__(self, real: Callable[[], float] = time.monotonic) -> None:
        self._real = real
        self._limit = math.inf
        self.lost = 0.0

    def monotonic(self) -> float:
        """Seconds served; never goes back."""
        now = self._real() - self.lost
        return now if now < self._limit else self._limit  # noqa: FURB136 - `min` takes three times as long, and this is in each relay

    def beat(self) -> float:
        """The hub turns. Returns the seconds since the last beat if they were a stall, else 0."""
        now = self._real() - self.lost
        late = now - self._limit
        if late > 0:
            self.lost += late
            now = self._limit
        self._limit = now + STALL_SECONDS
        return late + STALL_SECONDS if late > 0 else 0.0
