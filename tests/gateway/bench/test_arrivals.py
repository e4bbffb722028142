import os

from gateway.bench.arrivals import GROUP_OF, WARM_UP, idle, reconnect
from gateway.bench.dialect import Signal
from gateway.bench.plan import Plan
from tests.gateway.bench.crooked import crooked, silent

PLAN = Plan(scenario="idle", dialect=Signal(), connections=30)


def test_idle_connections_have_a_cost_and_hold_memory() -> None:
    with crooked() as target:  # which runs in this process, so that its memory is that of the generator, too
        result = idle(PLAN, target._replace(pid=os.getpid()), silent)
    assert (result.count, result.unit) == (30, "connection")
    assert result.cost is not None
    assert result.cost.total > 0
    assert result.connection_bytes is not None
    assert result.resident_bytes is not None
    assert WARM_UP >= GROUP_OF


def test_without_a_process_nothing_is_said_of_memory() -> None:
    with crooked() as target:
        assert idle(PLAN, target, silent).connection_bytes is None


def test_a_crowd_that_was_cut_off_comes_back_whole() -> None:
    with crooked() as target:
        result = reconnect(PLAN, target, silent)
    assert (result.count, result.unit) == (30, "connection")
    assert result.latency is not None
