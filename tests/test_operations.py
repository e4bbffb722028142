"""The page for operators says what the operator's listener does: every metric, every call, every probe, and no other."""

import re

from gateway.operator.api import ROUTES
from gateway.operator.exposition import exposed_name
from gateway.operator.metrics import METRICS, READINGS
from gateway.routes import PROBES
from tests.test_docs import PAGES, rows, section

PAGE = PAGES["docs/operations.md"]


def metrics_table() -> str:
    """Every metric: its name in Prometheus, type, label and meaning."""
    lines = ["| Metric | Type | Label | What it tells |", "|---|---|---|---|"]
    for name, metric in (METRICS | READINGS).items():
        shown = exposed_name(name) + ("_total" if metric.kind == "counter" else "")
        label = f"`{metric.label}`" if metric.label else ""
        lines.append(f"| `{shown}` | {metric.kind} | {label} | {metric.says} |")
    return "\n".join(lines)


def test_every_metric_is_in_the_table_and_no_other() -> None:
    table = metrics_table()
    assert f"\n\n{table}\n" in PAGE, f"docs/operations.md, Metrics: put this in the place of the table that is there:\n\n{table}"


def test_every_call_is_in_the_table_and_no_other() -> None:
    assert [cells[0] for cells in rows(section(PAGE, "API"))] == [f"{route.method} {route.path}" for route in ROUTES]


def test_every_probe_is_named() -> None:
    assert set(re.findall(r"`(/\w+)`", section(PAGE, "Probes"))) == set(PROBES)
