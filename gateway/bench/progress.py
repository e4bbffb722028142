"""Progress: one line on standard error that tells whoever waits how far a run is."""

import sys
from collections.abc import Callable
from typing import Self, TextIO

__all__ = ["Progress", "Tell"]

Tell = Callable[[str], None]
"""Is told how far a run has come, about twice a second."""


class Progress:
    """A context manager: the line is wiped behind it. Where there is no terminal, one line says that a run has begun."""

    def __init__(self, name: str, stream: TextIO | None = None) -> None:
        self._name = name
        self._stream = stream or sys.stderr

    def __enter__(self) -> Self:
        if self._stream.isatty():
            self.tell("starting")
        else:
            self._stream.write(f"{self._name}\n")
            self._stream.flush()
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream.isatty():
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def tell(self, news: str) -> None:
        """Say how far it is."""
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[K{self._name}: {news}")
            self._stream.flush()
