"""The beat, on a loop that is moved by hand; the alarm, of the kernel."""

import logging
import signal
import time
from collections.abc import Iterator

import pytest

from gateway.clock import STALL_SECONDS, HubClock
from gateway.operator.metrics import Counts
from gateway.pulse import BEAT_SECONDS, Pulse, SignalAlarm
from gateway.scheduler import HubScheduler
from tests.gateway.doubles import StepLoop


class NotingAlarm:
    def __init__(self) -> None:
        self.wound: list[float] = []

    def wind(self, seconds: float) -> None:
        self.wound.append(seconds)


class Beating:
    """A loop with a pulse, and a timer on it."""

    def __init__(self) -> None:
        self.loop = StepLoop()
        self.clock = HubClock(self.loop.monotonic)
        self.alarm = NotingAlarm()
        self.metrics = Counts()
        self.pulse = Pulse(self.loop, self.clock, self.alarm, self.metrics)
        self.pulse.start()

    def stall(self, seconds: float) -> None:
        """Nothing runs for so long; then all that is due."""
        self.loop.now += seconds
        self.loop.settle()


@pytest.fixture
def beating() -> Beating:
    return Beating()


def test_each_beat_winds_the_alarm_for_the_next(beating: Beating) -> None:
    beating.loop.advance(4 * BEAT_SECONDS)
    assert beating.alarm.wound == [STALL_SECONDS] * 5
    assert beating.clock.lost == 0


def test_a_stall_is_counted_told_and_taken_out_of_the_time_that_is_served(beating: Beating, caplog: pytest.LogCaptureFixture) -> None:
    beating.loop.advance(1)
    beating.stall(3)
    assert beating.metrics.value("hub_stalls") == 1
    assert beating.metrics.value("hub_stalled_ms") == 3000
    assert beating.clock.monotonic() == 1 + STALL_SECONDS
    assert [record.getMessage() for record in caplog.records] == ["the hub was stalled for 3.0 s; no peer expires for it"]


def test_by_how_much_each_beat_comes_late_is_counted(beating: Beating) -> None:
    lag = beating.metrics.histogram("hub_lag")
    beating.loop.advance(4 * BEAT_SECONDS)
    assert sum(lag.counts) == 5
    assert lag.seconds == pytest.approx(0.0, abs=1e-6)
    beating.stall(BEAT_SECONDS + 0.1)
    assert lag.seconds == pytest.approx(0.1)
    beating.stall(3)
    assert lag.seconds == pytest.approx(0.1 + 3 - BEAT_SECONDS)


def test_a_deadline_that_falls_into_a_stall_comes_as_much_later(beating: Beating) -> None:
    due: list[float] = []
    HubScheduler(beating.loop, beating.clock, beating.loop.monotonic).timer(lambda: due.append(beating.clock.monotonic())).start(2)
    beating.loop.advance(1)
    beating.stall(60)
    assert due == []
    beating.loop.advance(1)
    assert due == [pytest.approx(2)]


def test_after_the_end_nothing_is_due_and_the_alarm_is_off(beating: Beating) -> None:
    beating.pulse.stop()
    assert beating.alarm.wound[-1] == 0
    assert beating.loop.watchers == []


def test_without_an_alarm_a_stall_is_still_noticed() -> None:
    loop = StepLoop()
    metrics = Counts()
    pulse = Pulse(loop, HubClock(loop.monotonic), None, metrics)
    pulse.start()
    loop.now += 5
    loop.settle()
    pulse.stop()
    assert metrics.value("hub_stalls") == 1


@pytest.fixture
def alarm() -> Iterator[SignalAlarm]:
    alarm = SignalAlarm()
    yield alarm
    alarm.restore()


def test_an_alarm_that_is_not_wound_again_logs_where_the_process_is(alarm: SignalAlarm, caplog: pytest.LogCaptureFixture) -> None:
    def stuck_here() -> None:
        deadline = time.monotonic() + 5
        while not caplog.records and time.monotonic() < deadline:
            pass

    alarm.wind(0.01)
    stuck_here()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "in stuck_here" in str(record.stack_info)


def test_an_alarm_that_is_put_off_stays_silent(alarm: SignalAlarm) -> None:
    alarm.wind(100)
    assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    alarm.wind(0)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_the_signal_is_left_as_it_was_found() -> None:
    before = signal.getsignal(signal.SIGALRM)
    SignalAlarm().restore()
    assert signal.getsignal(signal.SIGALRM) is before
