"""Rounds: every server in turn, again and again, so that whatever else this machine does meets all of them; then medians and spreads."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from msgspec import Struct

from gateway.bench.result import NOISY, Result

__all__ = ["COLUMNS", "Column", "Figure", "Standing", "standings"]


class Column(NamedTuple):
    """One figure of the comparison. Less is better in all of them.

    Attributes:
        title: what it is, with its unit.
        plan: the key of `tests.bench.compare.plans` that it comes from.
        read: takes it from the result of a round; None where there is none, or none that means something.
    """

    title: str
    plan: str
    unit: str
    read: Callable[[Result], float | None]


def _cost(result: Result) -> float | None:
    return result.cost.total if result.cost else None


def _p99(result: Result) -> float | None:
    """Of rounds that nobody disturbed: at 2,000 relays/s and with 30 % of a processor used by others, the p99 of every server is theirs."""
    disturbed = result.noise is not None and result.noise > NOISY
    return result.latency.p99 if result.latency and not disturbed else None


def _memory(result: Result) -> float | None:
    return None if result.connection_bytes is None else result.connection_bytes / 1000


COLUMNS = (
    Column("CPU per relay, 1 in flight", "relay 1", "us", _cost),
    Column("CPU per relay, 16 in flight", "relay 16", "us", _cost),
    Column("p99 at a fixed rate", "open", "us", _p99),
    Column("CPU per connection", "idle", "us", _cost),
    Column("memory per connection", "idle", "kB", _memory),
)


class Figure(Struct, frozen=True):
    """The median of the rounds that count, with the least and the most, and how many times ours it is; None where ours has none."""

    value: float
    least: float
    most: float
    ratio: float | None


class Standing(Struct, frozen=True):
    """What was found of one server: a figure for each column that it has, and what was wrong with it."""

    name: str
    figures: Mapping[str, Figure]
    faults: Sequence[str] = ()


def standings(runs: Mapping[str, Sequence[Mapping[str, Result]]]) -> list[Standing]:
    """Of each server's rounds (results by plan), in the order given; the first is what the others are compared with."""
    found: list[Standing] = []
    for name, rounds in runs.items():
        ours = found[0].figures if found else None
        faults = [f"{plan}: {result.fault}" for results in rounds for plan, result in results.items() if result.fault]
        found.append(Standing(name, dict(_figures(rounds, ours)), faults))
    return found


def _figures(rounds: Sequence[Mapping[str, Result]], ours: Mapping[str, Figure] | None) -> Iterator[tuple[str, Figure]]:
    for column in COLUMNS:
        results = [results[column.plan] for results in rounds if column.plan in results]
        values = [value for result in results if not result.fault and (value := column.read(result)) is not None]
        if values:
            value = median(values)
            base = value if ours is None else ours[column.title].value if column.title in ours else 0.0
            yield column.title, Figure(value, min(values), max(values), value / base if base else None)
