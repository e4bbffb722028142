"""A steady stream of newcomers to one address: each connects, registers, is told who is there, and goes."""

import itertools
import json
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Self

from tests.integration.line import CLOSE, PATIENCE, TEXT, Line, frame, parse_close

__all__ = ["JOINED", "Newcomers"]

JOINED = "joined"
"""The outcome of one who got what it came for. Another is the status of an HTTP answer, the code of a close frame, or how TCP ended it."""


class Newcomers:
    """They come while this is entered, `rate` in a second, from a thread of their own.

    Attributes:
        outcomes: how many had which.
    """

    def __init__(self, port: int, rate: float) -> None:
        self.outcomes: Counter[str] = Counter()
        self._address = ("127.0.0.1", port)
        self._interval = 1 / rate
        self._enough = threading.Event()
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._come)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._enough.set()
        self._thread.join()

    def wait_for(self, more: int) -> None:
        """Wait until so many more have come, and gone."""
        with self._news:
            wanted = self.outcomes.total() + more
            assert self._news.wait_for(lambda: self.outcomes.total() >= wanted, 3 * PATIENCE), f"{self.outcomes}, of {wanted}"

    def _come(self) -> None:
        begun = time.monotonic()
        for number in itertools.count(1):
            outcome = self._outcome(f"newcomer {number}")
            with self._news:
                self.outcomes[outcome] += 1
                self._news.notify_all()
            # By the timetable: one that was held up is made up for.
            if self._enough.wait(max(0.0, begun + number * self._interval - time.monotonic())):
                return

    def _outcome(self, name: str) -> str:
        register = {"type": "register", "payload": {"peer_id": name, "group_id": name}}
        try:
            line = Line(self._address)
        except OSError as error:
            return f"cannot connect: {error}"
        try:
            line.request(behind=frame(TEXT, json.dumps(register).encode()))
            status = line.head().status
            if status != 101:
                return str(status)
            opcode, payload = line.frame()
            return str(parse_close(payload).code) if opcode == CLOSE else JOINED
        except (OSError, AssertionError) as error:  # AssertionError: the end of TCP where an answer has to be
            return f"cut: {error}"
        finally:
            line.close()
