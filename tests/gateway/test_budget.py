"""The memory of the process, as it is told, and what is done about it."""

import os
from pathlib import Path

import pytest

from actors.ports import Timer
from gateway import budget
from gateway.budget import (
    CHECK_SECONDS,
    EASED,
    FLOOD_BYTES_PER_SECOND,
    NEAR_SECONDS,
    TIGHT,
    MemoryBudget,
    allowed_bytes,
    resident_bytes,
    slowest,
    trim,
)
from tests.doubles import ManualClock, StepScheduler

BUDGET = 1000


class Held:
    def __init__(self, waiting: int, *, closed: bool = False) -> None:
        self.waiting = waiting
        self.closed = closed


class Gate:
    tight = False


class Process:
    """Uses what it is told to use; closing clients frees what they held."""

    def __init__(self, used: int = 0, held: int = 0, budget: int = BUDGET) -> None:
        self.used = used
        self.held = held
        self.shed: list[int] = []
        self.gate = Gate()
        self.scheduler = StepScheduler(ManualClock())
        self.budget = MemoryBudget(budget, self._timer, lambda: self.used, self._shed, self.gate)
        self.budget.check()

    def uses(self, used: int) -> bool:
        """Whether it is tight when it uses so much."""
        self.used = used
        self.scheduler.advance(NEAR_SECONDS)
        return self.gate.tight

    def _timer(self, callback: object) -> Timer:
        return self.scheduler.timer(callback)  # type: ignore[arg-type] # the budget's own

    def _shed(self, excess: int) -> None:
        self.shed.append(excess)
        freed = min(excess, self.held)
        self.held -= freed
        self.used -= freed


def test_below_the_mark_nothing_happens() -> None:
    process = Process()
    assert not process.uses(round(BUDGET * TIGHT) - 1)
    assert process.shed == []


def test_at_the_mark_newcomers_are_refused_and_the_slowest_are_shed(caplog: pytest.LogCaptureFixture) -> None:
    process = Process(held=150)
    assert process.uses(900)
    assert process.shed == [100]
    assert len(caplog.records) == 1
    assert "limits.memory_bytes" in caplog.text


def test_it_goes_on_until_there_is_nobody_to_shed_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    process = Process(held=50)
    assert process.uses(900)
    assert process.uses(850)
    assert process.uses(850)
    assert process.shed == [100, 50, 50]
    assert len(caplog.records) == 1


def test_between_the_marks_it_stays_as_it_is_and_below_the_second_it_ends() -> None:
    process = Process()
    between = round(BUDGET * (TIGHT + EASED) / 2)
    assert not process.uses(between)
    assert process.uses(round(BUDGET * TIGHT))
    assert process.uses(between)
    assert not process.uses(round(BUDGET * EASED) - 1)


def test_what_goes_by_itself_is_taken_back_from_the_c_library_while_it_is_tight(monkeypatch: pytest.MonkeyPatch) -> None:
    process = Process()
    strewn = [500, 0]  # what `trim` finds at each look: nothing at the first, for it is all in use

    def trim() -> None:
        process.used -= strewn.pop()

    monkeypatch.setattr(budget, "trim", trim)
    assert process.uses(900)
    assert not process.uses(900)
    assert strewn == []


@pytest.mark.parametrize(
    ("left", "seconds"),
    [(0, NEAR_SECONDS), (FLOOD_BYTES_PER_SECOND // 10, 0.1), (FLOOD_BYTES_PER_SECOND, CHECK_SECONDS)],
    ids=["near", "less near", "far"],
)
def test_the_nearer_to_the_mark_the_sooner_it_looks_again(left: int, seconds: float) -> None:
    process = Process(budget=2**40, used=round(2**40 * TIGHT) - left - 1)
    process.used = 2**40
    process.scheduler.advance(seconds - 0.001)
    assert not process.gate.tight
    process.scheduler.advance(0.002)
    assert process.gate.tight


def test_after_its_end_it_looks_no_more() -> None:
    process = Process()
    process.budget.stop()
    assert not process.uses(2 * BUDGET)


def test_the_slowest_are_those_for_whom_most_waits_as_many_as_it_takes() -> None:
    small, none, large, middle = Held(10), Held(0), Held(1000), Held(100)
    everyone = [small, none, large, middle]
    assert slowest(everyone, 1) == [large]
    assert slowest(everyone, 1001) == [large, middle]
    assert slowest(everyone, 10**6) == [large, middle, small]
    assert slowest(everyone, 0) == []
    assert slowest([Held(5000, closed=True), small], 10) == [small]


def test_memory_that_is_taken_is_seen() -> None:
    before = resident_bytes()
    taken = os.urandom(32 * 2**20)
    assert 24 * 2**20 < resident_bytes() - before < 64 * 2**20
    del taken
    trim()
    assert resident_bytes() - before < 24 * 2**20


@pytest.mark.parametrize(
    ("files", "allowed"),
    [
        ({}, 2048 * 1024),
        ({"memory.max": "max"}, 2048 * 1024),
        ({"memory.max": "4096"}, 4096),
        ({"memory.max": "99999999999"}, 2048 * 1024),
        ({"memory/memory.limit_in_bytes": "8192"}, 8192),
        ({"memory/memory.limit_in_bytes": "9223372036854771712"}, 2048 * 1024),
    ],
)
def test_what_the_system_allows_is_the_least_that_it_says(tmp_path: Path, files: dict[str, str], allowed: int) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemFree:  1 kB\nMemTotal:       2048 kB\n")
    for name, text in files.items():
        path = tmp_path / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    assert allowed_bytes(tmp_path) == allowed


@pytest.mark.parametrize("limited", ["system.slice/signal.service", "system.slice", "."])
def test_a_limit_of_the_unit_of_systemd_or_of_a_slice_around_it_counts(tmp_path: Path, limited: str) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/meminfo").write_text("MemTotal:       2048 kB\n")
    (tmp_path / "proc/self/cgroup").write_text("1:name=systemd:/init.scope\n0::/system.slice/signal.service\n")
    (tmp_path / "sys/fs/cgroup/system.slice/signal.service").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup" / limited / "memory.max").write_text("4096\n")
    assert allowed_bytes(tmp_path) == 4096


def test_this_machine_allows_more_than_is_used() -> None:
    assert allowed_bytes() > resident_bytes()
