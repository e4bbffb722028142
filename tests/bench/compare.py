"""Compare: our server and what a user would pick instead, by the same generator, on the same processors, in rounds. `make bench`."""

import argparse
import gc
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from statistics import median

import msgspec
from msgspec.structs import replace

from gateway.bench.command import INTERRUPTED, measure
from gateway.bench.dialect import Signal
from gateway.bench.plan import Plan
from gateway.bench.report import machine
from gateway.bench.result import NOISY, Result
from gateway.bench.target import Cpus, NoServer, Target, free_port, start
from tests.bench import page, picture
from tests.bench.rivals import RIVALS, Rival
from tests.bench.rounds import Standing, standings
from tests.bench.scratch import Absent, Scratch
from tests.sources import ROOT

__all__ = ["FULL", "QUICK", "Length", "fetch", "main", "plans", "run"]

PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "performance.svg"


class Length(msgspec.Struct, frozen=True):
    """How long it takes: rounds, seconds of each loop, idle connections."""

    rounds: int
    seconds: float
    connections: int


FULL = Length(rounds=5, seconds=3.0, connections=2_000)
"""About 7 minutes."""

QUICK = Length(rounds=1, seconds=1.5, connections=500)
"""Less than one."""


def plans(length: Length) -> dict[str, Plan]:
    """What each server is put to in each round, by the names that `tests.bench.rounds.COLUMNS` uses; idle first, in fresh memory."""
    base = Plan(scenario="relay", dialect=Signal(), seconds=length.seconds, connections=length.connections)
    return {
        "idle": replace(base, scenario="idle"),
        "relay 1": base,
        "relay 16": replace(base, window=16),
        "open": replace(base, scenario="open"),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all of it, show the table; the exit code is 1 when a server lost or altered something."""
    options = _parser().parse_args(arguments)
    length = QUICK if options.quick else FULL
    began = time.monotonic()
    scratch = Scratch()
    rivals, absent = fetch(scratch, options.only)
    gc.disable()  # a pause of the generator would be a latency of the servers
    try:
        runs = run(rivals, length, scratch)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        gc.enable()
    found = standings(runs)
    text = page.table(found, absent, [*_about(rivals, length, options, time.monotonic() - began), noise(runs)])
    print(f"\n{text}")
    _write(options, found, absent, text)
    return 1 if any(standing.faults for standing in found) else 0


def fetch(scratch: Scratch, names: Sequence[str]) -> tuple[list[Rival], dict[str, str]]:
    """Those that can be started here; and of the others, why not."""
    there: list[Rival] = []
    absent: dict[str, str] = {}
    for rival in RIVALS:
        if rival.name in names:
            try:
                rival.launch(scratch, 0)
                there.append(rival)
            except Absent as why:
                absent[rival.name] = str(why)
    return there, absent


def run(rivals: Sequence[Rival], length: Length, scratch: Scratch) -> dict[str, list[Mapping[str, Result]]]:
    """A round after the other; in each, every server is started anew, measured and ended."""
    runs: dict[str, list[Mapping[str, Result]]] = {rival.name: [] for rival in rivals}
    cpus = Cpus.choose()
    for number in range(1, length.rounds + 1):
        for rival in rivals:
            print(f"round {number} of {length.rounds}: {rival.name}", flush=True)
            runs[rival.name].append(_round(rival, length, scratch, cpus))
    return runs


def _round(rival: Rival, length: Length, scratch: Scratch, cpus: Cpus) -> dict[str, Result]:
    port = free_port()
    launch = rival.launch(scratch, port)
    todo = {name: replace(plan, dialect=rival.dialect) for name, plan in plans(length).items()}
    try:
        with start(launch.command, port, cpus, launch.environ) as target:
            return {name: _measure(plan, target) for name, plan in todo.items()}
    except (NoServer, OSError) as error:
        return {name: Result(scenario=plan.scenario, about="", unit="", fault=str(error)) for name, plan in todo.items()}


def _measure(plan: Plan, target: Target) -> Result:
    return measure(plan, lambda: nullcontext(target))


def _about(rivals: Sequence[Rival], length: Length, options: argparse.Namespace, seconds: float) -> list[str]:
    """What one has to know to read the table, and to make it again."""
    made_on = machine()
    command = "make bench" + (" ARGS=--quick" if options.quick else "")
    loop = plans(length)["open"]
    return [
        f"Made by `{command}` in {seconds:,.0f} s on {made_on['cpu']}, {made_on['kernel']}, Python {made_on['python']}.",
        f"{length.rounds} rounds: medians (least to most), and how many times ours. CPU is user and system, of the server alone.",
        f"A p99 counts only where others used less than {NOISY:.0%} of a processor meanwhile; without such a round there is none.",
        f"{loop.pairs} pairs, {loop.sizes_in_words}; the fixed rate is {loop.rate:,} relays/s; {length.connections:,} idle connections.",
        *(f"{rival.name}: {rival.what}" for rival in rivals),
    ]


def noise(runs: Mapping[str, Sequence[Mapping[str, Result]]]) -> str:
    """How far the figures can be trusted."""
    others = [result.noise for rounds in runs.values() for results in rounds for result in results.values() if result.noise is not None]
    words = f"Others used {median(others):.0%} of a processor meanwhile (median of all runs; {max(others):.0%} at most)"
    return f"{words}."


def _write(options: argparse.Namespace, found: Sequence[Standing], absent: Mapping[str, str], text: str) -> None:
    if options.json:
        told = {"machine": machine(), "servers": msgspec.to_builtins(found), "absent": absent}
        Path(options.json).write_text(json.dumps(told, indent=1) + "\n")
    if options.plot or options.write:
        picture.draw(found, Path(options.plot or PICTURE))
    if options.write:
        page.write(PAGE, text)


def _parser() -> argparse.ArgumentParser:
    names = [rival.name for rival in RIVALS]
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round: less than 2 minutes, and no more than an impression")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--write", action="store_true", help=f"put table and picture into docs/{PAGE.name}")
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument("--plot", metavar="FILE", help="draw them there")
    return parser
