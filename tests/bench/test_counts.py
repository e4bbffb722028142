"""What a relay and a connection cost, counted and not timed: it comes out the same on a slow machine and on a busy one.

A change for the worse of a tenth or so fails here; who means it raises the bound in BOUNDS, with the reason. The figures are printed:
`make test ARGS="tests/bench/test_counts.py -rP"`.
"""

import gc
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import pytest

from gateway.bench.arrivals import idle
from gateway.bench.connection import Address
from gateway.bench.dialect import Signal
from gateway.bench.frames import TEXT, client_frame
from gateway.bench.plan import Plan
from gateway.bench.target import OWN_SETTINGS, Target
from gateway.bench.template import sdp
from tests.bench.inside import Inside, NumberedSocket
from tests.integration.client import Client
from tests.integration.conftest import serve  # noqa: F401 - a fixture
from tests.integration.line import PATIENCE
from tests.integration.server import Server
from tests.parts import require_part
from tests.sources import ROOT


class Bound(NamedTuple):
    """The most that is allowed, and why it is what it is."""

    most: float
    why: str


BOUNDS = {
    "system calls, 1 in flight": Bound(4.1, "epoll_wait, recv, send, and libev's getpid, which looks for a fork; the tenth is for timers"),
    "system calls, 16 in flight": Bound(0.27, "4 in 16 relays, and now and then a burst that comes in two pieces"),
    "calls, 1 in flight": Bound(88, "85 on Python 3.11, its C functions included"),
    "calls, 16 in flight": Bound(55, "54.6 on Python 3.11: three actors, the outbox and the loop have their turns once for 16 relays"),
    "blocks that stay": Bound(0.01, "none: what one relay takes, it gives back; ten of a thousand may be caches that fill"),
    "bytes for an idle connection": Bound(3_550, "3,430 to 3,520: connection, outbox, actor, timer, and a tenth of a group"),
}

RELAYS = 1_024  # of each count; a multiple of 16
SIGNAL = Signal()
OFFER = client_frame(TEXT, SIGNAL.relay("offer", "b", sdp(1_200)))
SERVER_CODE = tuple(str(ROOT / package) for package in ("actors", "gateway"))


def judge(what: str, figure: float) -> None:
    """Print a figure, and hold it to its bound."""
    bound = BOUNDS[what]
    print(f"{what}: {figure:,.3f} for each (at most {bound.most:,}: {bound.why})")
    assert figure <= bound.most, f"{what}: {figure:,.3f} for each, more than {bound.most:,} ({bound.why})"


def hello(peer: str) -> bytes:
    return b"".join(client_frame(TEXT, message) for message in SIGNAL.hello(peer, "g"))


# --- System calls ---


@contextmanager
def traced(pid: int, table: Path) -> Iterator[None]:
    """Count the system calls of a process while the block runs; `table` is what strace makes of it."""
    strace = require_part("strace")
    command = [str(strace), "-f", "-c", "-o", str(table), "-p", str(pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        if "attached" not in first:
            pytest.fail(f"strace may not look at another process here (a container needs the capability SYS_PTRACE): {first.strip()}")
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)


def calls(table: Path) -> dict[str, int]:
    """How often each call was made, by name."""
    rows = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+)(?: +\d+)? +(\w+)$", table.read_text(), re.MULTILINE)
    counts = {name: int(count) for count, name in rows}
    assert counts.pop("total") == sum(counts.values())
    return counts


@pytest.mark.parametrize("window", [1, 16])
def test_a_relay_makes_no_more_system_calls_than_it_needs(
    serve: Callable[..., Server],  # noqa: F811 - the fixture
    tmp_path: Path,
    window: int,
) -> None:
    server = serve(OWN_SETTINGS)
    sender, receiver = (server.connect(Client) for _ in "ab")
    sender.register("a", "g")
    receiver.register("b", "g")
    sender.hear("peer_joined")
    with traced(server.process.pid, tmp_path / "table"):
        for _ in range(RELAYS // window):
            sender.line.send(OFFER * window)
            for _ in range(window):
                receiver.line.frame()
    counts = calls(tmp_path / "table")
    print(counts)
    judge(f"system calls, {window} in flight", sum(counts.values()) / RELAYS)


# --- Python ---


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> Inside:
    return Inside(monkeypatch)


@pytest.fixture
def pair(inside: Inside) -> tuple[NumberedSocket, NumberedSocket]:
    """Two peers of one group that have talked enough for every cache to be full."""
    sender, receiver = inside.open(hello("a")), inside.open(hello("b"))
    for _ in range(100):
        inside.comes(sender, OFFER)
        receiver.sends.clear()
    return sender, receiver


class Counter:
    """Counts the calls that the server's code makes: of its own functions, and of those in C. What stands in for sockets is left out."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        if event in {"call", "c_call"} and frame.f_code.co_filename.startswith(SERVER_CODE):
            self.count += 1


@pytest.mark.parametrize("window", [1, 16])
def test_a_relay_makes_no_more_calls_than_it_did(inside: Inside, pair: tuple[NumberedSocket, NumberedSocket], window: int) -> None:
    sender, receiver = pair
    counter = Counter()
    sys.setprofile(counter)
    try:
        for _ in range(RELAYS // window):
            inside.comes(sender, OFFER * window)
    finally:
        sys.setprofile(None)
    assert receiver.sent.count(b"token:0000") == RELAYS
    judge(f"calls, {window} in flight", counter.count / RELAYS)


def test_a_relay_leaves_nothing_behind(inside: Inside, pair: tuple[NumberedSocket, NumberedSocket]) -> None:
    sender, receiver = pair
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(RELAYS):
        inside.comes(sender, OFFER)
        receiver.sends.clear()
    gc.collect()
    judge("blocks that stay", (sys.getallocatedblocks() - before) / RELAYS)


def test_a_count_that_grows_is_found() -> None:
    with pytest.raises(AssertionError, match=r"blocks that stay: 1\.000 for each, more than"):
        judge("blocks that stay", 1.0)


# --- Memory ---


def test_an_idle_connection_holds_no_more_memory_than_it_did(serve: Callable[..., Server]) -> None:  # noqa: F811 - the fixture
    judge("bytes for an idle connection", min(idle_bytes(serve(OWN_SETTINGS)) for _ in range(3)))


def idle_bytes(server: Server) -> float:
    """Of one server; where it got no turn for a while, its heap still has the room for all that came in together then."""
    plan = Plan(scenario="idle", dialect=SIGNAL, connections=2_000)
    result = idle(plan, Target(Address("127.0.0.1", server.port), server.process.pid), print)
    assert result.connection_bytes is not None
    return result.connection_bytes
