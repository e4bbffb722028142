"""Meter: reads the server's CPU and the generator's idleness at the two edges of what is measured."""

import time
from typing import TypedDict

from gateway.bench.result import Cost
from gateway.bench.usage import Usage, busy_seconds, read_usage
from gateway.bench.watch import Watch

__all__ = ["Figures", "Meter"]


class Figures(TypedDict):
    """The part of a `Result` that a meter knows."""

    count: int
    seconds: float
    cost: Cost | None
    server_busy: float | None
    generator_busy: float
    noise: float | None


class Meter:
    """Between its making and `stop` lies what is measured.

    Args:
        pid: the server's process; None when it is not known.
        watch: tells how long the generator has had nothing to do.

    Attributes:
        seconds: how long it took, once stopped.
        used: what the server has used meanwhile, or None.
    """

    def __init__(self, pid: int | None, watch: Watch | None = None) -> None:
        self._pid = pid
        self._watch = watch
        self._idle = watch.idle if watch else 0.0
        self.seconds = self._waited = 0.0
        self.used: Usage | None = None
        self._noise = 0.0
        self._others = busy_seconds() - time.process_time()
        self._before = read_usage(pid) if pid else None
        self._began = time.perf_counter()

    def stop(self) -> "Meter":
        """End what is measured; returns itself."""
        self.seconds = time.perf_counter() - self._began
        self._waited = (self._watch.idle if self._watch else 0.0) - self._idle
        if self._pid and self._before:
            self.used = read_usage(self._pid).since(self._before)
            self._noise = max(0.0, busy_seconds() - time.process_time() - self._others - self.used.cpu) / self.seconds
        return self

    def figures(self, count: int) -> Figures:
        """What a `Result` says of all this, for `count` units."""
        return {
            "count": count,
            "seconds": self.seconds,
            "cost": self._cost(count),
            "server_busy": self.used.cpu / self.seconds if self.used else None,
            "generator_busy": 1 - self._waited / self.seconds,
            "noise": self._noise if self.used else None,
        }

    def _cost(self, count: int) -> Cost | None:
        if self.used is None or not count:
            return None
        each = self.used.cpu / count * 1e6
        return Cost(user=each * self.used.user_share, system=each * (1 - self.used.user_share))
