"""`make` is the one door for people and for CI: these hold its few lines to what they promise."""

import importlib.util
import os
import re
import shutil
import subprocess

import pytest

from tests.sources import ROOT
from tools.setup import LOCK_OF, MODULE_OF

# What a `make test` that may be running this test hands down to another make.
HANDED_DOWN = {"ARGS", "PYTHON", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"}


def dry_run(*arguments: str) -> str:
    environ = {name: value for name, value in os.environ.items() if name not in HANDED_DOWN}
    command = [shutil.which("make") or "make", "-n", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("command", LOCK_OF)
def test_a_command_of_setup_is_a_target_that_passes_arguments_on(command: str) -> None:
    assert dry_run(command, 'ARGS=-k "foo or bar"', "PYTHON=python3.12") == f'python3.12 tools/setup.py {command} -- -k "foo or bar"'


@pytest.mark.parametrize("command", sorted(set(LOCK_OF) - {"check"}))
def test_a_command_that_becomes_a_module_has_one(command: str) -> None:
    assert importlib.util.find_spec(MODULE_OF[command][0]) is not None


def test_make_alone_tells_the_targets_and_changes_nothing() -> None:
    told = re.findall(r"make (\w+)", dry_run())
    assert set(told) >= set(LOCK_OF)
    assert all(line.startswith("echo ") for line in dry_run().splitlines())


def test_ci_runs_the_targets_that_people_run_and_skips_nothing() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert re.findall(r"^(?:set|export|make) .*", script, re.MULTILINE) == [
        "set -euo pipefail",
        "export CI=true # a missing part fails its test, whatever PSYNC_ALLOW_MISSING says",
        "make check",
        "make test",
    ]
