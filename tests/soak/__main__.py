"""Clients that come, go and misbehave, against a server of its own: `make soak`, or `python -m tests.soak`.

A line for each second, then a table, a plot and the verdict by the rule of `tests/soak/verdict.py`. Exit code 0: nothing grew, nothing was
lost. 1: something did.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.soak.campaign import Course, is_as_before, soak
from tests.soak.fairness import TARGET_MS, fairness
from tests.soak.neighbours import TARGET, neighbours
from tests.soak.restarts import RATE, restarts
from tests.soak.verdict import Sample, grown, plot, table

PLOTTED = ("connections", "relays", "p99_ms", "rss_kib", "descriptors", "actors")
FAIRNESS_SECONDS = 24.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one soak, or measure fairness, or restart; returns the exit code."""
    options = _parser().parse_args(arguments)
    if options.restarts:
        return _restart(options.restarts, options.json)
    if options.fairness:
        return _measure_fairness(options.minutes * 60 if options.minutes else FAIRNESS_SECONDS, options.json)
    seed = int(time.time()) if options.seed is None else options.seed
    _say(f"seed {seed}")
    course = soak((options.minutes or 10) * 60, seed, options.server, _redraw if sys.stdout.isatty() else _tell)
    return _conclude(course, options.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make soak ARGS=...", description="See what the server keeps of clients that come and go.")
    parser.add_argument("--minutes", type=float, help="how long (default: 10; with --fairness 0.4, twice)")
    parser.add_argument("--seed", type=int, help="of what the crowd does (default: the time)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    parser.add_argument("--fairness", action="store_true", help="instead: what a flood in one group or tenant costs the others")
    parser.add_argument("--restarts", type=int, metavar="N", help="instead: N upgrades without a refused connection, under newcomers")
    parser.add_argument("--server", default="gateway", metavar="MODULE", help="another server, such as tests.soak.leaking")
    return parser


def _conclude(course: Course, path: Path | None) -> int:
    faults = [f"{name} grew" for name in grown(course.samples)]
    if not is_as_before(course.before, course.behind):
        faults.append(f"something has stayed when all clients had gone: {course.behind}, before the first came: {course.before}")
    if course.log_faults:
        faults.append(f"the server's log tells of {len(course.log_faults)} faults, the first: {course.log_faults[0].strip()}")
    if not course.counts["expirations"] and course.scripts.get("is_half_open"):
        faults.append("peers fell silent, and none was ever away")
    _say("")
    _say(table(course.samples))
    _say("")
    for name in PLOTTED:
        _say(plot(course.samples, name))
    _say("")
    _say(f"{course.relays:,} relays of healthy pairs, all delivered, in order")
    _say(f"{sum(course.scripts.values()):,} visitors: {', '.join(f'{count} {name}' for name, count in sorted(course.scripts.items()))}")
    told = ("registers", "expirations", "errors", "closes", "hub_stalls", "hub_stalled_ms")
    _say(f"the server's account: {', '.join(f'{course.counts[name]:,} {name}' for name in told)}")
    _say(f"FAILED: {'; '.join(faults)}" if faults else "nothing grew, nothing was lost, nothing has stayed")
    if path is not None:
        path.write_text(json.dumps({"faults": faults, **course._asdict(), "samples": [sample._asdict() for sample in course.samples]}))
    return 1 if faults else 0


def _restart(count: int, path: Path | None) -> int:
    found = restarts(count, RATE, _say)
    _say(f"{found}\n{'FAILED: some were turned away' if found.turned_away else 'nobody was turned away'}")
    if path is not None:
        path.write_text(json.dumps(found._asdict()))
    return 1 if found.turned_away else 0


def _measure_fairness(seconds: float, path: Path | None) -> int:
    found, tenants = fairness(seconds, _say), neighbours(seconds, _say)
    _say(f"{found}\n\n{tenants}")
    if path is not None:
        told = {**tenants._asdict(), "times": tenants.times}
        path.write_text(json.dumps({**found._asdict(), "added_ms": found.added_ms, "tenants": told}))
    return 1 if found.added_ms > TARGET_MS or tenants.times > TARGET else 0


def _tell(sample: Sample) -> None:
    _say(str(sample))


def _redraw(sample: Sample) -> None:
    print(f"\r{sample}\x1b[K", end="", flush=True)  # noqa: T201 - a command line talks on standard output


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AssertionError as fault:
        sys.exit(f"FAILED: {fault}")
    except KeyboardInterrupt:
        sys.exit("Interrupted; there is no verdict.")
