"""The servers that integration tests talk to."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.integration.certificate import Certificate
from tests.integration.line import PATIENCE
from tests.integration.server import CLOSE_TIMEOUT, Server, ended_in_order, quiet_environ
from tests.sources import ROOT

Settings = dict[str, object]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def group(request: pytest.FixtureRequest) -> str:
    """A group that no other test uses."""
    return str(request.node.name)[:100]


@pytest.fixture(scope="session")
def running() -> Iterator[dict[str, Server]]:
    """The servers that tests share, by their settings. A start takes 0.3 s, more than most tests."""
    servers: dict[str, Server] = {}
    try:
        yield servers
        for server in servers.values():
            server.stop()
            server.check()
    finally:
        for server in servers.values():
            server.kill()


@pytest.fixture
def share(running: dict[str, Server]) -> Iterator[Callable[..., Server]]:
    """Gives a server with these settings (arguments of `Server`) to a test that leaves it as it was; fails if its log tells of a fault."""
    used: list[Server] = []

    def find(settings: Settings | None = None, *, certificate: Certificate | None = None, application: str = "serve") -> Server:
        name = f"{application} {settings} {certificate}"
        if name not in running:
            running[name] = Server(settings, certificate=certificate, application=application)
        used.append(running[name])
        return running[name]

    yield find
    for server in used:
        server.hang_up()
    for server in used:
        assert server.process.poll() is None, server.log()
        server.check()


@pytest.fixture(params=["ws", "wss"])
def server(request: pytest.FixtureRequest, share: Callable[..., Server], certificate: Certificate) -> Server:
    """A shared server; one without and one with TLS. The defaults hold, but for a shorter end."""
    return share({"limits.close_timeout": CLOSE_TIMEOUT}, certificate=certificate if request.param == "wss" else None)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers for one test (arguments as of `Server`); ends them, and fails if that does not go in order."""
    with ended_in_order() as started:

        def start(settings: Settings | None = None, **more: Any) -> Server:  # noqa: ANN401 - whatever `Server` takes
            started.append(Server(settings, **more))
            return started[-1]

        yield start


@pytest.fixture
def frozen() -> Iterator[Callable[[Server, str, str], None]]:
    """Puts a client into a group, in a process that is then stopped: its kernel still acknowledges, and nobody answers."""
    processes: list[subprocess.Popen[str]] = []

    def freeze(server: Server, peer_id: str, group: str) -> None:
        command = [sys.executable, "-m", "tests.integration.sleeper", str(server.port), peer_id, group]
        process = subprocess.Popen(command, cwd=ROOT, env=quiet_environ(), stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "registered\n"
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)

    yield freeze
    for process in processes:
        process.kill()
        process.wait(PATIENCE)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def aiortc() -> Iterator[Callable[..., Callable[[], dict[str, Any]]]]:
    """Starts a peer in a process of its own (`rtc_peer`, with its arguments); what it returns waits for the peer's result."""
    with ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(_rtc_peer(*map(str, arguments)))


@contextmanager
def _rtc_peer(*arguments: str) -> Iterator[Callable[[], dict[str, Any]]]:
    command = [sys.executable, "-m", "tests.integration.rtc_peer", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=quiet_environ(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:

        def result() -> dict[str, Any]:
            said, wrong = process.communicate(timeout=2 * PATIENCE)
            assert process.returncode == 0, wrong
            told: dict[str, Any] = json.loads(said)
            return told

        try:
            yield result
        finally:
            process.kill()
