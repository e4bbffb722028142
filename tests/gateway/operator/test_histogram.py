"""Times in buckets."""

import pytest

from gateway.operator.histogram import BOUNDS, Histogram, quantile


def test_a_time_falls_into_the_first_bucket_that_it_fits_and_its_bound_is_within() -> None:
    histogram = Histogram()
    for seconds in (0.0, BOUNDS[0], BOUNDS[0] * 1.01, BOUNDS[-1], BOUNDS[-1] * 1.01, 1e9):
        histogram.observe(seconds)
    assert histogram.counts == [2, 1, *[0] * (len(BOUNDS) - 3), 1, 2]
    assert histogram.seconds == pytest.approx(1e9 + 2.01 * (BOUNDS[0] + BOUNDS[-1]))


def test_the_bounds_rise() -> None:
    assert list(BOUNDS) == sorted(set(BOUNDS))


def test_a_quantile_is_the_bound_of_its_bucket() -> None:
    times = Histogram()
    assert quantile(times.counts, 0.99) is None
    for _ in range(99):
        times.observe(0.0004)
    times.observe(0.2)
    assert (quantile(times.counts, 0.99), quantile(times.counts, 1.0)) == (0.0005, 0.25)
    times.observe(60)
    assert quantile(times.counts, 1.0) == BOUNDS[-1]
