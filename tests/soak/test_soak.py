"""The soak itself: it passes a good server and not one that leaks, and its figures are there to be read."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.server import Server
from tests.soak.campaign import is_as_before
from tests.soak.gauge import Holding
from tests.soak.scripts import SCRIPTS, SETTINGS
from tests.sources import ROOT


def soak(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.soak", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def test_a_good_server_passes_a_short_soak(tmp_path: Path) -> None:
    done = soak("--minutes", "0.1", "--seed", "7", "--json", str(tmp_path / "figures.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    line = re.compile(r" s  connections +\d+  relays +\d+/s  p99 +[\d.]+ ms  RSS +[\d.]+ MiB  descriptors +\d+  actors +\d+")
    assert sum(map(bool, map(line.search, done.stdout.splitlines()))) == 20
    assert "nothing grew, nothing was lost, nothing has stayed" in done.stdout
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["faults"] == []
    assert figures["relays"] > 1000
    assert set(figures["scripts"]) == {script.__name__ for script in SCRIPTS}
    assert max(sample["connections"] for sample in figures["samples"]) > 60


def test_a_server_that_leaks_is_found() -> None:
    done = soak("--minutes", "0.1", "--seed", "7", "--server", "tests.soak.leaking")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED: rss_kib grew; descriptors grew; actors grew; something has stayed" in done.stdout


def test_a_server_that_does_not_do_its_part_is_found(group: str, serve: Callable[..., Server]) -> None:
    server = serve({**SETTINGS, "limits.peers_per_group": 1})
    command = [sys.executable, "-m", "tests.soak.crowd", str(server.port), "7", "40"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as crowd:
        assert crowd.stderr is not None
        told = crowd.stderr.read()
        assert crowd.wait(10) == 1
    assert "group_full" in told
    assert "in the script '" in told


def test_fairness_is_measured_beside_a_real_attack(tmp_path: Path) -> None:
    done = soak("--fairness", "--minutes", "0.05", "--json", str(tmp_path / "figures.json"))
    assert "attacked" in done.stdout, done.stdout + done.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    tenants = figures["tenants"]
    assert done.returncode == (figures["added_ms"] > 50 or tenants["times"] > 2)
    assert min(len(figures["quiet"]), len(figures["attacked"]), len(tenants["quiet"]), len(tenants["loud"])) > 100
    assert figures["attack_per_second"] > 1000
    assert 0 < tenants["passed"] < tenants["refused"]


@pytest.mark.parametrize(
    ("behind", "as_before"),
    [
        (Holding(0, 40_000, 7, 1), True),
        (Holding(0, 40_000, 7, 2), False),
        (Holding(0, 40_000, 8, 1), False),
        (Holding(1, 40_000, 7, 1), False),
    ],
)
def test_what_has_stayed_is_seen_to_one(behind: Holding, *, as_before: bool) -> None:
    assert is_as_before(Holding(0, 30_000, 7, 1), behind) is as_before


def test_restarts_under_load_turn_nobody_away(tmp_path: Path) -> None:
    done = soak("--restarts", "1", "--json", str(tmp_path / "figures.json"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("nobody was turned away\n")
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert list(figures["outcomes"]) == ["joined"]
