"""The figures of the whole process."""

import pytest

from gateway.operator.figures import GAP, WINDOW, Figures
from tests.gateway.operator.office import Load, Office


@pytest.fixture
def office() -> Office:
    return Office()


def test_they_tell_what_there_is(office: Office) -> None:
    (a,) = office.broker.join("a")
    office.loads = [(a.peer, Load(30)), (a.peer, Load(12))]
    office.metrics.increment("peers", by=3)
    told = Figures(office.node).read()
    assert (told["status"], told["connections"], told["connections_limit"], told["peers"]) == ("accepting", 2, 100, 3)
    assert told["outbox_bytes"] == 42
    assert told["relays"] is told["errors"] is told["hub_lag_p99_ms"] is None


def test_rates_are_per_second_since_the_reading_before(office: Office) -> None:
    figures = Figures(office.node)
    figures.read()
    office.metrics.increment("relays", "offer", by=30)
    office.metrics.increment("relays", "answer", by=10)
    office.metrics.increment("errors", "unknown_peer", by=3)
    office.broker.pass_time(2)
    told = figures.read()
    assert (told["relays"], told["errors"]) == (20.0, 1.5)


def test_whoever_reads_within_a_second_gets_the_same(office: Office) -> None:
    figures = Figures(office.node)
    told = figures.read()
    office.metrics.increment("peers")
    office.broker.pass_time(0.5)
    assert figures.read() is told
    office.broker.pass_time(0.5)
    assert figures.read()["peers"] == 1


def test_when_nobody_has_looked_for_long_there_is_no_rate(office: Office) -> None:
    figures = Figures(office.node)
    figures.read()
    office.metrics.increment("relays", "offer", by=30)
    office.broker.pass_time(GAP + 1)
    assert figures.read()["relays"] is None


def test_the_lag_is_that_of_the_last_minute(office: Office) -> None:
    figures = Figures(office.node)
    figures.read()
    office.metrics.observe("hub_lag", 0.2)
    for _ in range(WINDOW - 1):
        office.broker.pass_time(1)
        office.metrics.observe("hub_lag", 0.0004)
        figures.read()
    told = figures.read()
    assert told["hub_lag_p99_ms"] == 250
    office.broker.pass_time(1)
    assert figures.read()["hub_lag_p99_ms"] == 0.5
