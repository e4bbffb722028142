"""The rule of the soak, and how its figures are shown.

The rule: after the warm-up, which is the first fifth of the time and two seconds at least, the median of the last third must not be above
that of the first third by more than the allowance. Medians, so that one bad second says nothing; an allowance, because the crowd is the
same in number and not in kind. When all clients have gone, descriptors and actors must be exactly what they were before the first came.
"""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

__all__ = ["ALLOWANCES", "Sample", "Trend", "after_warm_up", "grown", "plot", "table", "trends"]

ALLOWANCES = {"rss_kib": 2048, "descriptors": 12, "actors": 15, "connections": 10}
"""What a figure may grow by. The crowd's part of `connections` is held constant but for those that are being closed."""

WIDTH = 60
BARS = "▁▂▃▄▅▆▇█"


class Sample(NamedTuple):
    """One second. `relays` per second and `p99_ms` are of the healthy pairs."""

    elapsed: float
    connections: int
    relays: float
    p99_ms: float
    rss_kib: int
    descriptors: int
    actors: int

    def __str__(self) -> str:
        return (
            f"{self.elapsed:6.1f} s  connections {self.connections:>4}  relays {self.relays:>6.0f}/s  p99 {self.p99_ms:>7.2f} ms"
            f"  RSS {self.rss_kib / 1024:>6.1f} MiB  descriptors {self.descriptors:>4}  actors {self.actors:>4}"
        )


class Trend(NamedTuple):
    """One figure over the time: the medians of the first and the last third behind the warm-up."""

    name: str
    before: float
    after: float
    allowed: float

    @property
    def is_growth(self) -> bool:
        return self.after - self.before > self.allowed

    def __str__(self) -> str:
        words = "GREW" if self.is_growth else "flat"
        return f"{self.name:<12}{self.before:>10.0f}{self.after:>10.0f}{self.after - self.before:>+10.0f}{self.allowed:>10.0f}  {words}"


def after_warm_up(samples: Sequence[Sample]) -> list[Sample]:
    begin = max(2.0, samples[-1].elapsed / 5)
    return [sample for sample in samples if sample.elapsed >= begin]


def trends(samples: Sequence[Sample]) -> list[Trend]:
    """The trend of each figure that the rule is for. Needs three samples behind the warm-up."""
    warm = after_warm_up(samples)
    third = len(warm) // 3
    assert third, f"{len(warm)} samples behind the warm-up; let it run longer"
    found = []
    for name, allowed in ALLOWANCES.items():
        values = [float(getattr(sample, name)) for sample in warm]
        found.append(Trend(name, median(values[:third]), median(values[-third:]), allowed))
    return found


def grown(samples: Sequence[Sample]) -> list[str]:
    """The figures that grew."""
    return [trend.name for trend in trends(samples) if trend.is_growth]


def table(samples: Sequence[Sample]) -> str:
    """The trends, one a line."""
    head = f"{'':<12}{'first':>10}{'last':>10}{'growth':>10}{'allowed':>10}  (medians of thirds behind the warm-up)"
    return "\n".join([head, *map(str, trends(samples))])


def plot(samples: Sequence[Sample], name: str) -> str:
    """One figure as a line of bars; each is the greatest of its stretch of time."""
    values = [float(getattr(sample, name)) for sample in samples]
    width = min(WIDTH, len(values))
    stretches = [values[at * len(values) // width : (at + 1) * len(values) // width] for at in range(width)]
    peaks = [max(stretch) for stretch in stretches]
    low, high = min(peaks), max(peaks)
    bars = "".join(BARS[int((peak - low) / (high - low or 1) * (len(BARS) - 1))] for peak in peaks)
    return f"{name:<12} {bars}  {low:.4g} to {high:.4g}"
