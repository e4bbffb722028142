"""Fan-out: one peer speaks to all others of its group; the next message is sent when all have heard the last."""

import time

from gateway.bench.connection import PATIENCE, RECEIVE_BYTES
from gateway.bench.crowd import Crowd, Place
from gateway.bench.meter import Meter
from gateway.bench.plan import Plan
from gateway.bench.progress import Tell
from gateway.bench.result import Latency, Result
from gateway.bench.talk import Ear, Mouth
from gateway.bench.target import Target
from gateway.bench.template import Template, Unexpected, sdp
from gateway.bench.watch import Watch

__all__ = ["fan_out"]

SLICE = 0.5


class _Audience:
    """One who speaks, and those who hear."""

    def __init__(self, plan: Plan, crowd: Crowd, watch: Watch) -> None:
        speaker, *others = crowd.connections
        self.latencies: list[float] = []
        self._watch = watch
        # Each has heard other names join, so what each has to hear first is not the same; from then on it is.
        self._ears: dict[int, Ear] = {}
        message = plan.dialect.relay("message", None, sdp(plan.sizes[0]))
        for other in others:
            template = Template(plan.dialect.opcode, message, "peer-0", "message", sdp(plan.sizes[0]))
            self._ears[other.descriptor] = Ear(other, [template], plan.dialect, self.latencies)
            watch.add(other.descriptor)
        said = Template(plan.dialect.opcode, message, "peer-0", "message", sdp(plan.sizes[0]))
        self._mouth = Mouth(speaker, [said], list(self._ears.values()))

    def talk_until(self, until: float) -> None:
        """One message after the other, each heard by all.

        Raises:
            Unexpected: somebody does not hear it.

        """
        while time.perf_counter() < until:
            self._mouth.say(time.perf_counter())
            missing = len(self._ears)
            deadline = time.perf_counter() + PATIENCE
            while missing:
                events = self._watch.wait(deadline)
                if not events:
                    raise Unexpected(f"{missing} of {len(self._ears)} have not heard a message to the group within {PATIENCE:g} s")
                for descriptor, _ in events:
                    ear = self._ears[descriptor]
                    missing -= ear.hear(ear.receive(RECEIVE_BYTES))


def fan_out(plan: Plan, target: Target, progress: Tell) -> Result:
    """`members` peers in one group; the first speaks, the others hear."""
    watch = Watch(spin=target.spin)
    with Crowd(target.address, plan.dialect, spin=target.spin) as crowd:
        crowd.open([Place(f"peer-{number}", "all") for number in range(plan.members)])
        try:
            audience = _Audience(plan, crowd, watch)
            audience.talk_until(time.perf_counter() + plan.warm_up)
            first = len(audience.latencies)
            meter = Meter(target.pid, watch)
            for left in range(round(plan.seconds / SLICE), 0, -1):
                progress(f"{len(audience.latencies) - first:,} deliveries, {left * SLICE:g} s to go")
                audience.talk_until(time.perf_counter() + SLICE)
            meter.stop()
        finally:
            watch.close()
    latencies = audience.latencies[first:]
    about = f"1 to {plan.members - 1} of its group, {plan.sizes_in_words}, {plan.dialect.name}"
    return Result(scenario=plan.scenario, about=about, unit="delivery", latency=Latency.of(latencies), **meter.figures(len(latencies)))
