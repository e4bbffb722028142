"""Report: the table for people and the JSON for programs."""

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from gateway.bench.result import NOISY, Result

__all__ = ["as_json", "machine", "table"]

_HEADS = ("scenario", "rate/s", "server us", "user", "system", "p50 us", "p99 us", "p99.9 us", "bytes/conn", "server", "generator")


def machine() -> dict[str, str]:
    """What the figures hang on, and no name of the host."""
    model = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return {"cpu": model, "kernel": f"{platform.system()} {platform.release()}", "python": platform.python_version()}


def table(results: Sequence[Result]) -> str:
    """One line for each run, under it what its numbers were; costs are of one unit (a relay, a delivery, a connection, a peer_joined)."""
    rows = [_HEADS, *(_row(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    lines = []
    for row, result in zip(rows, [None, *results], strict=True):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells) + (f"  {result.about}" if result else "  what"))
    notes = [f"{result.scenario}: {note}" for result in results for note in _notes(result)]
    return "\n".join([*lines, *notes])


def as_json(results: Sequence[Result]) -> str:
    """Everything, with the machine."""
    runs: list[dict[str, Any]] = [msgspec.to_builtins(result) | {"rate": result.rate} for result in results]
    return json.dumps({"machine": machine(), "runs": runs}, indent=1) + "\n"


def _row(result: Result) -> tuple[str, ...]:
    cost, latency = result.cost, result.latency
    return (
        f"{result.scenario} ({result.unit})",
        f"{result.rate:,.0f}",
        *((f"{part:.2f}" for part in (cost.total, cost.user, cost.system)) if cost else "---"),
        *((f"{part:,.0f}" for part in (latency.p50, latency.p99, latency.p999)) if latency else "---"),
        "-" if result.connection_bytes is None else f"{result.connection_bytes:,}",
        "-" if result.server_busy is None else f"{result.server_busy:.0%}",
        f"{result.generator_busy:.0%}",
    )


def _notes(result: Result) -> list[str]:
    notes = []
    if result.fault:
        notes.append(f"FAILED: {result.fault}")
    elif result.generator_was_the_limit:
        notes.append("the generator was the limit: the rate is its own; the server's CPU for each is what it is")
    if result.noise is not None and result.noise > NOISY:
        notes.append(f"others used {result.noise:.0%} of a processor meanwhile: rates and latencies suffer most, CPU for each the least")
    return notes
