import re
from pathlib import Path

import pytest

from gateway.bench.scenarios import SCENARIOS
from tests.bench.page import BEGIN, END, table, write
from tests.bench.rounds import COLUMNS, Figure, Standing
from tests.bench.test_counts import BOUNDS
from tests.sources import ROOT

OURS = Standing("ours", {COLUMNS[0].title: Figure(9.5, 9.0, 12.0, 1.0), COLUMNS[2].title: Figure(1234.0, 1234.0, 1234.0, None)})


def test_the_table_has_a_line_for_each_server_and_says_what_is_missing() -> None:
    lines = table([OURS, Standing("theirs", {}, ["open: 3 were lost"])], {"floor": "no C compiler here"}, ["Made by hand."]).splitlines()
    assert lines[0].startswith(f"| server | {COLUMNS[0].title}, us |")
    assert lines[2] == "| ours | 9.5 (9.0 to 12.0), x1.00 | - | 1,234 | - | - |"
    assert lines[3] == "| theirs | - | - | - | - | - |"
    assert lines[5:] == ["- Made by hand.", "- floor is left out: no C compiler here", "- theirs failed: open: 3 were lost"]


def test_a_table_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(f"above\n{BEGIN}\n\nold\n\n{END}\nbelow\n")
    write(path, "new")
    write(path, "newer")
    assert path.read_text() == f"above\n{BEGIN}\n\nnewer\n\n{END}\nbelow\n"


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{END}{BEGIN}"])
def test_a_page_without_its_markers_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "page.md"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"page\.md does not have its two markers"):
        write(path, "new")
    assert path.read_text() == text


PAGE = (ROOT / "docs" / "performance.md").read_text()


def test_the_page_tells_of_every_scenario() -> None:
    section = PAGE.partition("| Scenario |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(SCENARIOS)


def test_the_page_tells_the_bounds_that_hold() -> None:
    section = PAGE.partition("\n## Counted\n")[2].partition("\n## ")[0]
    told = [float(most.replace(",", "")) for most in re.findall(r"\| ([\d.,]+) \|$", section, re.MULTILINE)]
    assert told == [bound.most for bound in BOUNDS.values()]


def test_the_page_of_this_project_has_its_markers(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    path.write_text((ROOT / "docs" / "performance.md").read_text())
    write(path, "new")
    assert f"{BEGIN}\n\nnew\n\n{END}" in path.read_text()
