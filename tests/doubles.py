"""Stand-ins for what the actors meet, each named for how it behaves."""

import gc
import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, ClassVar, Self

from actors.events import AckStatus, Event, Message, Relayed
from actors.messages import GroupKey
from actors.ports import Runnable
from actors.reasons import CloseCode, ErrorCode
from actors.runtime import BrokerActor, BrokerRef, Runtime, handles
from gateway.backplane.memory import MemoryBackplane


class ManualClock:
    """Stands still until it is moved. The wall clock can be set apart, as people do."""

    def __init__(self) -> None:
        self.now = 5000.0
        self.wall_offset = 1_700_000_000.0

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.now + self.wall_offset


class ManualTimer:
    """Fires when its StepScheduler is advanced past its deadline."""

    def __init__(self, scheduler: "StepScheduler", callback: Callable[[], object]) -> None:
        self._scheduler = scheduler
        self.callback = callback

    def start(self, seconds: float) -> None:
        self.stop()
        self._scheduler.deadlines[self] = self._scheduler.clock.now + seconds

    def stop(self) -> None:
        self._scheduler.deadlines.pop(self, None)


class StepScheduler:
    """Gives turns one by one, when told to."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.run_queue: deque[Runnable] = deque()
        self.deadlines: dict[ManualTimer, float] = {}

    def ready(self, runnable: Runnable) -> None:
        self.run_queue.append(runnable)

    def timer(self, callback: Callable[..., object], *arguments: object) -> ManualTimer:
        return ManualTimer(self, partial(callback, *arguments))

    def step(self, turns: int = 1) -> None:
        """Run the first `turns` that wait, or fewer when fewer do."""
        for _ in range(min(turns, len(self.run_queue))):
            self.run_queue.popleft().drain()

    def run_until_idle(self, most: int = 100_000) -> None:
        """Run until nothing waits. Actors that keep each other busy for good fail the test."""
        for _ in range(most):
            if not self.run_queue:
                return
            self.step()
        raise AssertionError(f"not idle after {most} turns")

    def advance(self, seconds: float) -> None:
        """Let time pass: each deadline on the way fires at its time, and the actors run."""
        self.run_until_idle()
        end = self.clock.now + seconds
        while self.deadlines:
            timer, deadline = min(self.deadlines.items(), key=lambda item: item[1])
            if deadline > end:
                break
            self.clock.now = max(self.clock.now, deadline)
            timer.stop()
            timer.callback()
            self.run_until_idle()
        self.clock.now = end


class RecordingOutbox:
    """Remembers what a client was told, and takes it as long as it is told to."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.pings = 0
        self.closed: CloseCode | None = None
        self.says = ""
        self.full = False
        self.translates = True
        self.fault: BaseException | None = None

    def send(self, event: Event) -> ErrorCode | None:
        if self.fault is not None:
            raise self.fault
        if self.closed is not None:
            return ErrorCode.UNDELIVERED
        if self.full:
            self.close(CloseCode.SLOW_CONSUMER)
            return ErrorCode.SLOW_PEER
        if isinstance(event, Relayed) and not self.translates:
            return ErrorCode.UNREPRESENTABLE
        self.events.append(event)
        if isinstance(event, Relayed) and event.acked:
            event.acknowledge(AckStatus.DELIVERED)
        return None

    def ping(self) -> None:
        self.pings += 1

    def close(self, code: CloseCode, says: str = "") -> None:
        if self.closed is None:
            self.closed, self.says = code, says


class _Labels(dict[str, int]):
    """The counts of one name, which are those of its metrics."""

    def __init__(self, counts: "Counter[tuple[str, str]]", name: str) -> None:
        super().__init__()
        self._counts = counts
        self._name = name

    def __getitem__(self, label: str) -> int:
        return self._counts[self._name, label]

    def __setitem__(self, label: str, count: int) -> None:
        self._counts[self._name, label] = count


class PlainMetrics:
    """Counts in a dict."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.times: list[tuple[str, float]] = []

    def observe(self, name: str, seconds: float) -> None:
        self.times.append((name, seconds))

    def labels(self, name: str) -> dict[str, int]:
        return _Labels(self.counts, name)

    def increment(self, name: str, label: str = "", by: int = 1) -> None:
        self.counts[name, label] += by

    def __getitem__(self, name: str) -> int:
        """The sum over all labels."""
        return sum(count for (counted, _), count in self.counts.items() if counted == name)


class GreenletEnd(BaseException):
    """Behaves as gevent's Timeout and GreenletExit do: no Exception."""


class Venom(str):  # noqa: SLOT000 - slots of a str must be empty, and it carries the error
    """A peer id on which whoever looks it up fails."""

    error: BaseException

    def __new__(cls, error: BaseException) -> Self:
        venom = super().__new__(cls, "venom")
        venom.error = error
        return venom

    def __hash__(self) -> int:
        raise self.error


class BrokenBackplane(MemoryBackplane):
    """Fails where it is told to, as often as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: dict[str, int] = {}

    def _fail(self, operation: str) -> None:
        if self.faults.get(operation, 0) > 0:
            self.faults[operation] -= 1
            raise ConnectionError(operation)

    def attach(self, key: GroupKey, group: BrokerRef) -> None:
        self._fail("attach")
        super().attach(key, group)

    def detach(self, key: GroupKey, group: BrokerRef) -> None:
        self._fail("detach")
        super().detach(key, group)

    def place(self, key: GroupKey) -> int:
        self._fail("place")
        return super().place(key)


class Note(Message, frozen=True, gc=False):
    """Something to remember; ordinary."""

    text: object


class Order(Message, frozen=True, gc=False):
    """Something to remember; of the lifecycle."""

    lifecycle: ClassVar[bool] = True
    text: object


class Fail(Message, frozen=True, gc=False):
    """Raise `error`."""

    lifecycle: ClassVar[bool] = True
    error: BaseException


class NotingActor(BrokerActor):
    """Remembers what it is told, and fails when it is told to."""

    def __init__(self, runtime: Runtime, supervisor: BrokerRef | None = None) -> None:
        super().__init__(runtime, supervisor)
        self.notes: list[object] = []

    @handles(Note, Order)
    def note(self, message: Note | Order) -> object:
        self.notes.append(message.text)
        return message.text

    @handles(Fail)
    def fail(self, message: Fail) -> None:
        raise message.error


class NotingSupervisor(NotingActor):
    """Remembers everything, whatever it is."""

    def on_receive(self, message: Any) -> None:  # noqa: ANN401 - as pykka has it
        self.notes.append(message)


def actor_of(ref: BrokerRef) -> Any:  # noqa: ANN401 - any actor
    """The actor behind a reference, for looking inside; None when it has been freed."""
    return ref._actor_weakref()  # noqa: SLF001 - pykka shows it nowhere else


@contextmanager
def only_reference_counts() -> Iterator[None]:
    """Inside, nothing else frees an object. Nothing is logged: who captures the log keeps tracebacks, and with them actors."""
    gc.collect()
    gc.disable()
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        gc.enable()
