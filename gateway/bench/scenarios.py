"""Scenarios: the table of what can be measured, and the plans that a command line makes of it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from gateway.bench.arrivals import idle, reconnect
from gateway.bench.dialect import Packed, Signal
from gateway.bench.fanout import fan_out
from gateway.bench.join import join, trickle
from gateway.bench.plan import MIXED, Plan
from gateway.bench.progress import Tell
from gateway.bench.relay import closed_loop, open_loop
from gateway.bench.result import Result
from gateway.bench.target import Target

__all__ = ["SCENARIOS", "Scenario", "plans"]


class Scenario(NamedTuple):
    """One row of the table."""

    run: Callable[[Plan, Target, Tell], Result]
    says: str


SCENARIOS = {
    "relay": Scenario(closed_loop, "pairs that answer each other as fast as the server lets them; once for each --window"),
    "open": Scenario(open_loop, "the same by a timetable of --rate; latency from when each message had to be sent"),
    "packed": Scenario(closed_loop, "relay in MessagePack"),
    "mixed": Scenario(closed_loop, "relay of what a negotiation sends: candidates of 120 characters, descriptions of up to 37,000"),
    "fanout": Scenario(fan_out, "one of a group of --members speaks to all others"),
    "join": Scenario(join, "--members peers join one group in one moment"),
    "trickle": Scenario(trickle, "the same, one after the other"),
    "idle": Scenario(idle, "--connections that register and are left alone: the cost of letting in, memory of each"),
    "reconnect": Scenario(reconnect, "--connections are cut off and all come back at once"),
}


def plans(names: Sequence[str], base: Plan, windows: Sequence[int]) -> list[Plan]:
    """What to run, in the order of the table; `base` has the numbers."""
    made = []
    for name in SCENARIOS:
        if name not in names:
            continue
        plan = replace(base, scenario=name)
        if name == "packed":
            made.append(replace(plan, dialect=Packed(), window=windows[0]))
        elif name == "mixed":
            made.append(replace(plan, sizes=MIXED, window=windows[0]))
        elif name == "relay":
            made += [replace(plan, window=window) for window in windows]
        else:
            made.append(plan)
    return made


def base_plan(*, packed: bool) -> Plan:
    """The numbers of a run without flags."""
    return Plan(scenario="", dialect=Packed() if packed else Signal())
