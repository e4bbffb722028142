"""What the server holds: memory and descriptors by the kernel's account, connections and actors by its own."""

import json
import re
import signal
from collections.abc import Iterable
from typing import Any, NamedTuple

from tests.integration.server import Server

__all__ = ["Gauge", "Holding", "last_state"]

STATE = r'"message": "state"'


class Holding(NamedTuple):
    """At one moment. `actors` are those of all kinds."""

    connections: int
    rss_kib: int
    descriptors: int
    actors: int


class Gauge:
    """Asks a running server, whose log is JSON and which writes its state there on SIGUSR1.

    Attributes:
        counts: the sum of each of its metrics, as they were when it wrote its state last.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self.counts: dict[str, int] = {}
        self._lines = 0
        self._actors = 0

    def ask(self) -> None:
        """Have it count its actors; `read` finds the count later. Nobody waits for it, so that relays are measured meanwhile."""
        self._server.signal(signal.SIGUSR1)

    def now(self) -> Holding:
        """What it holds at this moment."""
        since = self._lines + len(self._server.lines(self._lines))
        self.ask()
        self._server.wait_for_line(STATE, since)
        return self.read()

    def read(self) -> Holding:
        """What it holds, actors as they were counted last."""
        news = self._server.lines(self._lines)
        self._lines += len(news)
        state = last_state(news)
        if state is not None:
            self._actors = sum(state["actors"].values())
            self.counts = {name: sum(values.values()) for name, values in state["counts"].items()}
        rss, descriptors = self._server.resident_kib(), self._server.descriptors()
        connections = json.loads(self._server.request("GET", "/ready").body)["connections"]
        return Holding(connections, rss, descriptors, self._actors)


def last_state(lines: Iterable[str]) -> dict[str, Any] | None:
    """The last state among lines of a JSON log, if there is one."""
    found = None
    for line in lines:
        if re.search(STATE, line):
            found = json.loads(line)
    return found
