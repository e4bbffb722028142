"""An address that fails too often waits, and what is remembered of addresses has a bound."""

from actors.allowance import Rate
from gateway.throttle import Throttle
from tests.doubles import PlainMetrics

ONE_A_MINUTE = Rate(1 / 60, 3)


def throttle(most: int = 10) -> tuple[Throttle, PlainMetrics]:
    metrics = PlainMetrics()
    return Throttle(ONE_A_MINUTE, metrics, most), metrics


def fail(door: Throttle, network: str, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        door.failed(network, now)


def test_an_address_that_has_not_failed_does_not_wait_and_is_not_remembered() -> None:
    door, _ = throttle()
    assert door.wait_ms("a", 0.0) == 0
    assert len(door) == 0


def test_after_a_burst_an_address_waits_until_one_is_forgiven() -> None:
    door, _ = throttle()
    fail(door, "a", 2)
    assert door.wait_ms("a", 0.0) == 0
    fail(door, "a", 1)
    assert 59_000 < door.wait_ms("a", 0.0) <= 60_001
    assert door.wait_ms("a", 59.0) > 0
    assert door.wait_ms("a", 60.0) == 0


def test_another_address_does_not_wait() -> None:
    door, _ = throttle()
    fail(door, "a", 3)
    assert door.wait_ms("b", 0.0) == 0


def test_failures_that_come_while_it_waits_do_not_make_it_wait_for_longer() -> None:
    door, _ = throttle()
    fail(door, "a", 30)
    assert door.wait_ms("a", 60.0) == 0


def test_beyond_the_bound_the_address_that_failed_longest_ago_is_forgotten_and_that_is_counted() -> None:
    door, metrics = throttle(most=2)
    fail(door, "a", 3)
    fail(door, "b", 3)
    fail(door, "a", 1)
    fail(door, "c", 3)
    assert len(door) == 2
    assert metrics["throttle_evictions"] == 1
    assert [door.wait_ms(network, 0.0) > 0 for network in "abc"] == [True, False, True]


def test_to_forget_one_that_has_nothing_to_wait_for_is_no_loss() -> None:
    door, metrics = throttle(most=1)
    fail(door, "a", 1, now=0.0)
    fail(door, "b", 1, now=61.0)
    assert (len(door), metrics["throttle_evictions"]) == (1, 0)
