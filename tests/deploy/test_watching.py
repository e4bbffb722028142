"""prometheus.yml, alerts.yml, grafana.json: Prometheus's own judge reads them, and every metric in them is one that the server has."""

import itertools
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from gateway.config import load
from tests.deploy.files import DEPLOY
from tests.integration.server import Server
from tests.parts import require_part
from tests.sources import ROOT

RULES: list[dict[str, Any]] = [rule for group in yaml.safe_load((DEPLOY / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
PANELS: list[dict[str, Any]] = json.loads((DEPLOY / "grafana.json").read_text())["panels"]
SHOWN = [target["expr"] for panel in PANELS for target in panel["targets"]]
SERIES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def promtool(*arguments: object) -> str:
    """What Prometheus's judge says."""
    command = [str(require_part("promtool")), *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_prometheus_takes_its_configuration_and_the_rules_that_it_names() -> None:
    assert f"{len(RULES)} rules found" in promtool("check", "config", "--syntax-only", DEPLOY / "prometheus.yml") + promtool(
        "check", "rules", DEPLOY / "alerts.yml"
    )
    assert yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["rule_files"] == ["alerts.yml"]


def test_each_alert_fires_in_its_trouble_and_none_for_a_healthy_server_or_a_restart(tmp_path: Path) -> None:
    cases = (Path(__file__).parent / "alerts_test.yml").read_text()
    assert {rule["alert"] for rule in RULES} == set(re.findall(r"alertname: (\w+),", cases)) == set(re.findall(r'alertname="(\w+)"', cases))
    (tmp_path / "cases.yml").write_text(cases.replace("[ALERTS]", f"[{DEPLOY / 'alerts.yml'}]"))
    assert "SUCCESS" in promtool("test", "rules", tmp_path / "cases.yml")


def test_each_alert_says_how_bad_it_is_and_what_to_do() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert set(rule["annotations"]) == {"summary", "runbook"}


def test_a_drain_is_given_its_time_before_it_is_called_one_that_hangs() -> None:
    (rule,) = (rule for rule in RULES if rule["alert"] == "SignalDrainHangs")
    minutes = int(rule["for"].removesuffix("m"))
    assert 60 * minutes > load(ROOT / "conf" / "prod.toml", {}, {}).drain.timeout


def test_every_expression_of_the_dashboard_can_be_parsed(tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": expr.replace("$__rate_interval", "5m").replace("$instance", ".*")}
        for number, expr in enumerate(SHOWN)
    ]
    (tmp_path / "shown.yml").write_text(yaml.safe_dump({"groups": [{"name": "shown", "rules": rules}]}))
    assert f"{len(rules)} rules found" in promtool("check", "rules", tmp_path / "shown.yml")


def named(expressions: list[str]) -> set[str]:
    return set(re.findall(r"\b(?:psync_signal|process)_\w+", " ".join(expressions)))


def series_of(page: str) -> Iterator[str]:
    """Every name that the server's page may have a sample of."""
    for family in text_string_to_metric_families(page):
        yield from (family.name + ending for ending in SERIES[family.type])


@pytest.mark.parametrize("expressions", [[rule["expr"] for rule in RULES], SHOWN], ids=["alerts", "dashboard"])
def test_every_metric_is_one_that_the_server_has(serve: Callable[..., Server], expressions: list[str]) -> None:
    there = set(series_of(serve({"operator.listen": "127.0.0.1:0"}).operate("GET", "/metrics").body))
    assert named(expressions)
    assert named(expressions) - there == set()


def test_every_panel_of_the_dashboard_has_a_place_of_its_own_and_says_what_it_shows() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        place = panel["gridPos"]
        cells = set(itertools.product(range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])))
        assert cells
        assert not cells & taken
        assert place["x"] + place["w"] <= 24  # the width of Grafana's grid
        taken |= cells
        assert panel["title"]
        assert panel["description"]
        assert panel["targets"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
