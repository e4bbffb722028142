"""Report: the table for people and the JSON for programs."""

import json
from collections import Counter
from collections.abc import Sequence

from gateway.conformance.player import Verdict
from gateway.conformance.transcript import Transcript

__all__ = ["as_json", "listing", "table"]

_WORDS = {"passed": "pass", "failed": "FAIL", "skipped": "skip"}


def table(verdicts: Sequence[Verdict]) -> str:
    """One line for each row; under it, what was seen instead of what it demands. The last line counts."""
    width = max((len(verdict.row.name) for verdict in verdicts), default=0)
    lines = []
    for verdict in verdicts:
        lines.append(f"{_WORDS[verdict.outcome]}  {verdict.row.name:<{width}}  {verdict.row.demands}")
        if verdict.outcome == "failed":
            lines.append(f"      step {verdict.step} of {len(verdict.row.steps)}: {verdict.seen}")
        elif verdict.seen:
            lines.append(f"      {verdict.seen}")
    counts = Counter(verdict.outcome for verdict in verdicts)
    lines.append(f"{len(verdicts)} rows: {counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return "\n".join(lines)


def as_json(verdicts: Sequence[Verdict], limits: dict[str, float]) -> str:
    """Everything, with the limits that were taken for the server's."""
    rows = [_described(verdict.row) | {"outcome": verdict.outcome, "step": verdict.step, "seen": verdict.seen} for verdict in verdicts]
    return json.dumps({"limits": limits, "rows": rows}, indent=1, ensure_ascii=False) + "\n"


def listing(rows: Sequence[Transcript]) -> str:
    """What each row demands, and where the contract says so."""
    width = max((len(row.name) for row in rows), default=0)
    return "\n".join(f"{row.profile}  {row.name:<{width}}  {row.demands} [{row.rule}]" for row in rows)


def _described(row: Transcript) -> dict[str, object]:
    return {"row": row.name, "profile": row.profile, "rule": row.rule, "demands": row.demands}
