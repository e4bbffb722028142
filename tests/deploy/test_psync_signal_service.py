"""The unit: systemd's own verifier finds nothing, and the server does with its command line what the unit says of it."""

import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.cli import WRONG_CONFIG
from gateway.config import load
from tests.deploy.files import DEPLOY
from tests.integration.line import PATIENCE
from tests.integration.server import Server
from tests.parts import require_part
from tests.sources import ROOT

UNIT = DEPLOY / "psync-signal.service"
PROGRAM, CONFIG = "/opt/psync-signal/.venv/bin/python", "/etc/psync-signal/prod.toml"
EXPOSURE = "15"
"""Tenths of what `systemd-analyze security` may call exposed, of 100: what is left is the network."""


def setting(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)


def arguments(name: str) -> list[str]:
    """The arguments of a command of the unit, with the checkout's own configuration."""
    (command,) = setting(name)
    assert command.startswith(f"{PROGRAM} -m gateway ")
    return [str(ROOT / "conf" / "prod.toml") if word == CONFIG else word for word in shlex.split(command)[3:]]


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[socket.socket]:
    """Systemd's end of the socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(tmp_path / "notify"))
        end.settimeout(PATIENCE)
        yield end


def told(heard: socket.socket, wanted: str) -> dict[str, str]:
    """The next datagram that is no sign of life, which says this."""
    while (text := heard.recv(4096).decode()) == "WATCHDOG=1":
        pass
    assert wanted in text.splitlines(), text
    return dict(line.split("=", 1) for line in text.splitlines())


@pytest.mark.parametrize(("name", "installed"), [("psync-signal.service",) * 2, ("psync-signal@a.service", "psync-signal@.service")])
def test_systemd_finds_nothing_wrong(tmp_path: Path, name: str, installed: str) -> None:
    copy = tmp_path / installed
    # The verifier asks whether the program is there; it is installed nowhere here.
    copy.write_text(UNIT.read_text().replace(PROGRAM, sys.executable))
    program = str(require_part("systemd-analyze"))
    verify = subprocess.run([program, "verify", "--man=no", str(tmp_path / name)], capture_output=True, text=True, check=False)
    assert (verify.returncode, verify.stderr) == (0, "")
    security = [program, "security", "--offline=yes", f"--threshold={EXPOSURE}", "--no-pager", str(copy)]
    judged = subprocess.run(security, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout


def test_the_server_tells_systemd_when_it_listens_reloads_lives_and_stops(serve: Callable[..., Server], heard: socket.socket) -> None:
    environ = {"NOTIFY_SOCKET": str(heard.getsockname()), "WATCHDOG_USEC": "200000"}
    server = serve(arguments=[*arguments("ExecStart"), "--port=0", "--set=operator.listen="], environ=environ)
    assert told(heard, "READY=1")["STATUS"] == f"listening on ws://127.0.0.1:{server.port}/ws"
    assert heard.recv(4096) == b"WATCHDOG=1"
    (reload,) = setting("ExecReload")
    subprocess.run(["/bin/sh", "-c", reload], env={"PATH": os.defpath, "MAINPID": str(server.process.pid)}, check=True)
    assert int(told(heard, "RELOADING=1")["MONOTONIC_USEC"]) > 0
    told(heard, "READY=1")
    server.signal()
    assert told(heard, "STOPPING=1")["STATUS"] == "draining 0 connections"
    assert server.exit_code() == 0


def test_a_server_whose_hub_is_stuck_gives_no_sign_of_life(serve: Callable[..., Server], heard: socket.socket) -> None:
    server = serve(environ={"NOTIFY_SOCKET": str(heard.getsockname()), "WATCHDOG_USEC": "100000"})
    told(heard, "READY=1")
    server.signal(signal.SIGSTOP)
    os.waitid(os.P_PID, server.process.pid, os.WSTOPPED)
    while select.select([heard], [], [], 0)[0]:
        heard.recv(4096)
    heard.settimeout(0.2)  # four times as long as it would take
    with pytest.raises(TimeoutError):
        heard.recv(4096)
    server.signal(signal.SIGCONT)
    heard.settimeout(PATIENCE)
    assert heard.recv(4096) == b"WATCHDOG=1"


def test_a_server_whose_configuration_is_wrong_is_not_started_again() -> None:
    command = [sys.executable, "-m", "gateway", *arguments("ExecStart"), "--set", "limits.errors=x"]
    wrong = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert setting("RestartPreventExitStatus") == [str(wrong.returncode)] == [str(WRONG_CONFIG)]


def test_there_is_time_to_drain_and_room_for_every_connection() -> None:
    config = load(ROOT / "conf" / "prod.toml", {}, {})
    (stop,), (files,) = setting("TimeoutStopSec"), setting("LimitNOFILE")
    assert int(stop) > config.drain.timeout + 2 * config.limits.close_timeout
    assert int(files) > 2 * config.limits.connections
