from hypothesis import given
from hypothesis import strategies as st

from actors.allowance import Allowance, Rate


def test_the_burst_may_be_spent_at_once_and_no_more() -> None:
    allowance = Allowance(Rate(per_second=10, burst=3), now=0)
    assert [allowance.spend(0) for _ in range(4)] == [True, True, True, False]


def test_what_was_spent_comes_back_at_the_rate() -> None:
    allowance = Allowance(Rate(per_second=10, burst=1), now=0)
    assert allowance.spend(0)
    assert not allowance.spend(0.05)
    assert allowance.spend(0.1)


def test_an_idle_client_saves_no_more_than_the_burst() -> None:
    allowance = Allowance(Rate(per_second=10, burst=2), now=0)
    assert [allowance.spend(3600) for _ in range(3)] == [True, True, False]


def test_a_refusal_takes_nothing() -> None:
    allowance = Allowance(Rate(per_second=1, burst=5), now=0)
    assert allowance.spend(0, 5)
    assert not allowance.spend(1, 2)
    assert allowance.spend(1, 1)


def test_the_wait_is_as_long_as_it_takes() -> None:
    allowance = Allowance(Rate(per_second=2, burst=1), now=0)
    assert allowance.spend(0)
    assert not allowance.spend(0.1)
    assert allowance.wait_ms() == 401
    assert allowance.spend(0.1 + 0.401)


def test_the_wait_is_never_nothing() -> None:
    allowance = Allowance(Rate(per_second=1e9, burst=1), now=0)
    allowance.spend(0)
    assert allowance.wait_ms() == 1


def test_the_wait_for_a_cost_above_the_burst_is_the_wait_for_the_burst() -> None:
    allowance = Allowance(Rate(per_second=10, burst=10), now=0)
    assert not allowance.spend(0, 30)
    assert allowance.spend(0, 10)
    assert allowance.wait_ms(30) == 1001


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0.5, 3)), max_size=50))
def test_never_more_passes_than_the_burst_and_the_rate_allow(asks: list[tuple[float, float]]) -> None:
    rate = Rate(per_second=2, burst=4)
    allowance, now, passed = Allowance(rate, now=0), 0.0, 0.0
    for wait, cost in asks:
        now += wait
        passed += cost if allowance.spend(now, cost) else 0
    assert passed <= rate.burst + rate.per_second * now + 1e-6
