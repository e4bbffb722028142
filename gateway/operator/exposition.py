"""Exposition: the counts as the text that Prometheus reads (its text format, or OpenMetrics where it asks for that)."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from actors.directory import Directory
from actors.group import GroupActor
from actors.peer_v2 import PEERS
from actors.reasons import CloseCode, ErrorCode
from gateway.operator import metrics
from gateway.operator.histogram import BOUNDS, Histogram
from gateway.operator.metrics import METRICS, READINGS, Counts
from gateway.operator.tenants import shown_tenant

__all__ = ["PREFIX", "Readings", "exposed_name", "page"]

PREFIX = "psync_signal_"

_TYPES = ("offer", "answer", "candidate", "message")
_KNOWN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "relays": _TYPES,
        "deliveries": _TYPES,
        "errors": tuple(code.value for code in ErrorCode),
        "closes": tuple(str(code.value) for code in CloseCode),
        "reloads": ("done", "refused"),
        "actor_failures": (Directory.__name__, GroupActor.__name__, *(peer.__name__ for peer in PEERS.values())),
    }
)
"""The values of labels that a table of the code names."""

Readings = Mapping[str, Mapping[str, float]]
"""What was read, not counted: by name in `READINGS` and label value, `""` where there is no label."""


def exposed_name(name: str) -> str:
    """A metric's name in Prometheus, which wants the unit in it, and seconds for every time; of a counter without its `_total`."""
    if name in METRICS and METRICS[name].kind == "histogram":
        return f"{PREFIX}{name}_seconds"
    return PREFIX + (name.removesuffix("_ms") + "_seconds" if name.endswith("_ms") else name)


def page(counts: Counts, readings: Readings, more: Iterable[Metric] = (), accept: str = "") -> tuple[bytes, str]:
    """All metrics at this moment and `more`, and their content type; `accept` is the header of that name."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(counts, readings, more))
    encode, kind = choose_encoder(accept)
    return encode(registry), kind


class _Families(Collector):
    """Made for one page: the counts stay plain integers, and nothing of prometheus_client is in the way of a relay."""

    def __init__(self, counts: Counts, readings: Readings, more: Iterable[Metric]) -> None:
        self._counts = counts
        self._readings = readings
        self._more = more

    def collect(self) -> Iterator[Metric]:
        """Each metric of the tables, and the others."""
        counted = self._counts.values()
        for name, metric in METRICS.items():
            if metric.kind == "histogram":
                yield _times(name, metric, self._counts.histogram(name))
            else:
                yield _family(name, metric, counted[name])
        for name, metric in READINGS.items():
            yield _family(name, metric, self._readings.get(name, {}))
        yield from self._more


def _family(name: str, metric: metrics.Metric, values: Mapping[str, float]) -> Metric:
    """One metric. What can be known before it is counted is there from the start, at 0: else the first of a kind would be no increase."""
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(exposed_name(name), metric.says, labels=[metric.label] if metric.label else [])
    for label, value in {**dict.fromkeys(_KNOWN.get(name, () if metric.label else ("",)), 0), **values}.items():
        shown = [shown_tenant(label) if metric.label == "tenant" else str(label)] if metric.label else []
        family.add_metric(shown, value / 1000 if name.endswith("_ms") else value)
    return family


def _times(name: str, metric: metrics.Metric, times: Histogram) -> Metric:
    buckets, below = [], 0
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), times.counts, strict=True):
        below += count
        buckets.append((bound, below))
    family = HistogramMetricFamily(exposed_name(name), metric.says)
    family.add_metric([], buckets, sum_value=times.seconds)
    return family
