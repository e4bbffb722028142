"""Peers that listen, all in one thread, and throw away what they hear: a group is only as busy as those who read."""

import os
import selectors
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from tests.integration.line import PATIENCE, Line

__all__ = ["Audience"]


class Audience:
    """Reads these lines as fast as it can, from `with` to its end. Pings are not answered."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._reader, self._writer = os.pipe()
        self._closed = 0
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, error: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None) -> None:
        """Fail if one of them was closed."""
        os.close(self._writer)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        os.close(self._reader)
        assert error is not None or not self._closed, f"{self._closed} were closed"

    def _listen(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._reader, selectors.EVENT_READ)
            for line in self._lines:
                selector.register(line, selectors.EVENT_READ, line)
            while True:
                for key, _ in selector.select():
                    if key.data is None:
                        return
                    if not key.data.receive():
                        self._closed += 1
                        selector.unregister(key.fileobj)
