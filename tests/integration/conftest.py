"""The servers that integration tests talk to."""

from collections.abc import Callable, Iterator

import pytest

from tests.integration.certificate import Certificate
from tests.integration.server import CLOSE_TIMEOUT, Server


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session", params=["ws", "wss"])
def standing(request: pytest.FixtureRequest, certificate: Certificate) -> Iterator[Server]:
    """A server for all tests that leave it as it was; one without and one with TLS. The defaults hold, but for a shorter end."""
    running = Server({"limits.close_timeout": CLOSE_TIMEOUT}, certificate=certificate if request.param == "wss" else None)
    try:
        yield running
        running.stop()
        running.check()
    finally:
        running.kill()


@pytest.fixture
def server(standing: Server) -> Iterator[Server]:
    """The standing server; the test fails if the log tells of a fault meanwhile."""
    yield standing
    standing.hang_up()
    assert standing.process.poll() is None, standing.log()
    standing.check()


@pytest.fixture
def group(request: pytest.FixtureRequest) -> str:
    """A group that no other test uses."""
    return str(request.node.name)[:100]


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers with settings of their own (arguments as of `Server`); ends them, and fails if that does not go in order."""
    started: list[Server] = []

    def start(settings: dict[str, object] | None = None, **more: Certificate) -> Server:
        started.append(Server(settings, **more))
        return started[-1]

    try:
        yield start
        for server in started:
            server.stop()
            server.check()
    finally:
        for server in started:
            server.kill()
