"""Turns and deadlines, on a loop that is moved by hand, and on gevent's own."""

import time
from collections.abc import Callable

import gevent
import gevent.event
import pytest

from gateway.clock import HubClock
from gateway.scheduler import CROWD, LINGER_SECONDS, LINGERERS, TURN_ACTORS, TURN_SECONDS, HubScheduler
from tests.gateway.doubles import StepLoop


class Steps:
    """Does something in its turn, and writes down that it did."""

    def __init__(self, log: list[str], name: str, step: Callable[[], None] = lambda: None) -> None:
        self._log = log
        self._name = name
        self._step = step

    def drain(self) -> None:
        self._log.append(self._name)
        self._step()


@pytest.fixture
def loop() -> StepLoop:
    return StepLoop()


@pytest.fixture
def scheduler(loop: StepLoop) -> HubScheduler:
    return HubScheduler(loop, HubClock(loop.monotonic), loop.monotonic)


@pytest.fixture
def log() -> list[str]:
    return []


def test_actors_run_in_the_order_in_which_they_became_ready(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    for name in "abc":
        scheduler.ready(Steps(log, name))
    assert scheduler.waiting() == 3
    loop.run_callbacks()
    assert log == ["a", "b", "c"]
    assert scheduler.waiting() == 0


def test_nothing_runs_before_the_loop_gives_a_turn(scheduler: HubScheduler, log: list[str]) -> None:
    scheduler.ready(Steps(log, "a"))
    scheduler.at_turn_end(lambda: log.append("end"))
    assert log == []


def test_many_ready_actors_cost_one_hub_callback(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    for name in "abc":
        scheduler.ready(Steps(log, name))
        scheduler.at_turn_end(lambda: log.append("end"))
    assert len(loop.callbacks) == 1


def test_an_actor_that_another_wakes_runs_in_the_same_turn(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    scheduler.ready(Steps(log, "a", lambda: scheduler.ready(Steps(log, "b", lambda: scheduler.ready(Steps(log, "c"))))))
    scheduler.at_turn_end(lambda: log.append("end"))
    loop.callbacks.popleft()()
    assert log == ["a", "b", "c", "end"]
    assert not loop.callbacks
    assert not loop.due()


def test_all_that_linger_are_called_back_at_one_time_and_then_others_may_again(
    loop: StepLoop, scheduler: HubScheduler, log: list[str]
) -> None:
    scheduler.linger(lambda: log.append("a"))
    loop.advance(LINGER_SECONDS / 2)
    scheduler.linger(lambda: log.append("b"))
    loop.settle()
    assert log == []
    loop.advance(LINGER_SECONDS / 2)
    assert log == ["a", "b"]
    scheduler.linger(lambda: log.append("c"))
    loop.advance(LINGER_SECONDS)
    assert log == ["a", "b", "c"]
    assert not loop.watchers


def test_of_many_that_linger_some_wait_for_the_next_poll(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    for number in range(LINGERERS + 1):
        scheduler.linger(lambda name=str(number): log.append(name))  # type: ignore[misc] # mypy knows no lambda with a default
    loop.now += LINGER_SECONDS
    loop.poll()
    assert len(log) == LINGERERS
    loop.poll()
    assert log == [str(number) for number in range(LINGERERS + 1)]


def test_the_end_of_a_turn_comes_once(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    scheduler.at_turn_end(lambda: log.append("end"))
    loop.settle()
    scheduler.ready(Steps(log, "a"))
    loop.settle()
    assert log == ["end", "a"]


def test_a_turn_that_takes_too_long_is_cut_and_goes_on_after_a_poll(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    def takes_long() -> None:
        loop.now += TURN_SECONDS

    for _ in range(3 * TURN_ACTORS):
        scheduler.ready(Steps(log, "a", takes_long))
    scheduler.at_turn_end(lambda: log.append("end"))
    loop.run_callbacks()
    assert log == ["a"] * TURN_ACTORS * 2 + ["end"]
    loop.poll()
    assert log == ["a"] * TURN_ACTORS * 2 + ["end"] + ["a"] * TURN_ACTORS


def test_a_turn_is_not_cut_for_many_actors_alone(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    for _ in range(20 * TURN_ACTORS):
        scheduler.ready(Steps(log, "a"))
    loop.callbacks.popleft()()
    assert len(log) == 20 * TURN_ACTORS


def test_two_actors_that_keep_each_other_busy_do_not_keep_the_loop_from_polling(loop: StepLoop, scheduler: HubScheduler) -> None:
    log: list[str] = []

    def again() -> None:
        loop.now += 1.01 * TURN_SECONDS / TURN_ACTORS
        scheduler.ready(Steps(log, "a", again))

    again()
    loop.run_callbacks()
    assert len(log) == TURN_ACTORS * 2
    assert scheduler.waiting() == 1


def test_what_a_poll_brings_goes_before_what_a_cut_turn_left(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    def takes_long() -> None:
        loop.now += TURN_SECONDS

    for _ in range(4 * TURN_ACTORS):
        scheduler.ready(Steps(log, "flood", takes_long))
    loop.run_callbacks()
    del log[:]
    scheduler.ready(Steps(log, "a", lambda: scheduler.ready(Steps(log, "b"))))
    loop.poll()
    assert log[:2] == ["a", "b"]
    assert set(log[2:]) == {"flood"}
    loop.settle()
    assert log.count("flood") == 2 * TURN_ACTORS


def test_what_a_cut_turn_left_goes_on_however_much_every_poll_brings(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    def takes_long() -> None:
        loop.now += TURN_SECONDS

    for _ in range(4 * TURN_ACTORS):
        scheduler.ready(Steps(log, "old", takes_long))
    loop.run_callbacks()
    assert log.count("old") == 2 * TURN_ACTORS
    for _ in range(2):
        for _ in range(2 * TURN_ACTORS):
            scheduler.ready(Steps(log, "new", takes_long))
        loop.poll()
    assert log.count("old") == 4 * TURN_ACTORS


def test_what_a_turn_end_puts_off_comes_after_a_poll(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    scheduler.at_turn_end(lambda: scheduler.at_turn_end(lambda: log.append("later")))
    loop.run_callbacks()
    assert log == []
    loop.poll()
    assert log == ["later"]


def test_a_crowd_has_its_turn_between_two_reads_and_writes_at_its_end(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    for _ in range(CROWD - 1):
        scheduler.ready(Steps(log, "a"))
    scheduler.at_turn_end(lambda: log.append("end"))
    scheduler.relieve()
    assert log == []
    scheduler.ready(Steps(log, "a", lambda: scheduler.ready(Steps(log, "b"))))
    scheduler.relieve()
    assert log == ["a"] * CROWD + ["b", "end"]
    loop.settle()
    assert log == ["a"] * CROWD + ["b", "end"]
    scheduler.ready(Steps(log, "c"))
    loop.settle()
    assert log[-1] == "c"


def test_a_crowd_that_takes_too_long_is_cut_and_goes_on_in_the_coming_turn(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    def takes_long() -> None:
        loop.now += TURN_SECONDS

    for _ in range(CROWD + 3 * TURN_ACTORS):
        scheduler.ready(Steps(log, "a", takes_long))
    scheduler.relieve()
    assert len(log) == 2 * TURN_ACTORS
    loop.settle()
    assert len(log) == CROWD + 3 * TURN_ACTORS


@pytest.mark.parametrize("error", [ZeroDivisionError, gevent.Timeout, gevent.GreenletExit])
def test_one_failing_callback_at_the_end_of_a_turn_is_logged_and_the_others_run(
    loop: StepLoop, scheduler: HubScheduler, log: list[str], caplog: pytest.LogCaptureFixture, error: type[BaseException]
) -> None:
    def fails() -> None:
        raise error

    scheduler.at_turn_end(fails)
    scheduler.at_turn_end(lambda: log.append("end"))
    loop.settle()
    assert log == ["end"]
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_an_actor_that_raises_against_its_contract_stops_nobody(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    def fails() -> None:
        raise ZeroDivisionError

    scheduler.ready(Steps(log, "a", fails))
    scheduler.ready(Steps(log, "b"))
    scheduler.at_turn_end(lambda: log.append("end"))
    with pytest.raises(ZeroDivisionError):  # the hub's to log
        loop.run_callbacks()
    loop.settle()
    assert log == ["a", "end", "b"]


def test_a_timer_fires_once_at_its_time(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    timer = scheduler.timer(lambda: log.append("due"))
    timer.start(2)
    loop.advance(1.9)
    assert log == []
    loop.advance(0.2)
    loop.advance(10)
    assert log == ["due"]


def test_a_timer_that_is_set_again_forgets_its_first_deadline(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    timer = scheduler.timer(lambda: log.append(f"{loop.now:g}"))
    timer.start(1)
    timer.start(3)
    loop.advance(10)
    assert log == ["3"]


def test_a_timer_that_is_stopped_does_not_fire_and_may_be_stopped_again(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    timer = scheduler.timer(lambda: log.append("due"))
    timer.stop()
    timer.start(1)
    timer.stop()
    timer.stop()
    loop.advance(10)
    assert log == []


def test_a_timer_may_be_set_again_by_its_own_callback(loop: StepLoop, scheduler: HubScheduler, log: list[str]) -> None:
    def again() -> None:
        log.append("due")
        timer.start(1)

    timer = scheduler.timer(again)
    timer.start(1)
    loop.advance(3.5)
    assert log == ["due"] * 3


def test_a_timer_holds_a_watcher_only_while_it_is_set(loop: StepLoop, scheduler: HubScheduler) -> None:
    timer = scheduler.timer(lambda: None)
    assert loop.watchers == []
    timer.start(1)
    assert len(loop.watchers) == 1
    loop.advance(2)
    assert loop.watchers == []


def test_turns_and_timers_run_on_the_real_hub_in_this_order() -> None:
    log: list[str] = []
    scheduler = HubScheduler(gevent.get_hub().loop, HubClock())
    done = gevent.event.Event()

    def fire() -> None:
        log.append("timer")
        done.set()

    scheduler.timer(fire).start(0.001)
    scheduler.at_turn_end(lambda: log.append("end"))
    scheduler.ready(Steps(log, "a", lambda: scheduler.ready(Steps(log, "b"))))
    assert done.wait(5)
    assert log == ["a", "b", "end", "timer"]


def test_a_cut_turn_goes_on_on_the_real_hub() -> None:
    ran: list[int] = []
    done = gevent.event.Event()
    late = iter(range(10**6))
    scheduler = HubScheduler(gevent.get_hub().loop, HubClock(), lambda: float(next(late)))  # a second between two looks: every turn is cut

    class Counting:
        def drain(self) -> None:
            ran.append(len(ran))
            if len(ran) == 5 * TURN_ACTORS:
                done.set()

    for _ in range(5 * TURN_ACTORS):
        scheduler.ready(Counting())
    assert done.wait(5)
    assert scheduler.waiting() == 0


def test_the_clock_measures_with_one_and_tells_the_time_with_the_other() -> None:
    clock = HubClock()
    assert abs(clock.monotonic() - time.monotonic()) < 5
    assert abs(clock.wall() - time.time()) < 5
