"""The fuzzer itself: it runs, gets deep, finds a fault that is there, and shows it so that it can be played again."""

import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway import announcement
from tests.fuzz import __main__ as campaign
from tests.fuzz.hunt import Kept, Tidings
from tests.fuzz.reach import reach
from tests.fuzz.targets import PLANTED, TARGETS, inputs, load
from tests.sources import ROOT

# As pyproject.toml says of atheris.
HAS_WHEEL = (
    sys.version_info < (3, 15) and sys.platform == "linux" and platform.machine() == "x86_64" and sys.implementation.name == "cpython"
)
needs_atheris = pytest.mark.skipif(not HAS_WHEEL, reason="atheris has no wheel for this Python and machine; hypothesis asks the same")


def fuzz(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fuzz", "--folder", str(folder), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


@needs_atheris
def test_a_short_campaign_finds_nothing_and_reaches_the_end_of_every_road(tmp_path: Path) -> None:
    done = fuzz(tmp_path, "--runs", "4000", "--seed", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "seed 1:" in done.stdout
    for target in TARGETS:
        assert re.search(rf"\d s +{target} +\d,\d{{3}} runs .* coverage +\d+ +corpus +\d+\n", done.stdout), done.stdout
        for one in reach(load(target), inputs(tmp_path / target / "seeds", tmp_path / target / "corpus")):
            assert one.lines - len(one.missed) >= 0.85 * one.lines, one


@needs_atheris
def test_a_planted_fault_is_found_shown_kept_and_can_be_played_again(tmp_path: Path) -> None:
    done = fuzz(tmp_path, "--runs", "60000", "--seed", "1", "--target", PLANTED)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "planted: FOUND after " in done.stdout
    assert "AssertionError" in done.stdout, "the traceback"
    again = re.search(r'play it again: make fuzz ARGS="(.+)"', done.stdout)
    assert again, done.stdout
    (found,) = (tmp_path / PLANTED / "findings").iterdir()
    assert found.read_bytes()[:32].hex() in done.stdout
    played = fuzz(tmp_path, *again[1].split())
    assert played.returncode == 1
    assert "AssertionError" in played.stderr


@pytest.mark.parametrize("target", TARGETS)
def test_every_seed_passes(target: str) -> None:
    for seed in load(target).seeds():
        load(target).check(seed)


def test_the_seeds_alone_reach_every_line_of_what_clients_are_told() -> None:
    announcement._second.cache_clear()  # noqa: SLF001 - an earlier test has filled it, and what is remembered runs no line
    told = {one.path.name: one for one in reach(load("wire"), load("wire").seeds())}
    assert told["announcement.py"].missed == []


def test_an_input_that_passes_is_said_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "frames" / "findings" / "crash"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\x00\x81\x80\x00\x00\x00\x00")
    assert campaign.main(["--play", str(path)]) == 0
    assert capsys.readouterr().out == f"frames: {path} passes\n"


def test_where_atheris_is_missing_one_sentence_says_where_it_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "atheris", None)
    assert campaign.main(["--folder", str(tmp_path)]) == 2
    assert capsys.readouterr().out == campaign.NO_ATHERIS + "\n"
    assert list(tmp_path.iterdir()) == []


def test_the_words_of_the_engine_are_understood() -> None:
    said = Tidings()
    for line in (
        "INFO: Running with entropic power schedule (0xFF, 100).",
        "#4	INITED cov: 11 ft: 12 corp: 2/9b exec/s: 0 rss: 40Mb",
        "runs 64",
        "#80	NEW    cov: 12 ft: 13 corp: 3/9b lim: 4 exec/s: 0 rss: 40Mb L: 3/4 MS: 1 Custom-",
    ):
        said.hear(line)
    assert (said.runs, said.coverage, said.corpus, said.traceback, said.finding) == (80, 12, 3, [], None)
    for line in (" === Uncaught Python exception: ===", "AssertionError: no", "==7== ERROR: libFuzzer: fuzz target exited", "SUMMARY: x"):
        said.hear(line)
    said.hear("artifact_prefix='f/'; Test unit written to f/crash-1")
    assert said.traceback[1] == "AssertionError: no"
    assert said.finding == Path("f/crash-1")


def test_what_was_kept_outlives_a_run_and_seeds_are_written_anew(tmp_path: Path) -> None:
    kept = Kept.make(tmp_path, "handshake")
    (kept.corpus / "found").touch()
    (kept.seeds / "old").touch()
    assert Kept.make(tmp_path, "handshake") == kept
    assert (kept.corpus / "found").exists()
    assert list(inputs(kept.seeds)) == list(load("handshake").seeds())


def test_lines_that_no_input_reaches_are_named() -> None:
    (one,) = reach(load("handshake"), [b"\x00POST\r\n"])
    source = (ROOT / "gateway" / "handshake.py").read_text().splitlines()
    missed = [source[line - 1].strip() for line in one.missed]
    assert 'raise RequestRefused("400 Bad Request", "no Host header")' in missed
    assert "if not _REQUEST_LINE.fullmatch(line):" not in missed
    assert str(one).startswith(f"gateway/handshake.py: {one.lines - len(missed)} of {one.lines} lines; not ")
