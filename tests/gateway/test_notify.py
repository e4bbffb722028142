"""What systemd is told, read from real datagram sockets; its signs of life, on a loop that is moved by hand."""

import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.notify import Notify
from tests.gateway.doubles import StepLoop

PID = 42


class Manager:
    """The end of the socket that is systemd's."""

    def __init__(self, address: str) -> None:
        self._end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._end.bind(address)
        self._end.settimeout(0)

    def heard(self) -> list[str]:
        """Every datagram that has come."""
        datagrams = []
        while True:
            try:
                datagrams.append(self._end.recv(4096).decode())
            except BlockingIOError:
                return datagrams

    def close(self) -> None:
        self._end.close()


@pytest.fixture(params=["path", "abstract"])
def named(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    path = str(tmp_path / "notify")
    return path if request.param == "path" else f"@{path}"


@pytest.fixture
def manager(named: str) -> Iterator[Manager]:
    manager = Manager(named.replace("@", "\0"))
    yield manager
    manager.close()


def test_systemd_hears_when_the_server_is_ready_reads_its_configuration_and_stops(named: str, manager: Manager) -> None:
    notify = Notify({"NOTIFY_SOCKET": named}, PID)
    notify.start(StepLoop(), "listening\non ws://127.0.0.1:1/ws")
    before = time.monotonic_ns() // 1000
    with notify.reloading():
        said = manager.heard()
        assert said[0] == "READY=1\nSTATUS=listening on ws://127.0.0.1:1/ws"
        reloading, since = said[1].splitlines()
        assert reloading == "RELOADING=1"
        assert before <= int(since.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
    notify.stopping("draining 3 connections")
    assert manager.heard() == ["READY=1", "STOPPING=1\nSTATUS=draining 3 connections"]


def test_a_reload_that_fails_is_over_too(named: str, manager: Manager) -> None:
    notify = Notify({"NOTIFY_SOCKET": named}, PID)
    with pytest.raises(ZeroDivisionError), notify.reloading():
        raise ZeroDivisionError
    assert manager.heard()[-1] == "READY=1"


def test_signs_of_life_come_at_half_of_what_is_allowed_while_the_loop_turns(named: str, manager: Manager) -> None:
    loop = StepLoop()
    notify = Notify({"NOTIFY_SOCKET": named, "WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(PID)}, PID)
    loop.advance(60)
    assert manager.heard() == []
    notify.start(loop, "")
    loop.advance(15)
    assert manager.heard()[1:] == ["WATCHDOG=1"] * 3
    notify.stopping("")
    loop.advance(5)
    assert manager.heard()[1:] == ["WATCHDOG=1"]
    notify.close()
    loop.advance(60)
    assert manager.heard() == []


@pytest.mark.parametrize("watchdog", [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "43"}])
def test_nobody_who_asks_for_no_sign_of_life_of_this_process_gets_one(named: str, manager: Manager, watchdog: dict[str, str]) -> None:
    loop = StepLoop()
    Notify({"NOTIFY_SOCKET": named, **watchdog}, PID).start(loop, "up")
    loop.advance(60)
    assert manager.heard() == ["READY=1\nSTATUS=up"]


def test_without_systemd_nothing_is_sent_and_nothing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    loop = StepLoop()
    notify = Notify({"WATCHDOG_USEC": "1000000"}, PID)
    notify.start(loop, "up")
    with notify.reloading():
        notify.stopping("")
    notify.close()
    assert loop.watchers == []
    assert caplog.records == []


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"NOTIFY_SOCKET": "vsock:2:1"}, "NOTIFY_SOCKET=vsock:2:1 is neither a path nor an abstract socket"),
        ({"NOTIFY_SOCKET": "/nowhere/notify", "WATCHDOG_USEC": "-1"}, "WATCHDOG_USEC=-1 is not a number of microseconds"),
        ({"NOTIFY_SOCKET": "/nowhere/notify"}, "systemd was not told READY=1: No such file or directory"),
    ],
)
def test_what_keeps_systemd_from_hearing_is_told_in_the_log(caplog: pytest.LogCaptureFixture, environ: dict[str, str], says: str) -> None:
    Notify(environ, PID).start(StepLoop(), "")
    assert says in "\n".join(record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)


def test_a_manager_that_does_not_read_holds_up_nobody(named: str, manager: Manager, caplog: pytest.LogCaptureFixture) -> None:
    notify = Notify({"NOTIFY_SOCKET": named}, PID)
    while not caplog.records:  # a receiver's queue is bounded by net.unix.max_dgram_qlen
        notify.stopping("")
    assert "systemd was not told STOPPING=1: Resource temporarily unavailable" in caplog.text
    assert set(manager.heard()) == {"STOPPING=1\nSTATUS="}
