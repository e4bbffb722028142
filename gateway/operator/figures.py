"""Figures: what the console shows of the whole process, read at most once a second, however many look."""

from collections import deque
from typing import Any, NamedTuple

from gateway.operator.histogram import quantile
from gateway.operator.node import Node

__all__ = ["Figures"]

FRESH = 0.9
"""Seconds for which a reading is not repeated: streams that tell every second share one."""

WINDOW = 60
"""Readings that the lag of the hub is judged by: there are four beats a second, too few for a percentile of each."""

GAP = 5.0
"""Seconds after which a rate since the reading before would tell of the past: nobody has looked for so long."""


class _Reading(NamedTuple):
    at: float
    relays: int
    errors: int
    lags: tuple[int, ...]


class Figures:
    """Reads a node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._readings: deque[_Reading] = deque(maxlen=WINDOW)
        self._told: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        """The figures, not older than `FRESH`; rates are per second since the reading before, null where there is none."""
        now = self._node.monotonic()
        if not self._readings or now - self._readings[-1].at >= FRESH:
            self._told = self._look(now)
        return self._told

    def _look(self, now: float) -> dict[str, Any]:
        counts = self._node.metrics
        relays, errors = (sum(counts.labels(name).values()) for name in ("relays", "errors"))
        reading = _Reading(now, relays, errors, tuple(counts.histogram("hub_lag").counts))
        before = self._readings[-1] if self._readings else None
        if before is not None and now - before.at > GAP:
            self._readings.clear()
            before = None
        self._readings.append(reading)
        gauges = {name: counts.value(name) for name in ("peers", "groups")}
        return {
            "at_ms": round(now * 1000),
            **self._node.readiness()[1],
            "connections_limit": self._node.connections_limit,
            **gauges,
            "relays": None if before is None else round((relays - before.relays) / (now - before.at), 1),
            "errors": None if before is None else round((errors - before.errors) / (now - before.at), 1),
            "hub_lag_p99_ms": self._lag(),
            "outbox_bytes": sum(outbox.waiting for _, outbox in self._node.connections()),
        }

    def _lag(self) -> float | None:
        first, last = self._readings[0].lags, self._readings[-1].lags
        lag = quantile([after - before for before, after in zip(first, last, strict=True)], 0.99)
        return None if lag is None else lag * 1000
