"""The measure of what consoles cost: that they look, and that what is told is of them."""

import re

import pytest

from tests.bench.console import main


def test_consoles_look_and_what_they_cost_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--connections", "20", "--seconds", "1.5"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split("  ") == ["consoles", "of a processor", "looks a second", "kB a second"]
    told = [re.fullmatch(r" +(\d) +([\d.]+)% +([\d.]+) +([\d.]+)", row) for row in rows]
    assert all(told)
    consoles, _, looks, size = zip(*(map(float, match.groups()) for match in told if match), strict=True)
    assert consoles == (0, 1, 4)
    assert looks[0] == size[0] == 0
    assert looks[1] > 0
    assert looks[2] > looks[1]
    assert size[2] > size[1] > 0
