"""The lock files name what `pyproject.toml` asks for, and nothing that a stranger's machine could not fetch or verify."""

import re
import tomllib

import pytest

from tests.sources import ROOT
from tools.setup import DEVELOPMENT, RUNTIME


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


def asked_for(lock: str) -> dict[str, str]:
    """Return the lowest version that pyproject.toml allows of each package that it names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + (project["dependency-groups"]["dev"] if lock == DEVELOPMENT else [])
    return dict(spec.partition(" ;")[0].split(">=") for spec in wanted)


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT])
def test_a_lock_has_every_package_that_pyproject_asks_for(lock: str) -> None:
    locked = pins(lock)
    stale = {name: bound for name, bound in asked_for(lock).items() if numbers(locked.get(name, "0")) < numbers(bound)}
    assert stale == {}, "run `make lock`"


def test_the_lock_of_test_holds_all_of_the_lock_of_run() -> None:
    assert pins(RUNTIME).items() <= pins(DEVELOPMENT).items()


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT])
def test_a_lock_names_no_host(lock: str) -> None:
    assert re.findall(r".*(?:://|--extra-index-url|--index-url|--find-links).*", (ROOT / lock).read_text()) == []


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT])
def test_a_lock_has_a_hash_for_every_package(lock: str) -> None:
    packages = re.split(r"^(?=\S+==)", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
    assert [package for package in packages if "--hash=sha256:" not in package] == []
