"""One soak: a server, the pairs in this process, the crowd in another; and the figures of every second."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from tests.integration.client import Client
from tests.integration.line import PATIENCE
from tests.integration.server import Server, is_fault
from tests.soak.gauge import Gauge, Holding
from tests.soak.pairs import Pairs, percentile
from tests.soak.scripts import SETTINGS
from tests.soak.verdict import Sample
from tests.sources import ROOT

__all__ = ["Course", "is_as_before", "soak"]

BETWEEN_LOOKS = 0.25
"""Seconds: the server writes no more than some lines of one kind in a second to its log, and leaves out the rest."""

PAIRS = 20
RELAYS_PER_SECOND = 400
VISITORS = 40
COUNT_ACTORS_EVERY = 4
"""Samples of a second: the server looks at all of its objects for that, some 10 ms in which it relays nothing."""

STARVED = '"logger": "gateway.pulse"'

SETTLING_SECONDS = 2.0
"""How long a server may take to let go of what the last clients have left behind."""


class Course(NamedTuple):
    """What one soak has shown.

    Attributes:
        samples: of every second, or of shorter times in a short run.
        relays: of the pairs; all of them have arrived.
        scripts: how often the crowd played each.
        before: what the server held before the first client came.
        behind: and when the last one had gone.
        counts: the server's metrics, each as the sum over its labels.
        log_faults: lines of its log that tell of a fault in it. That it was starved is none; `counts` tells how often that was.
    """

    samples: list[Sample]
    relays: int
    scripts: dict[str, int]
    before: Holding
    behind: Holding
    counts: dict[str, int]
    log_faults: list[str]


def soak(seconds: float, seed: int, module: str, tell: Callable[[Sample], None]) -> Course:
    """Run it.

    Raises:
        AssertionError: a relay was lost or out of order, the server did not do its part in a script, or did not end in order.
    """
    server = Server(SETTINGS, module=module)
    try:
        gauge = Gauge(server)
        before = gauge.now()
        pairs = Pairs(RELAYS_PER_SECOND)
        pairs.join(lambda: server.connect(Client), PAIRS)
        crowd = _Crowd(server.port, seed)
        try:
            _gather(gauge, pairs, crowd)
            samples = _watch(gauge, pairs, seconds, tell, crowd)
            scripts = crowd.end()
        finally:
            crowd.kill()
        pairs.settle()
        server.hang_up()
        behind = _settled(gauge, before)
        server.stop()
        log_faults = [line for line in server.lines() if is_fault(line) and STARVED not in line]
        return Course(samples, pairs.said, scripts, before, behind, gauge.counts, log_faults)
    finally:
        server.kill()


def _gather(gauge: Gauge, pairs: Pairs, crowd: "_Crowd") -> None:
    """Let the crowd come; the course begins when most of it is there."""
    deadline = time.monotonic() + PATIENCE
    while gauge.read().connections < 2 * PAIRS + 0.8 * VISITORS:
        assert time.monotonic() < deadline, f"the crowd is not there within {PATIENCE} s"
        crowd.check()
        pairs.run(time.monotonic() + 0.1)
    pairs.take_delays()


def _watch(gauge: Gauge, pairs: Pairs, seconds: float, tell: Callable[[Sample], None], crowd: "_Crowd") -> list[Sample]:
    samples: list[Sample] = []
    interval = min(1.0, seconds / 20)
    began = time.monotonic()
    while (elapsed := len(samples) * interval) < seconds:
        said = pairs.said
        if len(samples) % COUNT_ACTORS_EVERY == 0 or interval < 1:
            gauge.ask()
        pairs.run(began + elapsed + interval)
        delays = pairs.take_delays()
        holding = gauge.read()
        relays = (pairs.said - said) / interval
        p99_ms = percentile(delays, 99) * 1000
        samples.append(Sample(elapsed + interval, holding.connections, relays, p99_ms, *holding[1:]))
        tell(samples[-1])
        crowd.check()
    return samples


def _settled(gauge: Gauge, before: Holding) -> Holding:
    """What the server holds once it has let go of its clients; when it does not, what it holds in the end."""
    deadline = time.monotonic() + SETTLING_SECONDS
    behind = gauge.now()
    while not is_as_before(before, behind) and time.monotonic() < deadline:
        time.sleep(BETWEEN_LOOKS)
        behind = gauge.now()
    return behind


def is_as_before(before: Holding, behind: Holding) -> bool:
    """Whether nothing has stayed; memory is for the trend to judge."""
    return (before.connections, before.descriptors, before.actors) == (behind.connections, behind.descriptors, behind.actors)


class _Crowd:
    """The crowd's process."""

    def __init__(self, port: int, seed: int) -> None:
        command = [sys.executable, "-m", "tests.soak.crowd", str(port), str(seed), str(VISITORS)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def check(self) -> None:
        """Fail when it has given up."""
        if self._process.poll() is not None:
            self.end()

    def end(self) -> dict[str, int]:
        """Send it home; return how often each script was played."""
        said, told = self._process.communicate(timeout=PATIENCE)
        assert self._process.returncode == 0, f"the crowd has met something that must not be:\n{told}"
        played: dict[str, int] = json.loads(said)
        return played

    def kill(self) -> None:
        """Leave nothing behind."""
        self._process.kill()
        self._process.communicate()
