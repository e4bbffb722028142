import pytest

from gateway.bench.dialect import Signal
from gateway.bench.fanout import fan_out
from gateway.bench.plan import Plan
from gateway.bench.template import Unexpected
from tests.gateway.bench.crooked import Nth, altered, crooked, doubled, lost, silent

PLAN = Plan(scenario="fanout", dialect=Signal(), members=5, sizes=(300,), seconds=0.5, warm_up=0.1)


def test_every_message_is_heard_by_all_others() -> None:
    with crooked() as target:
        result = fan_out(PLAN, target, silent)
    assert result.count > 0
    assert result.count % 4 == 0
    assert (result.unit, result.about) == ("delivery", "1 to 4 of its group, 300 characters, json")


@pytest.mark.parametrize("wrong", [lost, altered, doubled])
def test_one_that_does_not_hear_the_very_message_is_found_out(monkeypatch: pytest.MonkeyPatch, wrong: object) -> None:
    monkeypatch.setattr("gateway.bench.fanout.PATIENCE", 0.2)
    with crooked(Nth("message", 10, wrong)) as target, pytest.raises(Unexpected, match=r"have not heard|was lost"):  # type: ignore[arg-type] # parametrized
        fan_out(PLAN, target, silent)
