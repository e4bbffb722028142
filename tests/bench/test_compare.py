"""The comparison with what needs no registry: our server, the relay on the `websockets` of our own lock file, the floor where cc is."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from gateway.bench.result import Result
from tests.bench import compare
from tests.bench.compare import FULL, QUICK, Length, fetch, main, noise, plans, run
from tests.bench.dialects import Bare
from tests.bench.page import BEGIN, END
from tests.bench.rivals import OURS, RIVALS, Launch, Rival
from tests.bench.rounds import COLUMNS
from tests.bench.scratch import SERVERS, Absent, Scratch

P99 = 1 + [column.plan for column in COLUMNS].index("open")  # its place in a row of the table, which begins with a name
TINY = Length(rounds=1, seconds=0.5, connections=30)
BY_NAME = {rival.name: rival for rival in RIVALS}


def launched(program: str, port: int) -> Launch:
    return Launch([sys.executable, str(SERVERS / program), str(port)])


BY_HAND = BY_NAME["websockets relay"]._replace(launch=lambda _, port: launched("relay_websockets.py", port))


def test_ours_comes_first_and_everything_is_put_to_the_same() -> None:
    assert RIVALS[0].name == OURS
    assert {column.plan for column in COLUMNS} == set(plans(FULL))


@pytest.mark.parametrize(("length", "most"), [(FULL, 600), (QUICK, 120)])
def test_a_run_is_bounded(length: Length, most: float) -> None:
    loops = 3 * (length.seconds + plans(length)["relay 1"].warm_up)
    around = 3.0  # starting, opening the connections, ending
    assert length.rounds * len(RIVALS) * (loops + around) < most


def test_what_cannot_be_had_is_left_out_with_the_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def nowhere(_scratch: Scratch, _port: int) -> Launch:
        raise Absent("no npm here")

    monkeypatch.setattr(compare, "RIVALS", [RIVALS[0], Rival("PeerJS", "", Bare(), nowhere)])
    there, absent = fetch(Scratch(tmp_path), [OURS, "PeerJS"])
    assert [rival.name for rival in there] == [OURS]
    assert absent == {"PeerJS": "no npm here"}


def test_a_server_that_does_not_start_is_a_fault_and_the_others_go_on(tmp_path: Path) -> None:
    broken = Rival("broken", "", Bare(), lambda _scratch, _port: Launch([sys.executable, "-c", "raise SystemExit('no port')"]))
    [results] = run([broken], TINY, Scratch(tmp_path))["broken"]
    assert all("no port" in result.fault for result in results.values())


def test_the_table_is_made_in_one_run_and_put_into_its_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"{BEGIN}\n{END}\n")
    by_hand = BY_NAME["floor"]._replace(name="floor in Python", launch=lambda _, port: launched("floor.py", port))
    rivals = [RIVALS[0], BY_HAND, by_hand, *([BY_NAME["floor"]] if shutil.which("cc") else [])]
    for name, value in {"RIVALS": rivals, "QUICK": TINY, "PAGE": page, "PICTURE": tmp_path / "performance.svg"}.items():
        monkeypatch.setattr(compare, name, value)
    monkeypatch.setattr(compare, "Scratch", lambda: Scratch(tmp_path / "scratch"))
    assert main(["--quick", "--write", "--json", str(tmp_path / "a.json")]) == 0, capsys.readouterr().out
    rows = [line for line in page.read_text().splitlines() if line.startswith("| ")][1:]
    assert [row.split(" | ")[0] for row in rows] == [f"| {rival.name}" for rival in rivals]
    quiet = [[cell for at, cell in enumerate(row.strip("|").split("|")) if at != P99] for row in rows]  # a p99 hangs on what others do
    assert all(cell.strip() != "-" for row in quiet for cell in row), "a server without a figure"
    assert "Made by `make bench ARGS=--quick`" in page.read_text()
    assert [server["name"] for server in json.loads((tmp_path / "a.json").read_text())["servers"]] == [rival.name for rival in rivals]
    assert (tmp_path / "performance.svg").exists()


def test_an_interrupt_is_exit_code_130_and_no_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(compare, "Scratch", lambda: Scratch(tmp_path / "scratch"))
    monkeypatch.setattr(compare, "fetch", lambda *_: ([], {}))
    monkeypatch.setattr(compare, "run", interrupted)
    assert main([]) == 130
    assert "| server |" not in capsys.readouterr().out


def test_what_others_used_meanwhile_is_told() -> None:
    runs = [{"open": Result(scenario="open", about="", unit="relay", noise=part)} for part in (0.0, 0.1, 0.5)]
    assert noise({"ours": runs}).startswith("Others used 10% of a processor meanwhile (median of all runs; 50% at most)")
