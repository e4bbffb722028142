"""Relay: pairs of peers that talk to each other through the server, as fast as it answers (closed loop) or by a timetable (open loop)."""

import time
from typing import TYPE_CHECKING, Protocol

from gateway.bench.connection import PATIENCE
from gateway.bench.crowd import Crowd
from gateway.bench.meter import Meter
from gateway.bench.pairs import Pairs, pair
from gateway.bench.plan import Plan
from gateway.bench.progress import Tell
from gateway.bench.result import Latency, Result
from gateway.bench.target import Target
from gateway.bench.template import Unexpected
from gateway.bench.watch import Watch

if TYPE_CHECKING:
    from gateway.bench.talk import Mouth

__all__ = ["closed_loop", "open_loop"]

SLICE = 0.5
"""Seconds between two words about progress."""


def closed_loop(plan: Plan, target: Target, progress: Tell) -> Result:
    """`window` messages of each pair are always on their way: the next is sent when one has come. As many relays as the server can do."""
    about = f"{plan.pairs} pairs, {plan.window} in flight, {plan.sizes_in_words}, {plan.dialect.name}"
    return _measure(plan, target, progress, _Answers(plan.window), about)


def open_loop(plan: Plan, target: Target, progress: Tell) -> Result:
    """`rate` relays a second by a timetable, whatever the server does: one that stalls is late with all that it delays.

    The latency counts from the time in the timetable (no coordinated omission); what the generator itself is late with is in it, too.
    """
    about = f"{plan.rate}/s, {plan.pairs} pairs, {plan.sizes_in_words}, {plan.dialect.name}"
    return _measure(plan, target, progress, _Timetable(plan.rate), about)


class _Loop(Protocol):
    """What makes peers speak."""

    def begin(self, pairs: Pairs) -> None:
        """Time zero."""

    def talk(self, pairs: Pairs, until: float) -> None:
        """Let them speak and listen until it is time."""


class _Answers:
    """A closed loop: who hears something answers."""

    def __init__(self, window: int) -> None:
        self._window = window

    def begin(self, pairs: Pairs) -> None:
        pairs.begin(self._window)

    def talk(self, pairs: Pairs, until: float) -> None:
        pairs.answer_until(until)


class _Timetable:
    """An open loop: when each message is due; the peers speak in turn."""

    def __init__(self, rate: int) -> None:
        self._interval = 1 / rate
        self._mouths: list[Mouth] = []
        self._sent = 0
        self._began = 0.0

    def begin(self, pairs: Pairs) -> None:
        self._mouths = [side.mouth for side in pairs.sides.values()]
        self._began = time.perf_counter()

    def talk(self, pairs: Pairs, until: float) -> None:
        while (due := self._began + self._sent * self._interval) < until:
            if time.perf_counter() < due:
                pairs.listen_until(due)
            else:
                self._mouths[self._sent % len(self._mouths)].say(due)
                self._sent += 1


def _measure(plan: Plan, target: Target, progress: Tell, loop: _Loop, about: str) -> Result:
    watch = Watch(spin=target.spin)
    with Crowd(target.address, plan.dialect, spin=target.spin) as crowd:
        crowd.open([place for number in range(plan.pairs) for place in pair(number)])
        pairs = Pairs(plan, crowd, watch)
        try:
            loop.begin(pairs)
            loop.talk(pairs, time.perf_counter() + plan.warm_up)
            first = len(pairs.latencies)
            meter = Meter(target.pid, watch)
            left = round(plan.seconds / SLICE)
            most = time.perf_counter() + plan.seconds + PATIENCE
            # A server that says nothing for all of that time may still say something: then this run takes longer.
            while left > 0 or (len(pairs.latencies) == first and time.perf_counter() < most):
                progress(f"{len(pairs.latencies) - first:,} relays, {max(0, left) * SLICE:g} s to go")
                loop.talk(pairs, time.perf_counter() + SLICE)
                left -= 1
            meter.stop()
            latencies = pairs.latencies[first:]
            pairs.hear_the_rest()
        finally:
            watch.close()
    if not latencies:
        raise Unexpected("not one relay has come through")
    return Result(scenario=plan.scenario, about=about, unit="relay", latency=Latency.of(latencies), **meter.figures(len(latencies)))
