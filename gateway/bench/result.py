"""Result: what one run found, in units that people compare; and how percentiles are taken."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

__all__ = ["LIMIT", "NOISY", "Cost", "Latency", "Result", "percentile"]

LIMIT: Final = 0.95
"""A generator that is busy for more of the time than this may be what was measured."""

NOISY: Final = 0.1
"""Cores that others may use before a run is told to be disturbed."""


class Latency(Struct, frozen=True):
    """Microseconds from when a message had to be sent to when it was received, at three percentiles, and the worst."""

    p50: float
    p99: float
    p999: float
    worst: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Latency":
        """From latencies in any order; at least one."""
        ordered = sorted(seconds)
        return cls(*(percentile(ordered, share) * 1e6 for share in (0.5, 0.99, 0.999, 1.0)))


class Cost(Struct, frozen=True):
    """Microseconds of the server's CPU for one unit."""

    user: float
    system: float

    @property
    def total(self) -> float:
        """Both."""
        return self.user + self.system


class Result(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run of one scenario.

    Attributes:
        scenario: its name, and `about`: its numbers in words.
        unit: what is counted: a relay, a delivery, a connection ...
        count: how many there were in `seconds`.
        cost: the server's CPU for one unit; None when its process is not known.
        server_busy: the share of one core that the server used, 0 to 1, or more when it has several processes.
        generator_busy: the share of the time that the generator had something to do.
        noise: CPU that neither server nor generator used meanwhile, in cores: others on the same machine, or its host.
        connection_bytes: the server's own memory for one connection: anonymous pages, and resident ones with files.
        fault: what was lost, altered or out of order; then the numbers mean nothing.
    """

    scenario: str
    about: str
    unit: str
    count: int = 0
    seconds: float = 0.0
    cost: Cost | None = None
    latency: Latency | None = None
    server_busy: float | None = None
    generator_busy: float = 0.0
    noise: float | None = None
    connection_bytes: int | None = None
    resident_bytes: int | None = None
    fault: str = ""

    @property
    def rate(self) -> float:
        """Units in a second."""
        return self.count / self.seconds if self.seconds else 0.0

    @property
    def generator_was_the_limit(self) -> bool:
        """Whether a faster generator might have got more out of this server: then its rate says little, and its cost is still fair."""
        return self.generator_busy > LIMIT and (self.server_busy is None or self.server_busy < LIMIT)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all values does not exceed (nearest rank: a value that was measured)."""
    rank = -(-len(ordered) * round(share * 1000) // 1000)
    return ordered[max(0, rank - 1)]
