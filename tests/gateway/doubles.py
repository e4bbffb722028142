"""Stand-ins for the hub's loop and for sockets, each named for how it behaves."""

from collections import deque
from collections.abc import Callable
from typing import Any

from actors.messages import Lost
from actors.reasons import MailboxFull

READ, WRITE = 1, 2  # libev: EV_READ, EV_WRITE


class StepWatcher:
    """A watcher that fires when its loop is told so."""

    def __init__(self, loop: "StepLoop", events: int = 0, seconds: float | None = None, repeat: float = 0, priority: int = 0) -> None:
        self._loop = loop
        self.events = events
        self.seconds = seconds
        self.repeat = repeat
        self.priority = priority
        self.deadline = 0.0
        self.callback: Callable[[], None] | None = None
        self.closed = False

    @property
    def active(self) -> bool:
        return self.callback is not None

    def start(self, callback: Callable[[], None]) -> None:
        assert not self.closed
        self.callback = callback
        if self.seconds is not None:
            self.deadline = self._loop.now + self.seconds
        self._loop.watchers.append(self)

    def stop(self) -> None:
        self.callback = None
        if self in self._loop.watchers:
            self._loop.watchers.remove(self)

    def close(self) -> None:
        self.stop()
        self.closed = True

    def fire(self) -> None:
        callback = self.callback
        if self.repeat:
            self.deadline = max(self.deadline + self.repeat, self._loop.now)
        elif self.seconds is not None:
            self.stop()
        if callback is not None:
            callback()


class StepLoop:
    """gevent's loop, moved by hand. It polls when it is told to, as often as it is told to."""

    MAXPRI = 2

    def __init__(self) -> None:
        self.now = 0.0
        self.watchers: list[StepWatcher] = []
        self.callbacks: deque[Callable[[], None]] = deque()

    def io(self, _descriptor: int, events: int) -> StepWatcher:
        return StepWatcher(self, events)

    def timer(self, seconds: float, repeat: float = 0, *, priority: int = 0) -> StepWatcher:
        return StepWatcher(self, seconds=seconds, repeat=repeat, priority=priority)

    def run_callback(self, callback: Callable[[], None]) -> None:
        self.callbacks.append(callback)

    def monotonic(self) -> float:
        return self.now

    def run_callbacks(self) -> None:
        """What the loop does before it polls."""
        while self.callbacks:
            self.callbacks.popleft()()

    def ready(self, events: int) -> None:
        """Sockets are ready for `events`, and what watches them runs; callbacks do not."""
        for watcher in list(self.watchers):
            if watcher.events & events:
                watcher.fire()

    def poll(self, events: int = 0) -> None:
        """One poll: sockets are ready for `events`, timers are due; then callbacks."""
        self.ready(events)
        due = [watcher for watcher in self.watchers if watcher.seconds is not None and watcher.deadline <= self.now]
        for watcher in sorted(due, key=lambda watcher: -watcher.priority):
            watcher.fire()
        self.run_callbacks()

    def settle(self, most: int = 1000) -> None:
        """Poll, with no socket ready, until nothing is due."""
        self.run_callbacks()
        for _ in range(most):
            if not self.due():
                return
            self.poll()
        raise AssertionError(f"not settled after {most} polls")

    def due(self) -> bool:
        return any(watcher.seconds is not None and watcher.deadline <= self.now for watcher in self.watchers)

    def advance(self, seconds: float) -> None:
        """Let time pass, deadline by deadline."""
        self.settle()
        end = self.now + seconds
        while deadlines := [watcher.deadline for watcher in self.watchers if watcher.seconds is not None and watcher.deadline <= end]:
            self.now = min(deadlines)
            self.settle()
        self.now = end

    def watching(self, events: int) -> int:
        """How many watchers wait for a socket to be ready for `events`."""
        return sum(bool(watcher.events & events) for watcher in self.watchers)


class HeldSocket:
    """Gives what it was told to give, and takes as many bytes in one go as it may; a fault is raised once it is set."""

    def __init__(self) -> None:
        self.incoming: deque[bytes] = deque()
        self.ended = False
        self.window: int | None = None  # bytes it will still take; None for no bound
        self.sends: list[bytes] = []
        self.fault: OSError | None = None
        self._shut = False
        self._closed = False

    @property
    def sent(self) -> bytes:
        return b"".join(self.sends)

    def is_shut(self) -> bool:
        return self._shut

    def is_closed(self) -> bool:
        return self._closed

    def fileno(self) -> int:
        return 99

    def send(self, data: bytes) -> int:
        assert not self._closed
        if self.fault is not None:
            raise self.fault
        if self.window == 0:
            raise BlockingIOError
        taken = data if self.window is None else data[: self.window]
        if self.window is not None:
            self.window -= len(taken)
        self.sends.append(taken)
        return len(taken)

    def recv(self, _size: int) -> bytes:
        assert not self._closed
        if self.fault is not None:
            raise self.fault
        if self.incoming:
            return self.incoming.popleft()
        if self.ended:
            return b""
        raise BlockingIOError

    def shutdown(self, _how: int) -> None:
        self._shut = True

    def close(self) -> None:
        self._closed = True


class TlsHeldSocket(HeldSocket):
    """As TLS does: the kernel announces what comes once, and the rest of it is pending."""

    def __init__(self) -> None:
        super().__init__()
        self._unwrapped = False

    def is_unwrapped(self) -> bool:
        return self._unwrapped

    def pending(self) -> int:
        return sum(map(len, self.incoming))

    def unwrap(self) -> None:
        self._unwrapped = True
        raise BlockingIOError


class NotingPeer:
    """Remembers what a connection told its PeerActor, and takes it as long as it has room; then stands for a BrokerRef and its mailbox."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.waiting = 0
        self.room: int | None = None
        self.fault: BaseException | None = None

    @property
    def actor_inbox(self) -> "NotingPeer":
        return self

    @property
    def unread(self) -> range:
        return range(self.waiting)

    def tell(self, message: Any) -> None:  # noqa: ANN401 - any message
        if self.fault is not None:
            raise self.fault
        if self.room is not None and self.waiting >= self.room:
            raise MailboxFull
        self.waiting += 1
        self.told.append(message)

    def post(self, message: Any) -> bool:  # noqa: ANN401 - any message
        self.told.append(message)
        return True

    def handled(self) -> None:
        """The actor has had its turn."""
        self.waiting = 0

    def ends(self) -> list[Lost]:
        return [message for message in self.told if isinstance(message, Lost)]


class NotingOwner:
    """Writes down what its outbox tells it."""

    def __init__(self) -> None:
        self.notes: list[object] = []
        self.outbox: Any = None

    def closing(self, code: int) -> None:
        self.notes.append(("closing", code))

    def overflowed(self) -> None:
        self.notes.append("overflowed")

    def written(self) -> None:
        self.notes.append("written")

    def broken(self, error: OSError) -> None:
        self.notes.append(("broken", type(error)))
        if self.outbox is not None:
            self.outbox.abandon()
