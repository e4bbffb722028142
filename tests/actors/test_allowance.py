import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.allowance import Allowance, Rate


def test_the_burst_may_be_spent_at_once_and_no_more() -> None:
    allowance = Allowance(Rate(per_second=10, burst=3))
    assert [allowance.spend(0) for _ in range(4)] == [True, True, True, False]


def test_what_was_spent_comes_back_at_the_rate() -> None:
    allowance = Allowance(Rate(per_second=10, burst=1))
    assert allowance.spend(0)
    assert not allowance.spend(0.05)
    assert allowance.spend(0.1)


def test_an_idle_client_saves_no_more_than_the_burst() -> None:
    allowance = Allowance(Rate(per_second=10, burst=2))
    assert [allowance.spend(3600) for _ in range(3)] == [True, True, False]


def test_a_refusal_takes_nothing() -> None:
    allowance = Allowance(Rate(per_second=1, burst=5))
    assert allowance.spend(0, 5)
    assert not allowance.spend(1, 2)
    assert allowance.spend(1, 1)


def test_the_wait_is_as_long_as_it_takes() -> None:
    allowance = Allowance(Rate(per_second=2, burst=1))
    assert allowance.spend(0)
    assert not allowance.spend(0.1)
    assert allowance.wait_ms(0.1) == 400
    assert allowance.spend(0.1 + 0.401)


def test_the_wait_is_never_nothing() -> None:
    allowance = Allowance(Rate(per_second=1e9, burst=1))
    allowance.spend(0)
    assert allowance.wait_ms(0) == 1


def test_the_wait_for_a_cost_above_the_burst_is_the_wait_for_the_burst() -> None:
    allowance = Allowance(Rate(per_second=10, burst=10))
    assert not allowance.spend(0, 30)
    assert allowance.spend(0, 10)
    assert allowance.wait_ms(0, 30) == 1000


@pytest.mark.parametrize("rate", [Rate(100, 400), Rate(1e6, 1e6), Rate(2**30, 2**30), Rate(1 / 60, 100)])
@pytest.mark.parametrize("now", [0.1, 1e6])
def test_a_burst_that_is_spent_one_by_one_is_not_cut_by_rounding(rate: Rate, now: float) -> None:
    allowance = Allowance(rate)
    step = max(1.0, rate.burst / 1000)
    assert all(allowance.spend(now, step) for _ in range(int(rate.burst / step)))
    assert not allowance.spend(now, max(step, rate.per_second / 1000))


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0.5, 3)), max_size=50))
def test_never_more_passes_than_the_burst_and_the_rate_allow(asks: list[tuple[float, float]]) -> None:
    rate = Rate(per_second=2, burst=4)
    allowance, now, passed = Allowance(rate), 0.0, 0.0
    for wait, cost in asks:
        now += wait
        passed += cost if allowance.spend(now, cost) else 0
    assert passed <= rate.burst + rate.per_second * (now + 2e-6)


def test_to_ask_takes_nothing() -> None:
    allowance = Allowance(Rate(1, 2))
    assert allowance.is_full(100.0)
    assert [allowance.has(100.0), allowance.spend(100.0), allowance.has(100.0), allowance.spend(100.0)] == [True] * 4
    assert not allowance.has(100.0)
    assert allowance.has(101.0)
    assert not allowance.is_full(101.0)
    assert allowance.is_full(102.0)
