"""The unit's filters of system calls and sockets: nothing that the server does from its start to its end is outside of them."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.files import DEPLOY
from tests.integration.client import V2Client
from tests.integration.line import PATIENCE, Line
from tests.integration.server import command, quiet_environ
from tests.parts import require_part
from tests.sources import ROOT

UNIT = (DEPLOY / "psync-signal.service").read_text()


def calls_of(name: str) -> set[str]:
    """The system calls of a set of systemd's, those of the sets in it too."""
    run = subprocess.run([require_part("systemd-analyze"), "syscall-filter", name], capture_output=True, text=True, check=True)
    words = {line.strip() for line in run.stdout.splitlines()[1:] if not line.strip().startswith("#")} - {""}
    return {word for word in words if word[0] != "@"}.union(*(calls_of(word) for word in words if word[0] == "@"))


def allowed() -> set[str]:
    (allows, denies) = re.findall(r"^SystemCallFilter=(.*)$", UNIT, re.MULTILINE)
    return calls_of(allows) - set().union(*(calls_of(name) for name in denies.removeprefix("~").split()))


def children(process: "subprocess.Popen[bytes]") -> list[int]:
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [] if process.poll() is not None else [int(word) for word in path.read_text().split()]


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[bytes]", socket.socket]]:
    """The server as the unit runs it, under strace; and systemd's end of its socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(PATIENCE)
        serve = command("--config", "conf/prod.toml", "--port=0", "--set=operator.listen=127.0.0.1:0")
        environ = quiet_environ(NOTIFY_SOCKET=str(tmp_path / "notify"))
        strace = [str(require_part("strace")), "-f", "-qq", "-o", str(tmp_path / "calls"), *serve]
        with subprocess.Popen(strace, cwd=ROOT, env=environ, stderr=subprocess.DEVNULL) as process:
            try:
                yield process, heard
            finally:
                for server in children(process):  # it would outlive strace
                    os.kill(server, signal.SIGKILL)
                process.kill()


def test_the_server_calls_nothing_that_the_unit_forbids(traced: tuple["subprocess.Popen[bytes]", socket.socket], tmp_path: Path) -> None:
    process, heard = traced
    port = int(re.findall(rb":(\d+)/ws", heard.recv(4096))[0])
    client = V2Client(Line(("127.0.0.1", port)), f"ws://127.0.0.1:{port}/ws")
    client.register("one", "room")
    (server,) = children(process)
    os.kill(server, signal.SIGHUP)
    assert heard.recv(4096).startswith(b"RELOADING=1")
    assert heard.recv(4096) == b"READY=1"
    os.kill(server, signal.SIGTERM)
    client.hear("goaway")
    client.closed()
    client.line.close()
    assert process.wait(PATIENCE) == 0
    calls = (tmp_path / "calls").read_text()
    called = set(re.findall(r"^\d+ +(\w+)\(", calls, re.MULTILINE))
    assert {"execve", "socket", "sendto"} <= called
    assert called - allowed() == set()
    (families,) = re.findall(r"^RestrictAddressFamilies=(.*)$", UNIT, re.MULTILINE)
    assert {"AF_INET", "AF_UNIX"} <= set(re.findall(r" socket\((AF_\w+)", calls)) <= set(families.split())


def test_what_a_server_has_no_use_for_is_forbidden() -> None:
    assert {"mount", "ptrace", "setuid", "setrlimit", "reboot"} & allowed() == set()
