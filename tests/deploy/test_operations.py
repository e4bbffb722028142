"""What docs/operations.md says of installing, upgrading and draining: its commands, and the files that it names."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.files import DEPLOY
from tests.sources import ROOT
from tests.test_docs import PAGES, blocks, paths_named, section

PAGE = PAGES["docs/operations.md"]
UNIT = (DEPLOY / "psync-signal.service").read_text()


def commands(heading: str) -> list[list[str]]:
    return [shlex.split(line) for block in blocks(section(PAGE, heading), "sh") for line in block.splitlines()]


def test_every_file_that_is_named_exists_and_every_file_of_the_folder_is_named() -> None:
    assert [path for path in paths_named(PAGE) if not (ROOT / path).exists()] == []
    files = {f"conf/deploy/{path.name}" for path in DEPLOY.iterdir() if path.suffix != ".dockerignore"}
    assert files - paths_named(PAGE) == {"conf/deploy/psync-signal.service"}  # in a command


def test_what_is_installed_is_where_the_unit_looks_for_it_and_secrets_are_for_root_alone(tmp_path: Path) -> None:
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    installs = [words for heading in ("Install", "Upgrade") for words in commands(heading) if words[0] == "install"]
    for words in installs:
        moved = [f"{tmp_path}{word}" if word.startswith("/etc/") else word for word in words]
        subprocess.run(moved, cwd=ROOT, check=True)
        target = words[-1]
        assert (tmp_path / target.lstrip("/")).is_file()
        assert target in UNIT or re.fullmatch(r"/etc/systemd/system/psync-signal@?\.service", target)
    assert (tmp_path / "etc/psync-signal/environment").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("heading", ["Install", "Upgrade"])
def test_a_command_names_programs_and_files_that_there_are(heading: str) -> None:
    (folder,) = re.findall(r"^WorkingDirectory=(.*)$", UNIT, re.MULTILINE)
    assert f"`{folder}`" in section(PAGE, "Install")
    assert f"{folder}/.venv/bin/python" in UNIT
    for words in commands(heading):
        if words[0] == "systemctl" and words[-1] != "daemon-reload":
            assert re.fullmatch("psync-signal(@[ab])?", words[-1])
        elif words[0].endswith("/pip"):
            assert (ROOT / words[-1]).is_file()


def test_the_check_before_an_upgrade_judges_a_configuration() -> None:
    (check,) = (words for words in commands("Upgrade") if "check-config" in words)
    moved = [str(ROOT / "conf/prod.toml") if word == "/etc/psync-signal/prod.toml" else word for word in check[1:]]
    assert subprocess.run([sys.executable, *moved], cwd=ROOT, capture_output=True, check=False).returncode == 0
