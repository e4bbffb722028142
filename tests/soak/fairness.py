"""What a connection at full speed in one group costs the relays of others: their delays in quiet and attacked times, turn by turn.

The limits are the highest that there are, so that nothing but turns and bounded queues is between the attacker and the others.
"""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from tests.integration.client import Client
from tests.integration.line import PATIENCE
from tests.integration.server import Server
from tests.soak.pairs import Pairs, percentile
from tests.sources import ROOT

__all__ = ["TARGET_MS", "Fairness", "fairness"]

TARGET_MS = 50.0
"""What an attack may add to the 99th percentile."""

SETTINGS: dict[str, object] = {
    "limits.messages_per_second": 1_000_000,
    "limits.messages_burst": 1_000_000,
    "limits.bytes_per_second": 2**30,
    "limits.bytes_burst": 2**30,
    "limits.errors": 1_000_000,
}
PAIRS = 10
RELAYS_PER_SECOND = 200
TURNS = 4
"""Quiet and attacked ones alternate: what else the machine does then weighs on both."""


class Fairness(NamedTuple):
    """Delays of the other group's relays, sorted, in seconds; and what the attacker got through."""

    quiet: list[float]
    attacked: list[float]
    attack_per_second: float

    @property
    def added_ms(self) -> float:
        return (percentile(self.attacked, 99) - percentile(self.quiet, 99)) * 1000

    def __str__(self) -> str:
        lines = [f"{'':<10}{'relays':>8}{'p50 ms':>9}{'p99 ms':>9}"]
        for name, delays in (("quiet", self.quiet), ("attacked", self.attacked)):
            p50, p99 = (percentile(delays, percent) * 1000 for percent in (50, 99))
            lines.append(f"{name:<10}{len(delays):>8}{p50:>9.2f}{p99:>9.2f}")
        verdict = "good" if self.added_ms <= TARGET_MS else "TOO MUCH"
        lines.append(
            f"{self.attack_per_second:,.0f} messages/s of the attacker add {self.added_ms:.2f} ms at p99: {verdict}, {TARGET_MS:g} allowed"
        )
        return "\n".join(lines)


def fairness(seconds: float, tell: Callable[[str], None]) -> Fairness:
    """Measure so long, half of it quiet. Raises AssertionError when a relay is lost or the server's log tells of a fault."""
    server = Server(SETTINGS)
    try:
        pairs = Pairs(RELAYS_PER_SECOND)
        pairs.join(lambda: server.connect(Client), PAIRS)
        pairs.run(time.monotonic() + 0.5)  # warm: the first relays fill caches on both sides
        pairs.take_delays()
        quiet: list[float] = []
        attacked: list[float] = []
        attack = 0
        for turn in range(1, TURNS + 1):
            pairs.run(time.monotonic() + seconds / TURNS / 2)
            quiet += pairs.take_delays()
            attack += _attack(server.port, seconds / TURNS / 2, pairs)
            attacked += pairs.take_delays()
            tell(f"turn {turn} of {TURNS}: {len(quiet)} relays in quiet times, {len(attacked)} beside {attack:,} messages of the attacker")
        pairs.settle()
        server.stop()
        server.check()
        return Fairness(sorted(quiet), sorted(attacked), attack / (seconds / 2))
    finally:
        server.kill()


def _attack(port: int, seconds: float, pairs: Pairs) -> int:
    """Have the pairs talk beside an attacker; return how many messages that one got through."""
    command = [sys.executable, "-m", "tests.soak.attacker", str(port), str(seconds)]
    attacker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert attacker.stdout is not None
        assert attacker.stdout.readline() == "attacking\n"
        pairs.run(time.monotonic() + seconds)
        said, _ = attacker.communicate(timeout=PATIENCE)
    finally:
        attacker.kill()
        attacker.wait()
    got_through = re.fullmatch(r"(\d+)\n", said)
    assert got_through, f"the attacker has failed: {said!r}"
    assert int(got_through[1]), "the attack was none"
    return int(got_through[1])
