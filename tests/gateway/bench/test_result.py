import pytest

from gateway.bench.result import LIMIT, Cost, Latency, Result, percentile


@pytest.mark.parametrize(("share", "value"), [(0.5, 500), (0.99, 990), (0.999, 999), (1.0, 1000)])
def test_a_percentile_is_the_smallest_measured_value_that_so_many_do_not_exceed(share: float, value: float) -> None:
    assert percentile(range(1, 1001), share) == value


def test_of_one_value_every_percentile_is_that_value() -> None:
    assert [percentile([7.0], share) for share in (0.5, 0.999, 1.0)] == [7.0] * 3


def test_latencies_are_told_in_microseconds_in_any_order() -> None:
    assert Latency.of([0.003, 0.001, 0.002]) == Latency(2000, 3000, 3000, 3000)


def test_a_cost_is_user_and_system() -> None:
    assert Cost(1.5, 2.5).total == 4


def test_a_rate_is_of_units_in_a_second_and_of_nothing_is_none() -> None:
    assert Result(scenario="s", about="", unit="relay", count=10, seconds=2).rate == 5
    assert Result(scenario="s", about="", unit="relay").rate == 0


@pytest.mark.parametrize(
    ("generator", "server", "limited"), [(1.0, 0.5, True), (1.0, 1.0, False), (0.5, 0.5, False), (1.0, None, True), (LIMIT, 0.1, False)]
)
def test_a_generator_that_has_no_time_left_is_the_limit_unless_the_server_is(generator: float, server: float | None, limited: bool) -> None:
    result = Result(scenario="s", about="", unit="relay", generator_busy=generator, server_busy=server)
    assert result.generator_was_the_limit is limited
