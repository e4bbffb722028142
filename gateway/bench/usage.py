"""Usage: CPU time and memory of a process and all its children, as the kernel accounts them in /proc."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

__all__ = ["Usage", "busy_seconds", "processes", "read_usage"]

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_CPUCLOCK_SCHED = 2  # the kind of per-process clock that clock_getcpuclockid(3) makes out of a process id


class Usage(NamedTuple):
    """CPU in seconds since each process began, memory in bytes.

    Attributes:
        cpu: user and system together, to the nanosecond.
        user: as the kernel accounts it, in ticks of 10 ms.
        system: likewise.
        resident: memory in RAM, files that are mapped included.
        anonymous: memory that is the process's own: heap and stacks.
    """

    cpu: float
    user: float
    system: float
    resident: int
    anonymous: int

    def since(self, earlier: "Usage") -> "Usage":
        """What has been added."""
        return self.plus(earlier, -1)

    def plus(self, other: "Usage", times: int = 1) -> "Usage":
        """This and the other, which counts so many times."""
        return Usage(
            self.cpu + times * other.cpu,
            self.user + times * other.user,
            self.system + times * other.system,
            self.resident + times * other.resident,
            self.anonymous + times * other.anonymous,
        )

    @property
    def user_share(self) -> float:
        """The part of `cpu` that was not spent in the kernel, 0 to 1."""
        ticks = self.user + self.system
        return self.user / ticks if ticks else 0.0


def read_usage(pid: int) -> Usage:
    """Add up a process and its living children; children that ended count as soon as their parent has waited for them.

    Raises:
        ProcessLookupError, FileNotFoundError: it has ended.

    """
    total = Usage(0.0, 0.0, 0.0, 0, 0)
    for one in processes(pid):
        total = total.plus(_of_one(one))
    return total


def busy_seconds() -> float:
    """CPU that this machine has spent on anything, in seconds; what the host of a virtual machine has taken from it counts, too."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]  # proc(5)
    user, nice, system, _idle, _waiting, irq, softirq, steal = ticks
    return (user + nice + system + irq + softirq + steal) / _TICK


def processes(root: int) -> Iterator[int]:
    """The process and its children, and theirs."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int(_stat(int(entry.name))[1])
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended while this looked at the others
            children.setdefault(parent, []).append(int(entry.name))
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        waiting += children.get(pid, [])
        yield pid


def _of_one(pid: int) -> Usage:
    fields = _stat(pid)
    user, system, waited_user, waited_system = (int(field) / _TICK for field in fields[11:15])
    # In C there is a function that makes this clock; its layout is part of the kernel's interface (linux/posix-timers.h).
    exact = time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)
    pages = [int(field) for field in Path(f"/proc/{pid}/statm").read_text().split()]
    resident, shared = pages[1], pages[2]
    return Usage(
        exact + waited_user + waited_system, user + waited_user, system + waited_system, resident * _PAGE, (resident - shared) * _PAGE
    )


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on (proc(5)); the second is a name that may hold anything, brackets too."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
