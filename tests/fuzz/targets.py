"""The targets by name, and what each of them is made of."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

from tests.fuzz.mutation import Havoc, Random

__all__ = ["PLANTED", "TARGETS", "Target", "inputs", "load"]

TARGETS = ("frames", "wire", "handshake", "proxies", "tokens")
PLANTED = "planted"
"""A target with a fault, which is run only when it is named: it shows what a finding looks like, and that one is found."""


class Target(Protocol):
    """A module `tests/fuzz/<name>.py`."""

    MODULES: tuple[str, ...]
    """What is fuzzed: the modules whose lines an end report counts."""

    def check(self, data: bytes) -> None:
        """Fail unless all that should hold for this input does."""

    def mutate(self, data: bytes, size: int, random: Random, havoc: Havoc) -> bytes:
        """Change an input; what comes out has at most `size` bytes."""

    def seeds(self) -> Iterator[bytes]:
        """Inputs to begin with."""


def load(name: str) -> Target:
    """Import a target; not before it is asked for, so that the engine can instrument what it imports."""
    return cast("Target", importlib.import_module(f"tests.fuzz.{name}"))


def inputs(*folders: Path) -> Iterator[bytes]:
    """The inputs that are kept in some folders, always in the same order."""
    for folder in folders:
        for path in sorted(folder.iterdir()):
            yield path.read_bytes()
