import pytest

from gateway.bench.dialect import Signal
from gateway.bench.plan import Plan
from gateway.bench.relay import closed_loop, open_loop
from gateway.bench.template import Unexpected
from tests.gateway.bench.crooked import Nth, altered, crooked, doubled, lost, silent

PLAN = Plan(scenario="relay", dialect=Signal(), pairs=3, window=2, rate=200, sizes=(300,), seconds=0.5, warm_up=0.1)


def test_a_closed_loop_tells_what_went_through_and_how_long_each_took() -> None:
    news: list[str] = []
    with crooked() as target:
        result = closed_loop(PLAN, target, news.append)
    assert result.count > 0
    assert result.latency is not None
    assert 0 < result.latency.p50 <= result.latency.p99 <= result.latency.p999 <= result.latency.worst
    assert result.about == "3 pairs, 2 in flight, 300 characters, json"
    assert news == ["0 relays, 0.5 s to go"]
    assert result.cost is None


def test_an_open_loop_sends_by_its_timetable() -> None:
    with crooked() as target:
        result = open_loop(PLAN, target, silent)
    assert result.count == pytest.approx(100, abs=30)
    assert result.latency is not None
    assert result.about == "200/s, 3 pairs, 300 characters, json"


@pytest.mark.parametrize("loop", [closed_loop, open_loop])
@pytest.mark.parametrize("wrong", [doubled, altered, lost])
def test_a_server_that_doubles_alters_or_loses_one_message_is_found_out(
    monkeypatch: pytest.MonkeyPatch, loop: object, wrong: object
) -> None:
    monkeypatch.setattr("gateway.bench.pairs.PATIENCE", 0.2)
    with crooked(Nth("offer", 9, wrong)) as target, pytest.raises(Unexpected, match="lost"):  # type: ignore[arg-type] # parametrized
        closed_loop(PLAN, target, silent) if loop is closed_loop else open_loop(PLAN, target, silent)


def test_a_server_that_relays_nothing_has_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.bench.pairs.PATIENCE", 0.1)
    monkeypatch.setattr("gateway.bench.relay.PATIENCE", 0.1)
    with crooked(lambda message: [] if '"offer"' in message else [message]) as target, pytest.raises(Unexpected, match="were lost"):
        closed_loop(PLAN, target, silent)
