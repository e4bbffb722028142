"""The command line of the judge: `python -m gateway conformance`.

Exit codes: 0 every row that was played passed, 1 one failed, or the server cannot be reached, 2 the command line is wrong, 130 interrupted.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from gateway.bench.progress import Progress
from gateway.conformance.connection import Passage, Witness
from gateway.conformance.facts import LIMITS
from gateway.conformance.pattern import readable
from gateway.conformance.player import Verdict, play, skipped
from gateway.conformance.report import as_json, listing, table
from gateway.conformance.target import Target
from gateway.conformance.transcript import Transcript, load
from gateway.conformance.welcome import announced_limits

__all__ = ["main"]

FAILED, INTERRUPTED = 1, 130

_MOST_TOGETHER = 16


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge a server, and tell; `arguments` are those of the process unless given. Returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    rows = [row for row in load() if _is_chosen(row, options)]
    if not rows:
        parser.error("no row has such a name and profile; --list tells their names")
    if options.list:
        print(listing(rows))
        return 0
    if options.url is None:
        parser.error("the address of the server is missing, such as ws://127.0.0.1:8080/ws")
    try:
        target = Target.at(options.url, options.token, options.patience)
    except ValueError as error:
        parser.error(str(error))
    try:
        verdicts, limits = asyncio.run(_judge(rows, target, options))
    except KeyboardInterrupt:
        return INTERRUPTED
    except TimeoutError:
        print(f"not done within {options.seconds:g} s; --seconds allows more", file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"cannot reach {target.uri.host}:{target.uri.port}: {error}", file=sys.stderr)
        return FAILED
    print(table(verdicts))
    return _write(verdicts, limits, options.json) or (FAILED if any(verdict.outcome == "failed" for verdict in verdicts) else 0)


async def _judge(rows: Sequence[Transcript], target: Target, options: argparse.Namespace) -> tuple[list[Verdict], dict[str, float]]:
    """Play the rows, a few at a time; the verdicts have their order. Beside them, the limits that were taken for the server's."""
    free, done = asyncio.Semaphore(options.together), 0
    announced = await announced_limits(target) if any(row.profile == "v2" for row in rows) else {}
    limits = {**LIMITS, **(announced or {}), **dict(options.limit)}
    with Progress("conformance") as progress:

        async def judge(row: Transcript) -> Verdict:
            nonlocal done
            if why := _reason_to_skip(row, options, speaks_v2=announced is not None):
                return skipped(row, why)
            async with free:
                verdict = await play(row, target, limits, _tracer(row) if options.trace else _nobody)
            done += 1
            progress.tell(f"{done} of {len(rows)} rows")
            return verdict

        async with asyncio.timeout(options.seconds):
            return await asyncio.gather(*map(judge, rows)), limits


def _is_chosen(row: Transcript, options: argparse.Namespace) -> bool:
    fits = not options.only or any(fnmatchcase(row.name, pattern) for pattern in options.only)
    return fits and options.profile in {"all", row.profile}


def _reason_to_skip(row: Transcript, options: argparse.Namespace, *, speaks_v2: bool) -> str:
    if row.profile == "v2" and not speaks_v2 and options.profile == "all":
        return "the server does not speak v2; --profile v2 demands that it does"
    if row.slow and not options.slow:
        return "takes longer than ten seconds; --slow plays it"
    if row.token and options.token is None:
        return "for servers that demand a token; --token gives one"
    if row.on_duplicate not in {None, options.on_duplicate}:
        return f"for servers with group.on_duplicate = {row.on_duplicate}; --on-duplicate says which one this is"
    return ""


def _tracer(row: Transcript) -> Witness:
    def trace(passage: Passage) -> None:
        arrow = "<" if passage.from_server else ">"
        text = passage.data.decode(errors="replace") if passage.kind == "text" else passage.data.hex()
        print(f"{row.name}  {passage.who} {arrow} {readable(text)}", file=sys.stderr)

    return trace


def _nobody(_: Passage) -> None:
    """Nobody wants to know."""


def _write(verdicts: Sequence[Verdict], limits: dict[str, float], path: str | None) -> int:
    try:
        if path:
            Path(path).write_text(as_json(verdicts, limits))
    except OSError as error:
        print(f"cannot write: {error}", file=sys.stderr)
        return FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    known = ", ".join(f"{name}={value:g}" for name, value in LIMITS.items())
    parser = argparse.ArgumentParser(
        prog="python -m gateway conformance",
        description="Play the contract's transcripts against a signaling server, and tell row by row what it keeps of it.",
        epilog=f"limits: {known}",
    )
    parser.add_argument("url", nargs="?", metavar="ws://HOST:PORT/ws", help="the server")
    parser.add_argument("--profile", choices=["v1", "v2", "all"], default="all", help="the rows of which profile (all)")
    parser.add_argument("--token", help="shown to the server with each handshake: Authorization: Bearer")
    parser.add_argument("--only", metavar="NAME", action="append", default=[], help="this row alone; * stands for anything; repeatable")
    parser.add_argument("--slow", action="store_true", help="the rows that take longer than ten seconds, too")
    parser.add_argument(
        "--limit", metavar="NAME=NUMBER", type=_limit, action="append", default=[], help="a limit of the server; repeatable"
    )
    parser.add_argument("--on-duplicate", choices=["challenge", "newest", "reject"], default="challenge", help="its choice (challenge)")
    parser.add_argument("--patience", type=_seconds, default=2.0, metavar="SECONDS", help="that an answer may take (2)")
    parser.add_argument("--seconds", type=_seconds, default=300.0, metavar="SECONDS", help="that all of it may take (300)")
    together = "rows that are played side by side (1): saves time, but on a server that keeps no groups apart they disturb each other"
    parser.add_argument("--together", type=int, choices=range(1, _MOST_TOGETHER + 1), default=1, metavar="N", help=together)
    parser.add_argument("--trace", action="store_true", help="show every message, on standard error")
    parser.add_argument("--list", action="store_true", help="tell what the rows demand, and play none")
    parser.add_argument("--json", metavar="FILE", help="write everything there, too")
    return parser


def _limit(text: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    if not equals or name not in LIMITS:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=NUMBER with one of {', '.join(LIMITS)}")
    return name, _seconds(value)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e9:  # noqa: PLR2004 - thirty years
        raise argparse.ArgumentTypeError(f"{text} is not more than zero")
    return value
