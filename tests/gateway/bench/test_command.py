"""The command line of the load generator, in this process against stand-ins and once whole, as people run it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.bench.command import main
from gateway.bench.result import Cost, Latency, Result
from gateway.bench.scenarios import SCENARIOS
from tests.gateway.bench.crooked import Nth, altered, crooked
from tests.sources import ROOT

SMALL = ["--pairs", "2", "--members", "4", "--connections", "10", "--rate", "100", "--seconds", "1", "--size", "300", "--window", "1"]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    return capsys.readouterr().err


def test_a_running_server_is_measured_and_everything_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with crooked() as target:
        url, pid = f"ws://127.0.0.1:{target.address.port}", str(os.getpid())
        files = ["--json", str(tmp_path / "a.json"), "--plot", str(tmp_path / "a.png")]
        assert main(["relay", "idle", "--url", url, "--pid", pid, *SMALL, *files]) == 0
    shown = capsys.readouterr()
    assert [line.split()[0] for line in shown.out.splitlines()[:3]] == ["scenario", "relay", "idle"]
    assert shown.err == "relay\nidle\n"
    runs = json.loads((tmp_path / "a.json").read_text())["runs"]
    assert [run["scenario"] for run in runs] == ["relay", "idle"]
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_what_was_altered_is_told_and_is_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    with crooked(Nth("offer", 2, altered)) as target:
        assert main(["relay", "--url", f"ws://127.0.0.1:{target.address.port}", *SMALL]) == 1
    assert re.search(r"relay: FAILED: number \d from pair-\d-a was lost, altered", capsys.readouterr().out)


def test_a_server_that_is_not_there_is_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    with crooked() as target:
        port = target.address.port
    assert main(["relay", "--url", f"ws://127.0.0.1:{port}", *SMALL]) == 1
    assert "cannot measure:" in capsys.readouterr().err


@pytest.mark.parametrize("flags", [["--json", "/nowhere/a.json"], ["--plot", "a.unknown"]])
def test_a_file_that_cannot_be_written_is_told_below_the_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, flags: list[str]
) -> None:
    run = Result(scenario="relay", about="", unit="relay", cost=Cost(1, 2), latency=Latency(1, 2, 3, 4))
    monkeypatch.setattr("gateway.bench.command.measure", lambda *_: run)
    assert main(flags) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith("scenario")
    assert shown.err.startswith("cannot write: ")


def test_an_interrupt_is_exit_code_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(SCENARIOS, "relay", SCENARIOS["relay"]._replace(run=interrupted))  # type: ignore[arg-type] # it returns nothing
    with crooked() as target:
        assert main(["relay", "--url", f"ws://127.0.0.1:{target.address.port}"]) == 130


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["wrong"], "'wrong' is none of relay, open"),
        (["--pairs", "5001"], "5001 is not from 2 to 5,000"),
        (["--window", "1", "65"], "65 is not from 1 to 64"),
        (["--seconds", "0"], "0 is not from 1 to 60"),
        (["--url", "ws://192.0.2.1:80"], "192.0.2.1 is not on loopback"),
    ],
)
def test_a_wrong_command_line_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    assert says in refused(capsys, *arguments)


def test_a_plot_without_matplotlib_is_refused_before_anything_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.bench.plot.lack", lambda: "--plot needs matplotlib")
    assert "--plot needs matplotlib" in refused(capsys, "--plot", "a.png")


def test_a_load_over_the_network_is_announced(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.bench.command.plans", lambda *_: [])
    assert main(["--url", "ws://192.0.2.1:80", "--remote"]) == 0
    assert "loading 192.0.2.1:80 over the network, because --remote says so" in capsys.readouterr().err


def test_every_scenario_runs_against_a_server_of_our_own(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    command = [sys.executable, "-m", "gateway", "bench", *SMALL, "--json", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    runs = json.loads(path.read_text())["runs"]
    assert [run["scenario"] for run in runs] == list(SCENARIOS)
    assert all(run["count"] > 0 and sum(run["cost"].values()) > 0 for run in runs)
