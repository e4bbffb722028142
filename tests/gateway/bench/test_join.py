import json

import pytest

from gateway.bench.dialect import Signal
from gateway.bench.join import join, trickle
from gateway.bench.plan import Plan
from gateway.bench.template import Unexpected
from tests.gateway.bench.crooked import Nth, crooked, doubled, lost, silent

PLAN = Plan(scenario="join", dialect=Signal(), members=8)


def test_each_is_told_of_each_other_exactly_once() -> None:
    with crooked() as target:
        result = join(PLAN, target, silent)
    assert (result.count, result.unit) == (28, "peer_joined")
    assert result.latency is not None


def test_one_by_one_each_is_told_of_each_other_too() -> None:
    with crooked() as target:
        result = trickle(PLAN, target, silent)
    assert (result.count, result.unit) == (28, "peer_joined")
    assert "one by one" in result.about


def forgetful(message: str) -> list[str]:
    """A list without its last peer."""
    told = json.loads(message)
    told["payload"]["peers"].pop()
    return [json.dumps(told)]


@pytest.mark.parametrize(
    ("type_", "wrong", "says"),
    [
        ("peer_joined", lost, "1 of 36 lists and joins were lost"),
        ("peer_list", lost, "lists and joins were lost"),
        ("peer_joined", doubled, "told of before|of some two peers|no list but nothing"),
        ("peer_list", doubled, "not a peer that has joined|of some two peers|no list but nothing"),
        ("peer_list", forgetful, "of some two peers not exactly one"),
    ],
)
def test_a_server_that_breaks_the_first_guarantee_is_found_out(
    monkeypatch: pytest.MonkeyPatch, type_: str, wrong: object, says: str
) -> None:
    monkeypatch.setattr("gateway.bench.join.PATIENCE", 0.2)
    with crooked(Nth(type_, 3, wrong)) as target, pytest.raises(Unexpected, match=says):  # type: ignore[arg-type] # parametrized
        join(PLAN, target, silent)
