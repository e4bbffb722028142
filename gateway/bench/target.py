"""Target: the server that is measured: one that is started here, with a processor to itself, or one that runs already."""

import ipaddress
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from gateway.bench.connection import Address

__all__ = ["OWN_SETTINGS", "Address", "Cpus", "NoServer", "Target", "free_port", "own_command", "resolve", "start"]

START_SECONDS = 10.0
END_SECONDS = 10.0

OWN_SETTINGS: Mapping[str, int] = {
    "limits.messages_per_second": 1_000_000,
    "limits.messages_burst": 1_000_000,
    "limits.bytes_per_second": 1 << 30,
    "limits.bytes_burst": 1 << 30,
    "limits.registers_per_second": 1_000_000,
    "limits.registers_burst": 1_000_000,
    "limits.connections": 100_000,
    "limits.connections_per_address": 100_000,
    "limits.handshakes_per_address": 1_000,
    "limits.peers_per_group": 100_000,
    "limits.peers_per_tenant": 1_000_000,
    "limits.groups_per_tenant": 1_000_000,
}
"""What a server that is started for a run gets: limits on rates and counts raised beyond what one generator reaches, so that they are in
force and never met. All else is as in production: the gate, the timers, the metrics."""


class NoServer(Exception):
    """There is nothing to measure; the text says why."""


class Target(NamedTuple):
    """A server that listens.

    Attributes:
        address: where.
        pid: its process, for CPU and memory; None when it is not known, or not on this machine.
        spin: whether the generator has a processor to itself, and so never sleeps.
    """

    address: Address
    pid: int | None = None
    spin: bool = False


class Cpus(NamedTuple):
    """Which processor the server gets and which the generator; None where they have to share."""

    server: int | None
    generator: int | None

    @classmethod
    def choose(cls) -> "Cpus":
        """The first and the last of those that this process may use."""
        allowed = sorted(os.sched_getaffinity(0))
        return cls(allowed[0], allowed[-1]) if len(allowed) > 1 else cls(None, None)


def resolve(url: str, *, remote: bool) -> Address:
    """The address in a `ws://` URL.

    Raises:
        ValueError: it is none, or is not on loopback and not meant to be `remote`.

    """
    parts = urlsplit(url)
    if parts.scheme != "ws" or not parts.hostname or not parts.port:
        raise ValueError(f"{url!r} is not ws://HOST:PORT (TLS would measure TLS: end it in front of the server)")
    *_, where = socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_STREAM)[0]
    address = Address(str(where[0]), parts.port, ipaddress.ip_address(where[0]).is_loopback)
    if not address.is_loopback and not remote:
        raise ValueError(f"{parts.hostname} is not on loopback: a load generator stays on its machine, unless --remote says otherwise")
    return address


def own_command(port: int, settings: Mapping[str, object] = OWN_SETTINGS) -> list[str]:
    """This program, as a server on a port of loopback."""
    flags = [f"--set={key}={value}" for key, value in settings.items()]
    return [sys.executable, "-m", "gateway", "--host", "127.0.0.1", "--port", str(port), "--set", "log.level=warning", *flags]


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def start(command: Sequence[str], port: int, cpus: Cpus, environ: Mapping[str, str] | None = None) -> Iterator[Target]:
    """Run a server until the block ends. What it writes is shown only if it fails.

    Raises:
        NoServer: it has ended, or does not listen in time.

    """
    with tempfile.TemporaryFile() as log, _pinned(cpus.generator):
        with _pinned(cpus.server):
            process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=_quiet_environ() | dict(environ or {})
            )
        try:
            _wait_until_it_listens(process, port, f"/proc/self/fd/{log.fileno()}")
            yield Target(Address("127.0.0.1", port), process.pid, spin=cpus.generator is not None)
        finally:
            process.terminate()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(END_SECONDS)


def _quiet_environ() -> dict[str, str]:
    """The environment without settings of whoever measures: two runs are to be comparable."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PSYNC_")}


@contextmanager
def _pinned(cpu: int | None) -> Iterator[None]:
    """Have this process on one processor while the block runs; a child inherits it from its first instruction on. None changes nothing."""
    before = os.sched_getaffinity(0)
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            why = f"has ended with exit code {process.returncode}" if process.returncode is not None else "does not listen"
            tail = "\n".join(Path(log).read_text(errors="replace").splitlines()[-5:])
            raise NoServer(f"the server {why}:\n{tail}")
        time.sleep(0.02)
