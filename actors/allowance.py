"""Rates: how much of something a client may do in a time. Pure; time is an argument.

A token bucket, written as a timetable: of each allowance only the moment is kept at which all that was spent will have come back. That is
one number where a bucket has two, and one comparison where a bucket has two and a minimum.
"""

__all__ = ["Allowance", "Rate", "wait_ms"]

_SLACK = 1e-6  # seconds: takes up what rounding loses when a burst is spent one by one


class Rate:
    """`per_second` on average, `burst` at once.

    Attributes:
        interval: seconds in which one comes back.
        window: seconds in which a whole burst comes back.

    """

    __slots__ = ("burst", "interval", "per_second", "window")

    def __init__(self, per_second: float, burst: float) -> None:
        self.per_second = per_second
        self.burst = burst
        self.interval = 1 / per_second
        self.window = burst / per_second + _SLACK


class Allowance:
    """What is left of one client's `Rate`. Starts full."""

    __slots__ = ("_rate", "_restored")

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._restored = 0.0

    def spend(self, now: float, cost: float = 1) -> bool:
        """Take `cost` if it is there; a refusal takes nothing."""
        rate, restored = self._rate, self._restored
        restored = max(restored, now) + cost * rate.interval
        if restored - now > rate.window:
            return False
        self._restored = restored
        return True

    def has(self, now: float, cost: float = 1) -> bool:
        """Whether `cost` is there; nothing is taken."""
        return max(self._restored, now) + cost * self._rate.interval - now <= self._rate.window

    def is_full(self, now: float) -> bool:
        """Whether all that was spent has come back."""
        return self._restored <= now

    def wait_ms(self, now: float, cost: float = 1) -> int:
        """Milliseconds until `cost` is there."""
        return wait_ms(self._rate, self._restored, now, cost)


def wait_ms(rate: Rate, restored: float, now: float, cost: float = 1) -> int:
    """Milliseconds until `cost` is there, at least 1, when all that was spent is back at `restored`. No cost is more than the burst."""
    restored = max(restored, now) + min(cost, rate.burst) * rate.interval
    return max(1, int((restored - now - rate.window) * 1000) + 1)
