"""Fuzzes what reads bytes from strangers: `make fuzz`, or `python -m tests.fuzz`.

All targets side by side, each in a process of its own. What is interesting is kept in `.fuzz/`, so that the next run begins where this one
ends; what fails is shown, kept, and exit code 1.
"""

import argparse
import importlib.util
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.hunt import Hunt, Kept
from tests.fuzz.reach import reach
from tests.fuzz.targets import PLANTED, TARGETS, inputs, load
from tests.sources import ROOT

FOLDER = ROOT / ".fuzz"
LINE_SECONDS = 5.0
SHOWN_BYTES = 1024

NO_ATHERIS = (
    "make fuzz needs atheris, which has a wheel for CPython 3.11 to 3.14 on x86-64 Linux: name such a Python, "
    "`make fuzz PYTHON=python3.13`. The same properties are asked of random inputs by `make test`, with hypothesis, on any Python."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one campaign, or play one input again; returns the exit code."""
    options = _parser().parse_args(arguments)
    if options.play:
        return _play(options.play, *options.target or (options.play.absolute().parent.parent.name,))
    if importlib.util.find_spec("atheris") is None:
        _say(NO_ATHERIS)
        return 2
    seed = int(time.time()) if options.seed is None else options.seed
    _say(f"seed {seed}: the same inputs come again with --seed {seed} and the same kept folders")
    hunts: list[Hunt] = []
    try:
        for target in options.target or TARGETS:
            kept = Kept.make(options.folder, target)
            hunts.append(Hunt(target, kept, seed=seed, seconds=options.seconds, runs=options.runs))
        _watch(hunts)
        return _report(hunts)
    finally:
        for hunt in hunts:
            hunt.stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make fuzz ARGS=...", description="Fuzz frames, messages, handshakes, what proxies say and tokens."
    )
    parser.add_argument("--target", choices=(*TARGETS, PLANTED), action="append", help="one target alone; repeatable")
    parser.add_argument("--seconds", type=float, default=600, help="how long in all (default: 600)")
    parser.add_argument("--runs", type=int, help="so many inputs for each target instead")
    parser.add_argument("--seed", type=int, help="of all chance (default: the time)")
    parser.add_argument("--play", type=Path, metavar="FILE", help="check one input, such as one that has failed")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where inputs are kept (default: .fuzz)")
    return parser


def _watch(hunts: Sequence[Hunt]) -> None:
    """Tell how it goes until all have ended."""
    began = time.monotonic()
    while running := [hunt for hunt in hunts if hunt.running]:
        due = time.monotonic() + LINE_SECONDS
        for hunt in running:
            hunt.wait(max(0.0, due - time.monotonic()))
        elapsed = time.monotonic() - began
        for hunt in hunts:
            said = hunt.tidings
            _say(
                f"{elapsed:5.0f} s  {hunt.target:<10} {said.runs:>10,} runs {said.runs / elapsed:>8,.0f}/s"
                f"  coverage {said.coverage:>5}  corpus {said.corpus:>5}"
            )


def _report(hunts: Sequence[Hunt]) -> int:
    """Tell what was found, and how far the inputs reach; returns the exit code."""
    findings = [hunt for hunt in hunts if hunt.found()]
    for hunt in findings:
        _tell_finding(hunt)
    for hunt in hunts:
        if hunt not in findings:
            _say(f"{hunt.target}: nothing found in {hunt.tidings.runs:,} runs; the kept inputs reach")
            for one in reach(load(hunt.target), inputs(hunt.kept.seeds, hunt.kept.corpus)):
                _say(f"  {one}")
    return 1 if findings else 0


def _tell_finding(hunt: Hunt) -> None:
    said = hunt.tidings
    _say(f"{hunt.target}: FOUND after {said.runs:,} runs")
    for line in said.traceback or said.last:
        _say(f"  {line}")
    if said.finding is not None:
        data = said.finding.read_bytes()
        _say(f"input, {len(data)} bytes, kept in {said.finding}:\n  {data[:SHOWN_BYTES].hex()}{'...' if len(data) > SHOWN_BYTES else ''}")
        _say(f'play it again: make fuzz ARGS="--target {hunt.target} --play {said.finding}"')


def _play(path: Path, target: str) -> int:
    """Raises what the check raises."""
    load(target).check(path.read_bytes())
    _say(f"{target}: {path} passes")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command line talks on standard output


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("Interrupted; what was kept until now is where the next run begins.")
