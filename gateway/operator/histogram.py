"""Histogram: how many times were how long, in plain integers; fixed buckets, so that it never grows."""

from bisect import bisect_left
from collections.abc import Sequence

__all__ = ["BOUNDS", "Histogram", "quantile"]

BOUNDS = (0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the buckets in seconds, each within its bucket. An undisturbed relay takes 50 us, a turn of the hub 5 ms at most."""


class Histogram:
    """Times by bucket.

    Attributes:
        counts: how many fell into each bucket; the last is for what is longer than every bound.
        seconds: their sum.

    """

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def observe(self, seconds: float) -> None:
        """Count one more."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


def quantile(counts: Sequence[int], share: float) -> float | None:
    """How long this share of the times were at most, in seconds: the bound of a bucket. What is longer than every bound counts as the last.

    None where nothing was counted.
    """
    wanted, below = share * sum(counts), 0
    for bound, count in zip(BOUNDS, counts, strict=False):  # no bound belongs to the last
        below += count
        if wanted and below >= wanted:
            return bound
    return BOUNDS[-1] if wanted else None
