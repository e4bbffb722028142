"""How a server's own account is asked for and read."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from tests.soak.gauge import Gauge, Holding, catches, last_state

if TYPE_CHECKING:
    from tests.integration.server import Server

STATE = {"message": "state", "actors": {"PeerActor": 3, "GroupActor": 2, "Directory": 1}, "connections": 3, "mailboxes": 0}
OTHER = '{"level": "info", "message": "peer id registered twice", "group": "state"}\n'


class ToldServer:
    """Stands for a server: this very process, whose handler of SIGUSR1 writes its state down."""

    def __init__(self) -> None:
        self.process = SimpleNamespace(pid=os.getpid())
        self.written = [OTHER]

    def write(self, *_: object) -> None:
        self.written.append(json.dumps(STATE) + "\n")

    def signal(self, number: signal.Signals) -> None:
        signal.raise_signal(number)

    def lines(self, since: int) -> list[str]:
        return self.written[since:]

    def wait_for_line(self, pattern: str, since: int) -> None:
        assert last_state(self.written[since:]), "written since it was asked"

    def resident_kib(self) -> int:
        return 35_000

    def descriptors(self) -> int:
        return 10


@pytest.fixture
def told() -> Iterator[ToldServer]:
    server = ToldServer()
    before = signal.signal(signal.SIGUSR1, server.write)
    yield server
    signal.signal(signal.SIGUSR1, before)


def test_a_server_that_dumps_its_state_tells_its_actors_and_connections(told: ToldServer) -> None:
    gauge = Gauge(cast("Server", told))
    assert gauge.now() == Holding(3, 35_000, 10, 6)
    written = len(told.written)
    gauge.ask()
    assert len(told.written) == written + 1
    assert gauge.read().actors == 6


def test_the_last_state_counts_and_other_lines_do_not() -> None:
    later = {**STATE, "connections": 9}
    assert last_state([json.dumps(STATE), OTHER, json.dumps(later), OTHER]) == later
    assert last_state([OTHER, "no JSON at all\n"]) is None


def test_a_process_without_a_handler_is_known_before_the_signal_would_end_it(told: ToldServer) -> None:
    assert catches(os.getpid(), signal.SIGUSR1)
    with subprocess.Popen(["/bin/sleep", "10"]) as sleeper:
        assert not catches(sleeper.pid, signal.SIGUSR1)
        sleeper.kill()
