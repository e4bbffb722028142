"""The commands that the pages show: what stands in their fenced blocks of shell."""

import re
from typing import NamedTuple

from tests.test_docs import PAGES

__all__ = ["Command", "commands", "unknown_shells"]

OTHERS = {"console", "shell", "shell-session", "zsh", "fish", "sh-session"}
"""Marks that other people use for blocks of commands. Here `sh` has a command in each line, and `bash` is a script as a whole."""

_BLOCK = re.compile(r"^```(.*)\n((?s:.*?))^```$", re.MULTILINE)


class Command(NamedTuple):
    """One command, as it is shown, and the page that shows it first."""

    page: str
    text: str


def commands() -> list[Command]:
    """All of them, each once."""
    found: dict[str, Command] = {}
    for page, text in PAGES.items():
        for mark, block in _BLOCK.findall(text):
            for command in _commands(mark, block):
                found.setdefault(command, Command(page, command))
    return list(found.values())


def _commands(mark: str, block: str) -> list[str]:
    if mark == "bash":
        return [block]
    lines = block.splitlines() if mark == "sh" else []
    return [line.partition("  # ")[0].strip() for line in lines if line.strip() and not line.startswith(("{", "#"))]


def unknown_shells() -> list[str]:
    """Pages with a block that is marked as commands in a way that nobody here reads."""
    return [page for page, text in PAGES.items() for mark, _ in _BLOCK.findall(text) if mark.split(" ")[0] in OTHERS]
