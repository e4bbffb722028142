import pytest

from gateway.bench.dialect import Packed, Signal
from gateway.bench.plan import MIXED
from gateway.bench.scenarios import SCENARIOS, base_plan, plans


def test_every_scenario_is_planned_in_the_order_of_the_table_and_relay_once_for_each_window() -> None:
    planned = plans(list(SCENARIOS), base_plan(packed=False), [1, 16])
    assert [(plan.scenario, plan.window) for plan in planned if plan.scenario == "relay"] == [("relay", 1), ("relay", 16)]
    assert list(dict.fromkeys(plan.scenario for plan in planned)) == list(SCENARIOS)


def test_only_what_was_named_is_planned() -> None:
    assert [plan.scenario for plan in plans(["join", "idle"], base_plan(packed=False), [1])] == ["join", "idle"]


@pytest.mark.parametrize("packed", [True, False])
def test_packed_is_always_messagepack_and_the_rest_as_asked(packed: bool) -> None:
    by_name = {plan.scenario: plan for plan in plans(list(SCENARIOS), base_plan(packed=packed), [1])}
    assert type(by_name["packed"].dialect) is Packed
    assert type(by_name["relay"].dialect) is (Packed if packed else Signal)
    assert by_name["mixed"].sizes == MIXED
