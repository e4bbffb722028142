"""What is wrong in the configuration, and the error that holds all of it."""

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["ConfigError", "Problem"]


class Problem(NamedTuple):
    """One thing that is wrong in the configuration.

    Attributes:
        key: dotted path, ``limits.errors``; empty when the source as a whole cannot be read.
        origin: the file, the environment variable or the flag that it came from; ``default`` when it was not given.
        what: what is wrong.
        mend: what to do about it.

    """

    key: str
    origin: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.key} ({self.origin}): {self.what}. {self.mend}" if self.key else f"{self.origin}: {self.what}. {self.mend}"


class ConfigError(Exception):
    """The configuration is not usable; `problems` holds everything that is wrong with it, in the order of the sources."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        title = "1 problem" if count == 1 else f"{count} problems"
        super().__init__("\n  ".join([f"{title} in the configuration:", *map(str, self.problems)]))
