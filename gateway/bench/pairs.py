"""Pairs: peers that talk to each other, two and two, each pair in a group of its own."""

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gateway.bench.connection import PATIENCE, RECEIVE_BYTES, Connection
from gateway.bench.crowd import Crowd, Place
from gateway.bench.dialect import Dialect
from gateway.bench.plan import CANDIDATE_SIZE, Plan
from gateway.bench.talk import Ear, Mouth
from gateway.bench.template import Template, Unexpected, sdp
from gateway.bench.watch import Watch

__all__ = ["Pairs", "Side", "pair"]


class Side(NamedTuple):
    """One peer of a pair: it hears the other, and speaks to it."""

    ear: Ear
    mouth: Mouth


class Pairs:
    """All pairs, and the watch over their connections."""

    def __init__(self, plan: Plan, crowd: Crowd, watch: Watch) -> None:
        self.latencies: list[float] = []
        self.sides: dict[int, Side] = {}
        self._watch = watch
        for left, right in zip(crowd.connections[::2], crowd.connections[1::2], strict=True):
            number = len(self.sides) // 2
            self.sides |= self._pair(plan, left, right, number)
        for descriptor in self.sides:
            watch.add(descriptor)

    def _pair(self, plan: Plan, left: Connection, right: Connection, number: int) -> dict[int, Side]:
        a, b = (place.peer for place in pair(number))
        offers = list(_templates(plan.dialect, "offer", a, b, plan.sizes))
        answers = list(_templates(plan.dialect, "answer", b, a, plan.sizes))
        at_left = Ear(left, answers, plan.dialect, self.latencies)
        at_right = Ear(right, offers, plan.dialect, self.latencies)
        return {
            left.descriptor: Side(at_left, Mouth(left, offers, [at_right])),
            right.descriptor: Side(at_right, Mouth(right, answers, [at_left])),
        }

    def begin(self, window: int) -> None:
        """The offerers say their first words."""
        for side in list(self.sides.values())[::2]:
            for _ in range(window):
                side.mouth.say(time.perf_counter())

    def answer_until(self, until: float) -> None:
        """Each answers whatever it hears."""
        sides, wait, now = self.sides, self._watch.wait, time.perf_counter
        while now() < until:
            for descriptor, _ in wait(until):
                side = sides[descriptor]
                say = side.mouth.say
                for _ in range(side.ear.hear(side.ear.receive(RECEIVE_BYTES))):
                    say(now())

    def listen_until(self, until: float) -> None:
        """Hear what is there until it is time, and say nothing."""
        for descriptor, _ in self._watch.wait(until):
            ear = self.sides[descriptor].ear
            ear.hear(ear.receive(RECEIVE_BYTES))

    def hear_the_rest(self) -> None:
        """Wait for all that is on its way.

        Raises:
            Unexpected: something does not come.

        """
        deadline = time.perf_counter() + PATIENCE
        while missing := sum(len(side.ear.times) for side in self.sides.values()):
            if time.perf_counter() >= deadline:
                raise Unexpected(f"{missing} messages were lost, or take longer than {PATIENCE:g} s")
            self.listen_until(min(deadline, time.perf_counter() + 0.1))


def pair(number: int) -> tuple[Place, Place]:
    """The two peers of a group of their own."""
    group = f"pair-{number}"
    return Place(f"{group}-a", group), Place(f"{group}-b", group)


def _templates(dialect: Dialect, kind: str, source: str, target: str, sizes: Sequence[int]) -> Iterator[Template]:
    for size in sizes:
        sent_as = "candidate" if size <= CANDIDATE_SIZE else kind
        yield Template(dialect.opcode, dialect.relay(sent_as, target, sdp(size)), source, sent_as, sdp(size))
