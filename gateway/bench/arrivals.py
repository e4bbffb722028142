"""Arrivals: connections that are opened and then left alone, and a crowd that is cut off and comes back."""

from gateway.bench.crowd import Crowd, Place
from gateway.bench.meter import Meter
from gateway.bench.plan import Plan
from gateway.bench.progress import Tell
from gateway.bench.result import Latency, Result
from gateway.bench.target import Target

__all__ = ["idle", "reconnect"]

GROUP_OF = 10
"""Peers in one group, as devices of one owner."""


WARM_UP = 20
"""Connections before those that are measured: what the first ones have the server import and build is not theirs alone."""


def crowd_places(count: int, name: str = "peer") -> list[Place]:
    """Peers in groups of a usual size; other names are other peers, in other groups."""
    return [Place(f"{name}-{number}", f"{name}-group-{number // GROUP_OF}") for number in range(count)]


def idle(plan: Plan, target: Target, progress: Tell) -> Result:
    """`connections` peers register and are left alone: what each costs to let in, and how much memory it holds."""
    about = f"{plan.connections:,} connections in groups of {GROUP_OF}, {plan.dialect.name}"
    with Crowd(target.address, plan.dialect, spin=target.spin) as crowd:
        crowd.open(crowd_places(WARM_UP))
        progress(f"opening {plan.connections:,} connections")
        meter = Meter(target.pid)
        crowd.open(crowd_places(plan.connections, "idle"))
        meter.stop()
        figures = meter.figures(plan.connections)
        figures["generator_busy"] = crowd.busy
    used = meter.used
    memory = (used.anonymous // plan.connections, used.resident // plan.connections) if used else (None, None)
    return Result(scenario=plan.scenario, about=about, unit="connection", connection_bytes=memory[0], resident_bytes=memory[1], **figures)


def reconnect(plan: Plan, target: Target, progress: Tell) -> Result:
    """`connections` peers lose their connections in one moment, and all come back at once, with the same ids."""
    about = f"{plan.connections:,} peers cut off, all back at once, {plan.dialect.name}"
    places = crowd_places(plan.connections)
    with Crowd(target.address, plan.dialect, spin=target.spin) as crowd:
        progress(f"opening {plan.connections:,} connections")
        crowd.open(places)
        crowd.vanish()
        progress("all cut off; all come back")
        meter = Meter(target.pid)
        crowd.open(places, at_once=plan.connections)
        meter.stop()
        figures = meter.figures(plan.connections)
        figures["generator_busy"] = crowd.busy
        return Result(scenario=plan.scenario, about=about, unit="connection", latency=Latency.of(crowd.waited), **figures)
