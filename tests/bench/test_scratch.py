import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.bench.scratch import NODE, PYTHON, SERVERS, Absent, Scratch


class Shell:
    """Notes what would be run, and does what a registry does."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.ran: list[list[str]] = []
        self._fault = fault

    def __call__(self, command: list[str], **_options: object) -> None:
        self.ran.append(command)
        if self._fault:
            raise self._fault


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Shell:
    shell = Shell()
    monkeypatch.setattr(subprocess, "run", shell)
    monkeypatch.setattr(shutil, "which", lambda command: f"/usr/bin/{command}")
    return shell


def test_npm_brings_pinned_versions_and_runs_no_script_of_theirs(shell: Shell, tmp_path: Path) -> None:
    assert Scratch(tmp_path).node_modules("ws") == tmp_path / "node_modules"
    [command] = shell.ran
    assert {"--ignore-scripts", "--no-package-lock", *(f"{name}@{version}" for name, version in NODE.items())} <= set(command)


def test_what_is_there_in_that_version_is_not_fetched_again(shell: Shell, tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "ws" / "package.json"
    package.parent.mkdir(parents=True)
    package.write_text(json.dumps({"version": NODE["ws"]}))
    Scratch(tmp_path).node_modules("ws")
    assert shell.ran == []
    package.write_text(json.dumps({"version": "1.0.0"}))
    Scratch(tmp_path).node_modules("ws")
    assert len(shell.ran) == 1


def test_pip_brings_wheels_in_pinned_versions_into_the_folder(shell: Shell, tmp_path: Path) -> None:
    Scratch(tmp_path).python_path("uvloop")
    [command] = shell.ran
    assert command[-1] == f"uvloop=={PYTHON['uvloop']}"
    assert command[command.index("--target") + 1] == str(tmp_path / "python")


@pytest.mark.parametrize(("missing", "says"), [("npm", "no npm here"), ("node", "no node here"), ("cc", "no C compiler here")])
def test_a_program_that_is_not_there_is_a_sentence(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, missing: str, says: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda command: None if command == missing else command)
    with pytest.raises(Absent, match=says):
        (Scratch(tmp_path).compiled if missing == "cc" else lambda _: Scratch(tmp_path).node_modules("ws"))(SERVERS / "floor.c")


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (subprocess.CalledProcessError(1, "npm", stderr="npm: no network\n"), "npm could not bring it: npm: no network"),
        (subprocess.TimeoutExpired("npm", 300), "npm could not bring it: .*timed out"),
    ],
)
def test_a_registry_that_cannot_be_reached_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: Exception, says: str
) -> None:
    monkeypatch.setattr(subprocess, "run", Shell(fault))
    monkeypatch.setattr(shutil, "which", lambda command: command)
    with pytest.raises(Absent, match=says):
        Scratch(tmp_path).node_modules("ws")
