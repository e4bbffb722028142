"""The browser that other tests look through: what its pages say, and that nothing of it stays."""

import time
from pathlib import Path

import pytest

from tests.integration.browser import browse
from tests.integration.line import PATIENCE
from tests.parts import require_part

CHROMIUM = "chromium-headless-shell"


def running(profile: Path) -> list[str]:
    """The processes of this machine that were started with a profile."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        if f"--user-data-dir={profile}".encode() in command.split(b"\0"):
            found.append(path.parent.name)
    return found


class Mishap(Exception):
    """What may go wrong in a test."""


def test_a_test_that_fails_in_the_midst_ends_its_browser_at_once(tmp_path: Path) -> None:
    def fail() -> None:
        with browse(require_part(CHROMIUM), tmp_path / "profile") as browser:
            browser.open("about:blank")
            assert running(tmp_path / "profile")
            began.append(time.monotonic())
            raise Mishap

    began: list[float] = []
    with pytest.raises(Mishap):
        fail()
    assert time.monotonic() - began[0] < PATIENCE
    assert running(tmp_path / "profile") == []


def test_a_value_of_a_page_is_as_json_has_it_and_a_fault_of_the_page_is_one_of_the_test(tmp_path: Path) -> None:
    with browse(require_part(CHROMIUM), tmp_path / "profile") as browser:
        tab = browser.open("about:blank")
        assert tab.value("({ a: [1, null] })") == {"a": [1, None]}
        assert tab.value("undefined") is None
        tab.begin("(() => Promise.resolve())")
        assert tab.result() is None
        with pytest.raises(AssertionError, match="ReferenceError"):
            tab.value("nowhere")
