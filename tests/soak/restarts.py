"""Restarts under load: a server is replaced by another on the same port again and again, while newcomers come and clients stay.

Each replacement is done as docs/operations.md says: the new process is started, and when it listens the old one gets SIGTERM. No newcomer
may be refused or reset, and every client of the old one is told to come back, which it does.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tests.integration.client import Client, V2Client
from tests.integration.server import Server
from tests.soak.newcomers import JOINED, Newcomers

__all__ = ["Restarts", "restarts", "successor"]

SHARED: Mapping[str, object] = {"server.reuse_port": "true", "limits.close_timeout": 5}
RATE = 200.0
BETWEEN = 50
"""Newcomers that each server serves alone, and as many beside the one that it replaces."""

CLIENTS = 20


class Restarts(NamedTuple):
    """What became of the newcomers, by outcome; how many clients came back, each after each restart."""

    outcomes: dict[str, int]
    returned: int

    @property
    def turned_away(self) -> dict[str, int]:
        """Those who did not get what they came for."""
        return {outcome: count for outcome, count in self.outcomes.items() if outcome != JOINED}

    def __str__(self) -> str:
        told = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(self.outcomes.items()))
        return f"newcomers: {told}; clients that were told to come back, and did: {self.returned:,}"


def restarts(count: int, rate: float, tell: Callable[[str], None]) -> Restarts:
    """Replace a server `count` times while `rate` newcomers come in a second; `tell` is told of each.

    Raises:
        AssertionError: a server does not start or end in order, or a client of it is not told to come back, or cannot.
    """
    servers = [Server({**SHARED, "operator.listen": "127.0.0.1:0"})]
    try:
        with Newcomers(servers[0].port, rate) as newcomers:
            clients = _join(servers[0])
            for number in range(1, count + 1):
                newcomers.wait_for(BETWEEN)
                servers.append(successor(servers[-1]))
                newcomers.wait_for(BETWEEN)
                _end(servers[-2], clients)
                clients = _join(servers[-1])
                tell(f"{number} restarts: {dict(newcomers.outcomes)}")
            newcomers.wait_for(BETWEEN)
        for server in servers:
            server.stop()
            server.check()
    finally:
        for server in servers:
            server.kill()
    return Restarts(dict(newcomers.outcomes), count * CLIENTS)


def successor(server: Server) -> Server:
    """Another process on the addresses of one that listens."""
    operator = server.wait_for_line(r"operators are served on http://(127\.0\.0\.1:\d+)")[1]
    settings = {**SHARED, "operator.listen": operator}
    return Server(arguments=["--port", str(server.port), *(f"--set={key}={value}" for key, value in settings.items())])


def _join(server: Server) -> list[Client]:
    """Clients that stay, of both profiles, in turn."""
    clients = [server.connect((Client, V2Client)[number % 2]) for number in range(CLIENTS)]
    for number, client in enumerate(clients):
        client.register(f"client {number}", f"a group of client {number}")
    return clients


def _end(server: Server, clients: list[Client]) -> None:
    server.signal()
    for client in clients:
        if isinstance(client, V2Client):
            assert client.hear("goaway").payload["reason"] == "draining"
            client.begin_to_leave()
        else:
            assert client.closed().code == 1012
        client.close()
    assert server.exit_code() == 0, server.log()
