"""Plays one row against a server, step by step, up to the first thing that is not as demanded."""

import asyncio
from collections.abc import Mapping
from typing import Literal, NamedTuple

from gateway.conformance.connection import Unmet, Witness
from gateway.conformance.exchange import exchange
from gateway.conformance.facts import Facts
from gateway.conformance.stage import Stage
from gateway.conformance.steps import Closed, Receive, Request
from gateway.conformance.target import Target
from gateway.conformance.transcript import Transcript

__all__ = ["Verdict", "play", "skipped"]

_ROW_SECONDS = 60.0
"""Seconds that a row may take in all, beside what it says that it waits."""


class Verdict(NamedTuple):
    """What came of a row. `step`: the number of the one that failed; `seen`: what the server did instead, or why the row was skipped."""

    row: Transcript
    outcome: Literal["passed", "failed", "skipped"]
    step: int = 0
    seen: str = ""


def skipped(row: Transcript, why: str) -> Verdict:
    """The verdict on a row that is not played."""
    return Verdict(row, "skipped", seen=why)


async def play(row: Transcript, target: Target, limits: Mapping[str, float], witness: Witness) -> Verdict:
    """Play a row; `witness` is told every message.

    Raises:
        OSError: the server cannot be reached.

    """
    facts = Facts(limits, target.path, target.token)
    stage = Stage(target, facts, witness)
    waits = sum(facts.seconds(step.within) for step in row.steps if isinstance(step, Receive | Closed) and step.within is not None)
    number = 0
    try:
        async with asyncio.timeout(_ROW_SECONDS + waits):
            for number, step in enumerate(row.steps, 1):  # noqa: B007 - whatever ends the loop is told with the number
                await (exchange(step, target, facts) if isinstance(step, Request) else stage.do(step))
    except Unmet as seen:
        return Verdict(row, "failed", number, str(seen))
    except TimeoutError:
        return Verdict(row, "failed", number, "it took too long")
    finally:
        await stage.clear()
    return Verdict(row, "passed")
