"""Plot: the figures as a picture. Needs matplotlib, which a server does not: it is the extra `bench`."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from gateway.bench.result import Result

__all__ = ["draw", "lack"]


def lack() -> str | None:
    """What is missing for a picture, in a sentence; None when nothing is."""
    if importlib.util.find_spec("matplotlib") is None:
        return "--plot needs matplotlib: install the extra `bench` of this project (pip install '.[bench]'), or leave --plot out"
    return None


def draw(results: Sequence[Result], path: str | Path) -> None:
    """Two charts: the server's CPU for each unit, user and system; and latencies, on a logarithmic scale."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only who draws needs it

    figure = Figure(figsize=(12, 0.6 * len(results) + 2), layout="constrained")
    costs, latencies = figure.subplots(1, 2, sharey=True)
    names = [f"{result.scenario}\n{result.about.partition(', 1,200')[0]}" for result in results]
    places = range(len(results))
    user = [result.cost.user if result.cost else 0.0 for result in results]
    costs.barh(places, user, label="user", color="tab:blue")
    costs.barh(places, [result.cost.system if result.cost else 0.0 for result in results], left=user, label="system", color="tab:orange")
    costs.set_yticks(places, names)
    costs.invert_yaxis()
    costs.set_xlabel("server CPU, us for each")
    costs.legend()
    for name, marker in (("p50", "o"), ("p99", "s"), ("p999", "^")):
        known = [(getattr(result.latency, name), place) for place, result in zip(places, results, strict=True) if result.latency]
        latencies.plot(*zip(*known, strict=True), marker, label=name.replace("999", "99.9")) if known else None
    latencies.set_xscale("log")
    latencies.set_xlabel("latency, us")
    latencies.legend()
    figure.savefig(path)
