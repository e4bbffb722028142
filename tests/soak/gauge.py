"""What the server holds: memory and descriptors by the kernel's account, actors and connections by its own."""

import json
import re
import signal
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.integration.server import Server

__all__ = ["Gauge", "Holding", "last_state"]

STATE = r'"message": "state"'


class Holding(NamedTuple):
    """At one moment. `actors` are those of all kinds; None where the server does not tell."""

    connections: int
    rss_kib: int
    descriptors: int
    actors: int | None


class Gauge:
    """Asks a running server. A server that dumps its state on SIGUSR1 is asked so; of another one only the connections are known."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._dumps = catches(server.process.pid, signal.SIGUSR1)
        self._lines = 0
        self._state: Mapping[str, Any] | None = None

    def ask(self) -> None:
        """Have it write down its state; `read` finds it later. Nobody waits for it, so that relays are measured meanwhile."""
        if self._dumps:
            self._server.signal(signal.SIGUSR1)

    def now(self) -> Holding:
        """What it holds at this moment."""
        since = self._lines + len(self._server.lines(self._lines))
        self.ask()
        if self._dumps:
            self._server.wait_for_line(STATE, since)
        return self.read()

    def read(self) -> Holding:
        """What it holds; actors and connections as of the last state that it has written."""
        news = self._server.lines(self._lines)
        self._lines += len(news)
        self._state = last_state(news) or self._state
        rss, descriptors = self._server.resident_kib(), self._server.descriptors()
        if self._state is None:
            connections = json.loads(self._server.request("GET", "/ready").body)["connections"]
            return Holding(connections, rss, descriptors, None)
        return Holding(self._state["connections"], rss, descriptors, sum(self._state["actors"].values()))


def last_state(lines: Iterable[str]) -> dict[str, Any] | None:
    """The last state among lines of a JSON log, if there is one."""
    found = None
    for line in lines:
        if re.search(STATE, line):
            found = json.loads(line)
    return found


def catches(process: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal, which else might end it."""
    status = Path(f"/proc/{process}/status").read_text()
    return bool(int(status.partition("SigCgt:")[2].split()[0], 16) >> (number - 1) & 1)
