import os
import re
import signal
import socket
import sys
import urllib.request
from pathlib import Path

import pytest

from gateway.bench.connection import Address
from gateway.bench.target import OWN_SETTINGS, Cpus, NoServer, free_port, own_command, resolve, start
from gateway.config import load

ALLOWED = sorted(os.sched_getaffinity(0))


@pytest.mark.parametrize("cpus", [Cpus(None, None), Cpus(ALLOWED[0], ALLOWED[-1])])
def test_a_server_of_our_own_runs_on_its_processor_until_the_block_ends(cpus: Cpus) -> None:
    port = free_port()
    with start(own_command(port), port, cpus) as target:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as answer:
            assert answer.read() == b"OK\n"
        assert target.address == Address("127.0.0.1", port)
        assert target.spin is (cpus.generator is not None)
        assert target.pid is not None
        if cpus.server is not None:
            assert os.sched_getaffinity(target.pid) == {cpus.server}
            assert os.sched_getaffinity(0) == {cpus.generator}
    assert not Path(f"/proc/{target.pid}").exists()
    assert sorted(os.sched_getaffinity(0)) == ALLOWED


def test_its_settings_are_limits_alone_and_are_good() -> None:
    assert all(key.startswith("limits.") for key in OWN_SETTINGS)
    load(None, {}, {key: str(value) for key, value in OWN_SETTINGS.items()})


def test_a_server_that_ends_is_told_with_its_last_words() -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no port for me')"]
    with (
        pytest.raises(NoServer, match="the server has ended with exit code 1:\nno port for me"),
        start(command, free_port(), Cpus(None, None)),
    ):
        pass


def test_a_server_that_does_not_listen_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.bench.target.START_SECONDS", 0.1)
    with (
        pytest.raises(NoServer, match="does not listen"),
        start([sys.executable, "-c", "import signal; signal.pause()"], free_port(), Cpus(None, None)),
    ):
        pass


def test_a_server_that_does_not_end_when_told_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.bench.target.END_SECONDS", 0.1)
    port = free_port()
    deaf = f"import signal, socket; signal.signal(15, signal.SIG_IGN); s = socket.create_server(('127.0.0.1', {port})); signal.pause()"
    with start([sys.executable, "-c", deaf], port, Cpus(None, None)) as target:
        assert target.pid is not None
        os.kill(target.pid, signal.SIGTERM)
    assert not Path(f"/proc/{target.pid}").exists()


def test_settings_of_whoever_measures_are_kept_from_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PSYNC_LIMITS__ERRORS", "nonsense")
    port = free_port()
    with start(own_command(port), port, Cpus(None, None)):
        pass


def test_processors_are_chosen_where_there_are_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {3, 1, 2})
    assert Cpus.choose() == (1, 3)
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {1})
    assert Cpus.choose() == (None, None)


@pytest.mark.parametrize("url", ["ws://127.0.0.1:80", "ws://localhost:80", "ws://[::1]:80", "ws://127.9.9.9:80/ws"])
def test_loopback_is_resolved(url: str) -> None:
    address = resolve(url, remote=False)
    assert address.is_loopback
    assert address.port == 80


def test_another_machine_is_loaded_only_when_that_is_said() -> None:
    with pytest.raises(ValueError, match=r"192\.0\.2\.1 is not on loopback"):
        resolve("ws://192.0.2.1:80", remote=False)
    assert resolve("ws://192.0.2.1:80", remote=True) == Address("192.0.2.1", 80, is_loopback=False)


@pytest.mark.parametrize("url", ["wss://127.0.0.1:80", "127.0.0.1:80", "ws://127.0.0.1", "ws://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{url!r} is not ws://HOST:PORT")):
        resolve(url, remote=False)


def test_a_free_port_can_be_had() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as listener:
        assert listener.getsockname()[1] > 0
