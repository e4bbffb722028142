"""The table of metrics, and the counts behind it."""

import re

import pytest

from gateway.operator.metrics import METRICS, READINGS, Counts
from tests.sources import read

COUNTED = re.compile(r"""(?:\bincrement|\b_?count)\(\s*"(\w+)"(,\s*[^)\s]+)?""")
OBSERVED = re.compile(r"""\bobserve\("(\w+)",""")
LABELLED = re.compile(r"""\blabels\("(\w+)"\)""")


def test_a_count_begins_at_zero() -> None:
    counts = Counts()
    assert all(counts.value(name) == 0 for name in counts.values())
    assert counts.values() == {name: {} for name, metric in METRICS.items() if metric.kind != "histogram"}
    assert all(sum(counts.histogram(name).counts) == 0 for name, metric in METRICS.items() if metric.kind == "histogram")


def test_each_label_has_its_own_count() -> None:
    counts = Counts()
    for code in ("1000", "1000", "4413"):
        counts.increment("closes", code)
    counts.increment("registers", by=5)
    assert counts.value("closes", "1000") == 2
    assert counts.values()["closes"] == {"1000": 2, "4413": 1}
    assert counts.value("registers") == 5


def test_a_gauge_falls_as_it_rose() -> None:
    counts = Counts()
    counts.increment("connections", by=3)
    counts.increment("connections", by=-2)
    assert counts.value("connections") == 1


def test_what_was_handed_out_does_not_change_with_the_counts() -> None:
    counts = Counts()
    counts.increment("closes", "1000")
    values = counts.values()
    counts.increment("closes", "1000")
    values["closes"]["1000"] += 40
    assert counts.value("closes", "1000") == 2


def test_a_name_that_is_not_in_the_table_is_a_fault() -> None:
    with pytest.raises(KeyError, match="connexions"):
        Counts().increment("connexions")
    with pytest.raises(KeyError, match="latency"):
        Counts().observe("latency", 1.0)


def test_a_time_is_counted_in_its_histogram() -> None:
    counts = Counts()
    counts.observe("hub_lag", 0.002)
    assert (sum(counts.histogram("hub_lag").counts), counts.histogram("hub_lag").seconds) == (1, 0.002)
    assert sum(counts.histogram("relay_latency").counts) == 0


def test_every_metric_says_what_it_counts_and_how() -> None:
    assert not set(METRICS) & set(READINGS)
    for name, metric in (METRICS | READINGS).items():
        assert re.fullmatch("[a-z_]+", name)
        assert metric.kind in {"counter", "gauge", "histogram"}
        assert re.fullmatch("[a-z]*", metric.label)
        assert metric.says


def test_the_table_has_what_the_code_counts_and_no_more() -> None:
    found = {name for source in read("actors", "gateway") for name, _ in COUNTED.findall(source.text)}
    found |= {name for source in read("actors", "gateway") for name in LABELLED.findall(source.text)}
    found |= {name for source in read("actors", "gateway") for name in OBSERVED.findall(source.text)}
    assert found == set(METRICS)


def test_what_is_observed_are_the_histograms() -> None:
    found = {name for source in read("actors", "gateway") for name in OBSERVED.findall(source.text)}
    assert found == {name for name, metric in METRICS.items() if metric.kind == "histogram"}


def test_a_metric_is_counted_with_a_label_where_the_table_names_one() -> None:
    uses = {
        (name, bool(label) and not label.lstrip(", ").startswith("by="))
        for source in read("actors", "gateway")
        for name, label in COUNTED.findall(source.text)
    }
    uses |= {(name, True) for source in read("actors", "gateway") for name in LABELLED.findall(source.text)}
    assert uses == {(name, bool(metric.label)) for name, metric in METRICS.items() if metric.kind != "histogram"}


def test_counts_may_be_made_by_label_and_a_new_one_begins_at_zero() -> None:
    counts = Counts()
    counts.labels("deliveries")["offer"] += 1
    counts.increment("deliveries", "offer")
    assert counts.value("deliveries", "offer") == 2


def test_the_counts_of_a_label_that_is_gone_are_forgotten_and_no_others() -> None:
    counts = Counts()
    relays = counts.labels("tenant_relays")
    relays["acme"] += 2
    relays["other"] += 3
    counts.increment("tenant_refusals", "acme")
    counts.increment("errors", "acme")
    counts.keep("tenant", {"other", "newcomer"})
    assert counts.values()["tenant_relays"] == {"other": 3}
    assert counts.values()["tenant_refusals"] == {}
    assert counts.value("errors", "acme") == 1
    relays["acme"] += 1
    assert counts.value("tenant_relays", "acme") == 1, "who counts goes on with the same table"
