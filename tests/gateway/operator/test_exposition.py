"""The counts as Prometheus reads them: judged by its own parser."""

from collections.abc import Iterable, Iterator

import pytest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.openmetrics import parser as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from actors.peer import PeerActor
from actors.reasons import CloseCode, ErrorCode
from actors.runtime import BrokerActor
from gateway.operator.exposition import exposed_name, page
from gateway.operator.histogram import BOUNDS
from gateway.operator.metrics import METRICS, READINGS, Counts


def samples(families: Iterable[Metric]) -> dict[tuple[str, tuple[str, ...]], float]:
    """By name and label values."""
    return {(sample.name, tuple(sample.labels.values())): sample.value for family in families for sample in family.samples}


@pytest.fixture
def counts() -> Counts:
    counts = Counts()
    counts.increment("connections", by=3)
    counts.increment("closes", "1000")
    counts.increment("closes", "by client", by=2)
    counts.increment("hub_stalled_ms", by=1500)
    for seconds in (0.00001, 0.3, 100.0):
        counts.observe("relay_latency", seconds)
    return counts


def test_counts_gauges_and_labels_are_told(counts: Counts) -> None:
    body, kind = page(counts, {"tenant_peers": {"acme": 7}, "outbox_bytes": {"": 9}})
    told = samples(plain_text(body.decode()))
    assert kind.startswith("text/plain; version=")
    assert told["psync_signal_connections", ()] == 3
    assert told["psync_signal_closes_total", ("1000",)] == 1
    assert told["psync_signal_closes_total", ("by client",)] == 2
    assert told["psync_signal_registers_total", ()] == 0
    assert told["psync_signal_tenant_peers", ("acme",)] == 7
    assert told["psync_signal_outbox_bytes", ()] == 9


def test_what_a_table_names_is_told_before_it_is_counted() -> None:
    told = samples(plain_text(page(Counts(), {})[0].decode()))
    assert {told["psync_signal_errors_total", (code.value,)] for code in ErrorCode} == {0}
    assert {told["psync_signal_closes_total", (str(code.value),)] for code in CloseCode} == {0}
    assert {labels[0] for name, labels in told if name == "psync_signal_relays_total"} == {"offer", "answer", "candidate", "message"}


def test_the_default_tenant_has_a_name(counts: Counts) -> None:
    counts.increment("tenant_relays", by=2)
    counts.increment("tenant_relays", "acme")
    told = samples(plain_text(page(counts, {"tenant_peers": {"": 3}})[0].decode()))
    assert told["psync_signal_tenant_relays_total", ("-",)] == 2
    assert told["psync_signal_tenant_relays_total", ("acme",)] == 1
    assert told["psync_signal_tenant_peers", ("-",)] == 3


def test_every_time_is_told_in_seconds(counts: Counts) -> None:
    told = samples(plain_text(page(counts, {})[0].decode()))
    assert told["psync_signal_hub_stalled_seconds_total", ()] == 1.5
    assert told["psync_signal_relay_latency_seconds_sum", ()] == pytest.approx(100.30001)


def test_a_bucket_holds_all_that_is_shorter(counts: Counts) -> None:
    told = samples(plain_text(page(counts, {})[0].decode()))
    buckets = [told["psync_signal_relay_latency_seconds_bucket", (str(bound),)] for bound in BOUNDS]
    assert buckets == [1.0 if bound < 0.3 else 2.0 for bound in BOUNDS]
    assert told["psync_signal_relay_latency_seconds_bucket", ("+Inf",)] == told["psync_signal_relay_latency_seconds_count", ()] == 3


def test_every_metric_is_told_with_its_kind_and_its_words(counts: Counts) -> None:
    families = {family.name: family for family in plain_text(page(counts, {})[0].decode())}
    for name, metric in (METRICS | READINGS).items():
        family = families[exposed_name(name)]
        assert (family.type, family.documentation) == (metric.kind, metric.says)


def test_what_others_tell_is_on_the_page_too(counts: Counts) -> None:
    told = samples(plain_text(page(counts, {}, [GaugeMetricFamily("load", "of the machine", 0.5)])[0].decode()))
    assert told["load", ()] == 0.5


def test_who_asks_for_open_metrics_gets_them(counts: Counts) -> None:
    body, kind = page(counts, {}, accept="application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text; version=1.0.0")
    families = open_metrics.text_string_to_metric_families(body.decode())  # type: ignore[no-untyped-call] # it has no type hints
    assert samples(families)["psync_signal_closes_total", ("1000",)] == 1


def test_what_fails_seldom_is_there_before_it_fails() -> None:
    told = samples(plain_text(page(Counts(), {})[0].decode()))
    assert {labels[0] for name, labels in told if name == "psync_signal_reloads_total"} == {"done", "refused"}
    there = {labels[0] for name, labels in told if name == "psync_signal_actor_failures_total"}
    assert there == {actor.__name__ for actor in actors_of(BrokerActor)}


def actors_of(base: type[BrokerActor]) -> Iterator[type[BrokerActor]]:
    """All that the broker starts: those in `actors` that nothing is derived from, and the peers of v1."""
    derived = [each for each in base.__subclasses__() if each.__module__.startswith("actors.")]
    for each in derived:
        yield from actors_of(each)
    if not derived or base is PeerActor:
        yield base
