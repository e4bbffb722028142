"""Pulse: the beat of the hub, and what is noticed when it stops.

A call that blocks the hub, a process that is stopped, a machine that is overloaded: each keeps every client waiting, and looks like nothing
at all from inside. A timer beats; each beat moves the clock's limit (`gateway.clock`) and winds an alarm, a signal of the kernel, that goes
off only when the next beat is late. Its handler runs in the midst of whatever holds the hub, so that the log shows the place, also when it
never ends. The beat after a stall says how long that took.
"""

import logging
import signal
from types import FrameType
from typing import Any, Protocol

from actors.ports import Metrics
from gateway.clock import STALL_SECONDS, HubClock

__all__ = ["BEAT_SECONDS", "Alarm", "Pulse", "SignalAlarm"]

logger = logging.getLogger("gateway.pulse")

BEAT_SECONDS = 0.25
"""Between two beats: four wake-ups a second for an idle process, and a stall is known by half of what it may last."""


class Alarm(Protocol):
    """Goes off when it is not wound again in time."""

    def wind(self, seconds: float) -> None:
        """Go off in so many seconds, unless wound again before; 0 for never."""


class SignalAlarm:
    """SIGALRM of the process, which no library here uses. It may be made in the main thread alone."""

    def __init__(self) -> None:
        self._before = signal.signal(signal.SIGALRM, self._stuck)

    def wind(self, seconds: float) -> None:
        """Set the kernel's timer; 0.4 us."""
        signal.setitimer(signal.ITIMER_REAL, seconds)

    def restore(self) -> None:
        """Leave the signal as it was found."""
        self.wind(0)
        signal.signal(signal.SIGALRM, self._before)

    @staticmethod
    def _stuck(_number: int, _frame: FrameType | None) -> None:
        logger.warning("the hub has not turned for %g s; every client waits. It is in:", STALL_SECONDS, stack_info=True)


class Pulse:
    """Beats on `loop` from `start` to `stop`. Without an alarm a stall is known only when it is over."""

    def __init__(self, loop: Any, clock: HubClock, alarm: Alarm | None, metrics: Metrics) -> None:  # noqa: ANN401 - gevent publishes no type for its loops
        self._clock = clock
        self._alarm = alarm
        self._metrics = metrics
        self._due = 0.0
        # Before everything else that is due: what runs next must not take a stall for the silence of a client.
        self._timer = loop.timer(BEAT_SECONDS, BEAT_SECONDS, priority=loop.MAXPRI)

    def start(self) -> None:
        """Begin."""
        self._due = self._clock.monotonic()
        self._beat()
        self._timer.start(self._beat)

    def stop(self) -> None:
        """End; the process may be as slow as it likes from here on."""
        self._timer.close()
        self._wind(0)

    def _wind(self, seconds: float) -> None:
        if self._alarm is not None:
            self._alarm.wind(seconds)

    def _beat(self) -> None:
        stalled = self._clock.beat()
        now = self._clock.monotonic()
        self._metrics.observe("hub_lag", max(0.0, stalled - BEAT_SECONDS if stalled else now - self._due))
        self._due = now + BEAT_SECONDS
        self._wind(STALL_SECONDS)
        if stalled:
            self._metrics.increment("hub_stalls")
            self._metrics.increment("hub_stalled_ms", by=round(stalled * 1000))
            logger.warning("the hub was stalled for %.1f s; no peer expires for it", stalled)
