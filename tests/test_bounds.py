"""The table of bounds in `docs/architecture.md`: every limit, with the metric that its case on a real server counts."""

import re
from pathlib import Path

import pytest

from actors.reasons import CloseCode, ErrorCode
from gateway.config import Config, keys_of
from gateway.operator.metrics import METRICS
from tests.integration.test_limits import CASES
from tests.sources import ROOT

ROW = re.compile(r"^\| `(\w+)` \| (.+) \| `(\w+)(?:\{(\w+)\})?` \|$", re.MULTILINE)
LABELS = {
    "errors": {code.value for code in ErrorCode},
    "closes": {str(code.value) for code in CloseCode},
}


def bounds() -> dict[str, tuple[str, str, str]]:
    """By key: what happens, the metric and its label."""
    text = Path(ROOT, "docs/architecture.md").read_text().partition("\n## Bounds\n")[2].partition("\n## ")[0]
    return {key: (says, metric, label) for key, says, metric, label in ROW.findall(text)}


def test_every_limit_is_in_the_table_in_a_row_of_its_own() -> None:
    assert sorted(bounds()) == sorted(key.path[-1] for key in keys_of(Config) if key.path[0] == "limits")


@pytest.mark.parametrize("key", sorted(bounds()))
def test_a_row_names_a_metric_that_there_is_and_a_label_that_it_can_have(key: str) -> None:
    _, metric, label = bounds()[key]
    assert metric in METRICS
    assert bool(label) == bool(METRICS[metric].label)
    assert label in LABELS.get(metric, {label})


@pytest.mark.parametrize("key", CASES)
def test_a_row_names_the_metric_that_its_case_counts(key: str) -> None:
    _, metric, label = bounds()[key]
    assert (metric, label) == (CASES[key].metric, CASES[key].label)


@pytest.mark.parametrize("key", sorted(bounds()))
def test_a_close_that_is_counted_by_its_code_is_told_with_it(key: str) -> None:
    says, metric, label = bounds()[key]
    if metric in {"closes", "errors"} and says != "the same":
        assert label in says
