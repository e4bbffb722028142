"""The time of day of the server, which somebody sets: what is shown follows it, and no deadline does."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.client import Client
from tests.integration.line import PATIENCE
from tests.integration.server import Server
from tests.parts import require_part

SHORT = {"heartbeat.ping_interval": 0.4, "heartbeat.expire_after": 1, "heartbeat.close_after": 60}
HOUR = timedelta(hours=1)
ABOUT_NOW = timedelta(seconds=30)


class WallClock:
    """What a process started with `environ` takes for the time of day (CLOCK_REALTIME); its CLOCK_MONOTONIC is the real one."""

    def __init__(self, file: Path, library: str) -> None:
        self._file = file
        self.environ = {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",  # else a change is seen after 10 s
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.set(timedelta())

    def set(self, off: timedelta) -> None:
        """Put it so far from the real time. By a rename: it is never read while it is half written."""
        draft = self._file.with_suffix(".draft")
        draft.write_text(f"{off.total_seconds():+.0f}s\n")
        draft.replace(self._file)


@pytest.fixture
def wall_clock(tmp_path: Path) -> WallClock:
    command = [str(require_part("faketime")), "-f", "+0", "printenv", "LD_PRELOAD"]
    library = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout.strip()
    return WallClock(tmp_path / "time", library)


@pytest.fixture
def peers(serve: Callable[..., Server], wall_clock: WallClock, group: str) -> tuple[Server, Client, Client]:
    """A server by that clock, and two peers of one group on it."""
    server = serve(SHORT, environ=wall_clock.environ)
    one, other = server.connect(Client), server.connect(Client)
    one.register("one", group)
    other.register("other", group)
    one.hear("peer_joined")
    return server, one, other


def last_seen(client: Client, group: str) -> timedelta:
    """How far from now who came before was last seen, by the list that answers another register."""
    (peer,) = client.register(client.peer_id, group)
    return datetime.fromisoformat(peer["last_seen"]) - datetime.now(UTC)


@pytest.mark.parametrize("off", [HOUR, -HOUR], ids=["ahead", "back"])
def test_when_the_time_of_day_is_set_last_seen_follows_and_nobody_expires(
    peers: tuple[Server, Client, Client], wall_clock: WallClock, group: str, off: timedelta
) -> None:
    server, one, other = peers
    assert abs(last_seen(other, group)) < ABOUT_NOW
    for now in (off, timedelta()):
        wall_clock.set(now)
        # Longer than `heartbeat.expire_after`, from before the change to after it.
        for _ in range(3):
            one.answer_pings(1)
            other.answer_pings(1)
        assert abs(last_seen(other, group) - now) < ABOUT_NOW
        one.say("message", "other", "still there?")
        assert other.hear("message").payload == "still there?"
    counts = server.state()["counts"]
    assert (counts["expirations"], counts["hub_stalls"]) == ({}, {})


def test_when_the_time_of_day_is_set_a_silent_peer_expires_by_the_time_that_has_passed(
    peers: tuple[Server, Client, Client], wall_clock: WallClock
) -> None:
    server, one, _silent = peers
    wall_clock.set(-HOUR)
    one.answer_pings(2)
    left = one.hear("peer_left")
    assert (left.peer, left.payload["reason"]) == ("other", "away")
    assert server.count("expirations") == 1
