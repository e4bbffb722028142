"""What a tenant at ten times its rate costs another tenant: the delays of that one's relays in quiet and in loud times, turn by turn."""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.integration.client import Client
from tests.integration.line import PATIENCE
from tests.integration.server import Server
from tests.integration.tenancy import Tenancy
from tests.soak.pairs import Pairs, percentile
from tests.sources import ROOT

__all__ = ["TARGET", "Neighbours", "neighbours"]

TARGET = 2.0
"""How many times its quiet value the 99th percentile may be in loud times."""

RATE = 200
"""Messages a second that the loud tenant may send; it sends ten times as many."""

LOUD = f"""[limits]
tenant_messages_per_second = {RATE}.0
tenant_messages_burst = {RATE}
messages_per_second = 1_000_000.0
messages_burst = 1_000_000
"""
PAIRS = 10
RELAYS_PER_SECOND = 200
TURNS = 4


class Neighbours(NamedTuple):
    """Delays of the quiet tenant's relays, sorted, in seconds; and how many messages of the loud one passed and were refused."""

    quiet: list[float]
    loud: list[float]
    passed: int
    refused: int

    @property
    def times(self) -> float:
        """How many times its quiet value the 99th percentile was in loud times."""
        return percentile(self.loud, 99) / percentile(self.quiet, 99)

    def __str__(self) -> str:
        lines = [f"{'neighbour':<10}{'relays':>8}{'p50 ms':>9}{'p99 ms':>9}"]
        for name, delays in (("quiet", self.quiet), ("loud", self.loud)):
            p50, p99 = (percentile(delays, percent) * 1000 for percent in (50, 99))
            lines.append(f"{name:<10}{len(delays):>8}{p50:>9.2f}{p99:>9.2f}")
        verdict = "good" if self.times <= TARGET else "TOO MUCH"
        said = f"{self.passed:,} messages of the loud tenant passed and {self.refused:,} were refused"
        lines.append(f"{said}; p99 beside it is {self.times:.2f} times the quiet one: {verdict}, {TARGET:g} allowed")
        return "\n".join(lines)


def neighbours(seconds: float, tell: Callable[[str], None]) -> Neighbours:
    """Measure so long, half of it quiet. Raises AssertionError when a relay is lost or the server's log tells of a fault."""
    with tempfile.TemporaryDirectory() as folder:
        tenancy = Tenancy(Path(folder, "tenants"))
        server = Server(tenancy.settings(loud=LOUD, quiet=""))
        try:
            found = _measure(server, tenancy, seconds, tell)
            server.stop()
            server.check()
        finally:
            server.kill()
    return found


def _measure(server: Server, tenancy: Tenancy, seconds: float, tell: Callable[[str], None]) -> Neighbours:
    pairs = Pairs(RELAYS_PER_SECOND)
    pairs.join(lambda: server.connect(Client, tenancy.path("quiet")), PAIRS)
    pairs.run(time.monotonic() + 0.5)  # warm: the first relays fill caches on both sides
    pairs.take_delays()
    found = Neighbours([], [], 0, 0)
    for turn in range(1, TURNS + 1):
        pairs.run(time.monotonic() + seconds / TURNS / 2)
        quiet = found.quiet + pairs.take_delays()
        passed, refused = _be_loud(server.port, tenancy.path("loud"), seconds / TURNS / 2, pairs)
        found = Neighbours(quiet, found.loud + pairs.take_delays(), found.passed + passed, found.refused + refused)
        tell(f"turn {turn} of {TURNS}: {len(found.quiet)} relays in quiet times, {len(found.loud)} beside the loud tenant")
    pairs.settle()
    return found._replace(quiet=sorted(found.quiet), loud=sorted(found.loud))


def _be_loud(port: int, path: str, seconds: float, pairs: Pairs) -> tuple[int, int]:
    """Have the pairs talk beside the loud tenant; return how many of its messages passed and how many were refused."""
    command = [sys.executable, "-m", "tests.soak.loud_tenant", str(port), path, str(10 * RATE), str(seconds)]
    loud = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert loud.stdout is not None
        assert loud.stdout.readline() == "loud\n"
        pairs.run(time.monotonic() + seconds)
        said, _ = loud.communicate(timeout=PATIENCE)
    finally:
        loud.kill()
        loud.wait()
    counts = re.fullmatch(r"(\d+) (\d+)\n", said)
    assert counts, f"the loud tenant has failed: {said!r}"
    passed, refused = map(int, counts.groups())
    assert refused > passed, "the tenant was not loud"
    return passed, refused
