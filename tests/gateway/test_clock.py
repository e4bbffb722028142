"""Served time, moved by hand."""

import time

import pytest

from gateway.clock import STALL_SECONDS, HubClock


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def real() -> Time:
    return Time()


def test_the_clock_measures_with_one_and_tells_the_time_with_the_other() -> None:
    clock = HubClock()
    assert abs(clock.monotonic() - time.monotonic()) < 5
    assert abs(clock.wall() - time.time()) < 5


def test_a_clock_without_a_beat_never_stops(real: Time) -> None:
    clock = HubClock(real)
    real.now += 1000
    assert clock.monotonic() == 1100


def test_between_beats_that_come_in_time_it_goes_as_time_does(real: Time) -> None:
    clock = HubClock(real)
    for _ in range(10):
        assert clock.beat() == 0
        assert clock.monotonic() == real.now
        real.now += STALL_SECONDS / 2
    assert clock.lost == 0


def test_it_stands_still_while_no_beat_comes_and_goes_on_from_there(real: Time) -> None:
    clock = HubClock(real)
    clock.beat()
    real.now += 10
    assert clock.monotonic() == 100 + STALL_SECONDS
    assert clock.beat() == 10
    assert clock.monotonic() == 100 + STALL_SECONDS
    real.now += 0.25
    assert clock.monotonic() == 100 + STALL_SECONDS + 0.25
    assert clock.lost == 10 - STALL_SECONDS


def test_every_stall_adds_to_what_was_lost(real: Time) -> None:
    clock = HubClock(real)
    for _ in range(3):
        clock.beat()
        real.now += 2
    assert clock.beat() == 2
    assert clock.lost == 3 * (2 - STALL_SECONDS)
