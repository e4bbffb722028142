"""The house rules that a linter does not know: no drawers, every module has its own test file, nothing grows without end."""

from collections.abc import Iterable
from pathlib import PurePosixPath

import pytest

from tests.sources import Source, functions, read, source

CODE = ("actors", "gateway", "psync_signal", "tools")
DRAWERS = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
MAX_FILE_LINES = 350
MAX_FUNCTION_LINES = 50

# Modules without a test file of their own.
UNMIRRORED = {
    "__init__": "holds a docstring and names",
    "__main__": "patches the standard library for the whole process; tests/integration starts it as a process of its own",
}


def drawers(sources: Iterable[Source]) -> list[str]:
    """List the modules and folders whose name says nothing of what is in them."""
    return [str(file.path) for file in sources if any(DRAWERS & set(part.split("_")) for part in file.path.with_suffix("").parts)]


def unmirrored(code: Iterable[Source], tests: Iterable[Source]) -> list[str]:
    """List the test files that have to exist, and do not."""
    there = {file.path for file in tests}
    wanted = (PurePosixPath("tests") / file.path.parent / f"test_{file.path.name}" for file in code if file.path.stem not in UNMIRRORED)
    return [str(path) for path in wanted if path not in there]


def overgrown(sources: Iterable[Source]) -> list[str]:
    """List the files and functions that are longer than one can read at a sitting."""
    found = []
    for file in sources:
        if (lines := len(file.text.splitlines())) > MAX_FILE_LINES:
            found.append(f"{file.path}: {lines} lines")
        found += [f"{file.path}: {name}: {length} lines" for name, length in functions(file.tree) if length > MAX_FUNCTION_LINES]
    return found


def test_no_module_is_a_drawer() -> None:
    faults = drawers(read(*CODE, "tests"))
    assert not faults, "\n".join(faults)


def test_every_module_has_its_own_test_file() -> None:
    faults = unmirrored(read(*CODE), read("tests"))
    assert not faults, "\n".join(faults)


def test_no_file_and_no_function_is_overgrown() -> None:
    faults = overgrown(read(*CODE, "tests"))
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("path", ["gateway/utils.py", "actors/peer_helpers.py", "gateway/common/text.py", "actors/group_manager.py"])
def test_a_drawer_is_found(path: str) -> None:
    assert drawers([source(path), source("actors/peer.py")]) == [path]


def test_a_module_without_a_test_file_is_found() -> None:
    code = [source("actors/peer.py"), source("gateway/backplane/memory.py"), source("gateway/__main__.py")]
    assert unmirrored(code, [source("tests/actors/test_peer.py")]) == ["tests/gateway/backplane/test_memory.py"]


def test_a_file_of_one_line_too_many_is_found() -> None:
    files = [source("actors/peer.py", "1\n" * MAX_FILE_LINES), source("actors/group.py", "1\n" * (MAX_FILE_LINES + 1))]
    assert overgrown(files) == ["actors/group.py: 351 lines"]


@pytest.mark.parametrize("form", ["def long():", "async def long():", "class Peer:\n  def long():", "def outer():\n  def long():"])
def test_a_function_of_one_line_too_many_is_found(form: str) -> None:
    just, over = (form + "\n   1" * (lines - 1) for lines in (MAX_FUNCTION_LINES, MAX_FUNCTION_LINES + 1))
    assert "actors/peer.py: long: 51 lines" in overgrown([source("actors/peer.py", over)])
    assert "actors/peer.py: long: 51 lines" not in overgrown([source("actors/peer.py", just)])
