"""MemoryBudget: what the process does before the kernel would end it for its memory.

At TIGHT of the budget newcomers are refused with 503, and the clients for whom most waits to be written, the slowest, are closed with 1013
until that much is free again. Whoever reads what it is sent holds nothing here and notices nothing.
"""

import gc
import logging
import os
from collections.abc import Callable, Iterable
from ctypes import CDLL
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeVar

from actors.ports import Timer

__all__ = [
    "CHECK_SECONDS",
    "EASED",
    "FLOOD_BYTES_PER_SECOND",
    "NEAR_SECONDS",
    "TIGHT",
    "MemoryBudget",
    "allowed_bytes",
    "resident_bytes",
    "slowest",
    "trim",
]

logger = logging.getLogger("gateway.budget")

CHECK_SECONDS = 0.25
"""Between two looks at the memory, at most. One takes 9 us::

    python -m timeit -s "from gateway.budget import resident_bytes" "resident_bytes()"
"""

NEAR_SECONDS = 0.05
FLOOD_BYTES_PER_SECOND = 2**30
"""Between two looks, at least; and what may come in between, more than one process can take. A flood of messages of 20,000 bytes overshot
the mark by 58 MB with a look every 0.25 s, and by 3 to 24 MB with one every 0.05 s."""

TIGHT = 0.8
EASED = 0.75
"""Parts of the budget: above the first it is tight, below the second no longer. The gap keeps it from changing with each client."""

_PAGE = os.sysconf("SC_PAGE_SIZE")
_UNLIMITED = 2**60  # what version 1 of cgroups says for "no limit" is a little below 2**63


class Waiting(Protocol):
    """Something for which bytes wait to be written; `closed` when nothing is behind them but a close frame."""

    closed: bool

    @property
    def waiting(self) -> int:
        """How many."""


class Gate(Protocol):
    """What lets newcomers in."""

    tight: bool


SomeWaiting = TypeVar("SomeWaiting", bound=Waiting)


def resident_bytes() -> int:
    """Memory of this process that is in use (RSS)."""
    return int(Path("/proc/self/statm").read_bytes().split()[1]) * _PAGE


def allowed_bytes(root: Path = Path("/")) -> int:
    """What the system lets this process have: the least limit of its cgroups (version 2 or 1), at most the memory of the machine."""
    total = next(line for line in (root / "proc/meminfo").read_text().splitlines() if line.startswith("MemTotal:"))
    most = int(total.split()[1]) * 1024
    groups = root / "sys/fs/cgroup"
    for path in (groups / "memory/memory.limit_in_bytes", *(groups / own / "memory.max" for own in _cgroups(root))):
        text = path.read_text().strip() if path.exists() else "max"
        if text.isdecimal() and int(text) < _UNLIMITED:
            most = min(most, int(text))
    return most


def _cgroups(root: Path) -> list[str]:
    """The cgroup of this process (cgroups(7)) and those around it, as systemd makes them; in a container it is the only one."""
    path = root / "proc/self/cgroup"
    lines = path.read_text().splitlines() if path.exists() else []
    own = PurePosixPath(next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), ""))
    return [str(own), *map(str, own.parents)]


def trim() -> None:
    """Give the system the pages that the C library keeps for later: what clients held that have gone is strewn over its heap.

    After a flood of messages of 20,000 bytes (that of `tests/integration/test_memory.py`), with all its readers gone, a server that had
    130 MB kept 112 MB without this, and 38 MB with it; of messages of 500 bytes 81 of 82 MB, and 46 MB. It takes 15 ms when 800 MB are in
    use in a million pieces.
    """
    malloc_trim = getattr(CDLL(None), "malloc_trim", None)  # glibc alone has it
    if malloc_trim is not None:
        malloc_trim(0)


def slowest(waiting: Iterable[SomeWaiting], excess: int) -> list[SomeWaiting]:
    """Those for whom most waits, worst first, as many as it takes to free `excess` bytes.

    Nobody for whom nothing waits; nobody who is closed already, for what waited there is gone and would be counted twice.
    """
    chosen = []
    for each in sorted((each for each in waiting if each.waiting and not each.closed), key=lambda each: each.waiting, reverse=True):
        if excess <= 0:
            break
        chosen.append(each)
        excess -= each.waiting
    return chosen


class MemoryBudget:
    """Watches the memory of the process and tells the `gate`, which lets newcomers in or not."""

    def __init__(
        self,
        budget: int,
        make_timer: Callable[[Callable[[], None]], Timer],
        resident: Callable[[], int],
        shed: Callable[[int], None],
        gate: Gate,
    ) -> None:
        """Prepare the watch; `shed(excess)` begins to free about so many bytes."""
        self._budget = budget
        self._gate = gate
        self._resident = resident
        self._shed = shed
        self._timer = make_timer(self.check)

    def check(self) -> None:
        """Look, do what is called for, and set the time of the next look."""
        used = self._resident()
        if used >= (EASED if self._gate.tight else TIGHT) * self._budget:
            # First what costs nobody anything.
            used = self._reclaim()
        if used >= TIGHT * self._budget:
            self._tighten(used)
        elif self._gate.tight and used < EASED * self._budget:
            self._gate.tight = False
            logger.warning("memory is free again", extra={"used": used, "budget": self._budget})
        left = TIGHT * self._budget - used
        self._timer.start(min(CHECK_SECONDS, max(NEAR_SECONDS, left / FLOOD_BYTES_PER_SECOND)))

    def stop(self) -> None:
        """Look no more."""
        self._timer.stop()

    def _reclaim(self) -> int:
        """Give back what is not in use; returns what is left.

        At each look while it is tight: those who went by themselves leave pages behind that only `trim` gives back, and without it
        nobody would be let in any more.
        """
        if not self._gate.tight:
            # Only at the beginning: a collection stops the process for 50 ms at 10,000 connections.
            gc.collect()
        trim()
        return self._resident()

    def _tighten(self, used: int) -> None:
        excess = used - round(TIGHT * self._budget)
        if not self._gate.tight:
            self._gate.tight = True
            said = "memory is tight: newcomers are refused, slow clients closed; raise limits.memory_bytes or lower limits.connections"
            logger.warning(said, extra={"used": used, "budget": self._budget})
        self._shed(excess)
