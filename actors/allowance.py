"""Token buckets: how much of something a client may do in a time. Pure; time is an argument."""

__all__ = ["Allowance", "Rate"]

from typing import NamedTuple


class Rate(NamedTuple):
    """`per_second` on average, `burst` at once."""

    per_second: float
    burst: float


class Allowance:
    """What is left of one client's `Rate`. Starts full."""

    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._left = rate.burst
        self._at = now

    def spend(self, now: float, cost: float = 1) -> bool:
        """Take `cost` if it is there; a refusal takes nothing."""
        rate, burst = self._rate
        left = self._left + (now - self._at) * rate
        self._at = now
        left = min(left, burst)
        if left < cost:
            self._left = left
            return False
        self._left = left - cost
        return True

    def wait_ms(self, cost: float = 1) -> int:
        """Milliseconds, from the last `spend`, until `cost` is there; at least 1. A cost above the burst is counted as the burst."""
        missing = min(cost, self._rate.burst) - self._left
        return max(1, int(missing / self._rate.per_second * 1000) + 1)
