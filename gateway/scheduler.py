"""Turns and deadlines on gevent's hub: the Scheduler that the actors run on.

One hub callback is one turn: the actors that have messages handle them, then every outbox that got something writes once. A callback added
while sockets are read runs before the hub polls again, so that a relay costs no poll of its own: recv, send, and a share of one epoll_wait.

The hub refuses to switch inside a callback. An actor that would block raises instead, and ends by the rule for every failure.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from actors.ports import Runnable
from gateway.clock import HubClock

__all__ = ["CROWD", "LINGERERS", "LINGER_SECONDS", "TURN_ACTORS", "TURN_MESSAGES", "TURN_SECONDS", "HubScheduler", "HubTimer"]

logger = logging.getLogger("gateway.scheduler")

TURN_ACTORS = 4
"""Actors that run between two looks at the clock. A relay runs three, and a look costs 0.05 us; to translate a message can take 1 ms."""

CROWD = 8
"""So many actors that wait have a turn before the next socket is read. With all that a poll brings read first, what is handled then is no
longer in the processor's caches: this saves 21 % of the CPU for a relay of 1,000 pairs, 12 % of 100, 25 % of 100 with 16 in flight
(`python -m gateway bench relay --pairs 1000 --window 1`, with and without)."""

TURN_SECONDS = 0.005
"""A turn that takes longer is cut. Two peers that send 250 messages each to the 300 of their group kept a relay of another group waiting
for 180 ms of CPU without this and the next, and for 30 with both. Ten that send payloads which are dear to translate: for 0.25 s, and for
0.86 with four times as many actors and messages at a time."""

TURN_MESSAGES = 16
"""What one actor handles in one go (`actors.runtime.Runtime.turn`): one message to a group may be as many messages as it has members."""


LINGER_SECONDS = 0.01
"""What may wait is written so much later, together with what has come meanwhile. A write is most of what a `peer_joined` costs: with this
half of the CPU is saved when 500 join a group one by one (`python -m gateway bench trickle --members 500`, with and without)."""

LINGERERS = 256
"""So many of them write in one go, 2 ms; the rest after the next poll."""


EARLY_SECONDS = 0.05
"""A timer may fire so much before its time: libev counts from the last poll, and a turn may have passed since."""


class HubTimer:
    """A libev timer that exists only while it is set: an idle peer's deadline costs 0.2 kB. It goes by the time that is served."""

    __slots__ = ("_arguments", "_callback", "_clock", "_deadline", "_loop", "_watcher")

    def __init__(self, loop: Any, clock: HubClock, callback: Callable[..., object], *arguments: object) -> None:  # noqa: ANN401 - gevent publishes no type for its loops
        self._loop = loop
        self._clock = clock
        self._callback = callback
        self._arguments = arguments
        self._deadline = 0.0
        self._watcher: Any = None

    def start(self, seconds: float) -> None:
        """Call back once, `seconds` from now; replaces a deadline set before."""
        self.stop()
        self._deadline = self._clock.monotonic() + seconds
        self._watcher = self._loop.timer(seconds)
        self._watcher.start(self._fire)

    def stop(self) -> None:
        """Drop the deadline, if one is set."""
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.close()

    def _fire(self) -> None:
        left = self._deadline - self._clock.monotonic()
        if left > EARLY_SECONDS:
            self.start(left)  # the hub was stalled, and the clock with it
        else:
            self.stop()
            self._callback(*self._arguments)


class HubScheduler:
    """The run queue of a process, drained by hub callbacks."""

    def __init__(self, loop: Any, clock: HubClock, monotonic: Callable[[], float] = time.monotonic) -> None:  # noqa: ANN401 - as above
        self._loop = loop
        self._clock = clock
        self._monotonic = monotonic
        self._run_queue: deque[Runnable] = deque()
        self.ready: Callable[[Runnable], None] = self._first_ready
        """Run `runnable.drain()` in the coming turn, after those that were ready before it; in a later one when that turn is cut.

        Once a turn is on its way this is the queue's own `append`: 0.1 us less for each of the three actors on the way of a relay.
        """
        # What a cut turn left. What the next poll brings goes first: it is mostly little, and a flood made what is here.
        self._left_over: deque[Runnable] = deque()
        self._at_turn_end: list[Callable[[], None]] = []
        self._armed = False
        self._lingering: deque[Callable[[], None]] = deque()
        # A turn that leaves work comes back by way of a poll; gevent runs callbacks that callbacks add for 5 ms and more without one.
        self._after_poll = loop.timer(0.0)
        self._linger_timer: Any = None

    def timer(self, callback: Callable[..., object], *arguments: object) -> HubTimer:
        """A timer, not yet started."""
        return HubTimer(self._loop, self._clock, callback, *arguments)

    def at_turn_end(self, callback: Callable[[], None]) -> None:
        """Call back once, when the actors of the coming turn have had their say. Where outboxes write."""
        self._at_turn_end.append(callback)
        if not self._armed:
            self._arm()

    def linger(self, callback: Callable[[], None]) -> None:
        """Call back once, LINGER_SECONDS from now or earlier, with all others that linger by then. Where outboxes write what may wait."""
        if not self._lingering:
            self._linger_for(LINGER_SECONDS)
        self._lingering.append(callback)

    def _linger_for(self, seconds: float) -> None:
        self._linger_timer = self._loop.timer(seconds)
        self._linger_timer.start(self._end_lingering)

    def _end_lingering(self) -> None:
        self._linger_timer.close()
        for _ in range(min(LINGERERS, len(self._lingering))):
            self.at_turn_end(self._lingering.popleft())
        if self._lingering:
            self._linger_for(0.0)

    def relieve(self) -> None:
        """Give the actors that wait a turn at once when they are CROWD. For whoever reads sockets, between two of them, not in a turn."""
        if len(self._run_queue) >= CROWD:
            self._run(self._run_queue, None)
            self._call_back()

    def waiting(self) -> int:
        """How many actors wait for their turn."""
        return len(self._run_queue) + len(self._left_over)

    def _first_ready(self, runnable: Runnable) -> None:
        self._run_queue.append(runnable)
        self._arm()

    def _arm(self) -> None:
        self._armed = True
        self.ready = self._run_queue.append
        self._loop.run_callback(self._turn)

    def _turn(self) -> None:
        try:
            deadline = self._run(self._run_queue, None)
            if self._left_over:
                self._run(self._left_over, deadline)
        finally:
            if self._run_queue:
                self._left_over.extend(self._run_queue)
                self._run_queue.clear()
            self._end_turn()

    def _run(self, queue: deque[Runnable], deadline: float | None) -> float | None:
        """Run actors, TURN_ACTORS at least, until it is `deadline`; that is set at the first look at the clock, and comes back."""
        while queue:
            for _ in range(TURN_ACTORS):
                queue.popleft().drain()
                if not queue:
                    return deadline
            now = self._monotonic()
            deadline = deadline or now + TURN_SECONDS
            if now >= deadline:
                break
        return deadline

    def _call_back(self) -> None:
        callbacks, self._at_turn_end = self._at_turn_end, []
        for callback in callbacks:
            try:
                callback()
            except BaseException:  # whatever it is, the other outboxes of this turn must be written
                logger.exception("a callback at the end of a turn failed")

    def _end_turn(self) -> None:
        self._call_back()
        if self._left_over or self._run_queue or self._at_turn_end:
            self._after_poll.start(self._turn)
        else:
            self._armed = False
            self.ready = self._first_ready
