"""A public port in this process, on an unpatched gevent, that keeps what it hands over; and its clients."""

from collections.abc import Callable
from typing import Any

import gevent
from gevent import socket as green
from gevent.ssl import SSLContext

from gateway.admission import Admission, AdmissionRules, Admitted
from gateway.operator.metrics import Counts
from gateway.proxies import Proxies
from gateway.routes import Routes
from gateway.subprotocol import Subprotocol
from gateway.upgrade import HandshakeRules, UpgradeServer
from tests.gateway.tenanted import open_door

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HEADERS = {"Host": "a", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"}
LONG = 5.0  # seconds; nothing that works takes so long


def request(method: str = "GET", path: str = "/ws", version: str = "HTTP/1.1", **changed: str | None) -> bytes:
    """A handshake, with headers changed or, by None, left out; `_` stands for `-`."""
    names = {name.lower().replace("-", "_"): name for name in HEADERS}
    headers = {**HEADERS, **{names.get(key.lower(), key.replace("_", "-")): value for key, value in changed.items()}}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"{method} {path} {version}", *lines, "", ""]).encode("latin-1")


class Door:
    """A server that keeps what was handed over to it."""

    def __init__(
        self,
        *,
        timeout: float = LONG,
        concurrent: int = 100,
        per_address: int = 100,
        handshakes_per_address: int = 100,
        tls: SSLContext | None = None,
        trusted_proxies: tuple[str, ...] = (),
        proxy_protocol: bool = False,
    ) -> None:
        self.metrics = Counts()
        self.admission = Admission(AdmissionRules(100, per_address, handshakes_per_address), open_door().judge, self.metrics)
        self.accepted: list[tuple[Any, bytes, Admitted]] = []
        self.subprotocols: list[Subprotocol] = []
        self.on_accept: Callable[[], None] = lambda: None
        self.server = UpgradeServer(
            ("127.0.0.1", 0),
            Routes(lambda: (True, {"status": "accepting"})),
            admission=self.admission,
            proxies=Proxies(trusted_proxies, self.metrics, announced=proxy_protocol),
            accept=self.accept,
            rules=HandshakeRules(timeout, concurrent, 4096, 16, 20_000),
            metrics=self.metrics,
            tls=tls,
        )
        self.server.start()
        assert self.server.pool is not None
        self._pool = self.server.pool
        self.clients: list[Any] = []

    def accept(self, socket: Any, data: bytes, admitted: Admitted, subprotocol: Subprotocol) -> None:  # noqa: ANN401 - plain or TLS
        self.on_accept()
        self.subprotocols.append(subprotocol)
        self.accepted.append((socket, data, admitted))

    def client(self) -> Any:  # noqa: ANN401 - gevent publishes no type for its sockets
        client = green.create_connection(("127.0.0.1", self.server.server_port), timeout=LONG)
        self.clients.append(client)
        return client

    def ask(self, *pieces: bytes) -> bytes:
        """What a client that sends this gets until the server ends the connection."""
        client = self.client()
        for piece in pieces:
            client.sendall(piece)
            gevent.sleep(0)
        return read_all(client)

    def upgraded(self, data: bytes) -> Any:  # noqa: ANN401 - as above
        """A client that sent this and got its 101."""
        client = self.client()
        client.sendall(data)
        assert b"101 Switching Protocols" in client.recv(4096)
        return client

    def busy(self) -> int:
        """Handshakes that are under way."""
        return len(self._pool)

    def refusals(self) -> dict[str, int]:
        return self.metrics.values()["refusals"]

    def close(self) -> None:
        for socket in (*self.clients, *(socket for socket, _, _ in self.accepted)):
            socket.close()
        self.server.stop(timeout=0)


def read_all(client: Any) -> bytes:  # noqa: ANN401 - as above
    data = b""
    while piece := client.recv(65_536):
        data += piece
    return data


def wait_for(condition: Callable[[], bool]) -> None:
    with gevent.Timeout(LONG):
        while not condition():
            gevent.sleep(0.001)
