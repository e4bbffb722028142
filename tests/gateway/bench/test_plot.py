import importlib.util
from pathlib import Path

import pytest

from gateway.bench.plot import draw, lack
from gateway.bench.result import Cost, Latency, Result


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_picture_is_drawn_of_runs_with_and_without_cost_and_latency(tmp_path: Path, kind: str) -> None:
    runs = [
        Result(scenario="relay", about="100 pairs", unit="relay", count=1, seconds=1, cost=Cost(4, 5), latency=Latency(1, 2, 3, 4)),
        Result(scenario="idle", about="", unit="connection"),
    ]
    path = tmp_path / f"picture.{kind}"
    draw(runs, path)
    assert path.read_bytes()[:5] == {"png": b"\x89PNG\r", "svg": b"<?xml"}[kind]


def test_a_machine_without_matplotlib_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lack() is None
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert lack() == "--plot needs matplotlib: install the extra `bench` of this project (pip install '.[bench]'), or leave --plot out"
