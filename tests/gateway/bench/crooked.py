"""A stand-in for a server: a small real one in a thread, that does with each message what a test says: pass it on, or not quite."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from gateway.bench.connection import Address
from gateway.bench.target import Target

Tamper = Callable[[str], Iterable[str]]


def honest(message: str) -> Iterable[str]:
    """Pass everything on."""
    return [message]


class Crooked:
    """Registers peers and relays as the real server does; `tamper` makes what is sent of each message that a peer hears, lists included."""

    def __init__(self, tamper: Tamper) -> None:
        self._tamper = tamper
        self._groups: dict[str, dict[str, ServerConnection]] = {}
        self._lock = threading.Lock()

    def serve(self, connection: ServerConnection) -> None:
        peer = group = ""
        try:
            for frame in connection:
                message = json.loads(frame)
                with self._lock:
                    if message["type"] == "register":
                        peer, group = message["payload"]["peer_id"], message["payload"]["group_id"]
                        self._register(connection, peer, group)
                    else:
                        self._relay(peer, group, message)
        except ConnectionClosed:
            pass  # the generator vanishes without a word when it is done
        finally:
            with self._lock:
                self._groups.get(group, {}).pop(peer, None)

    def _register(self, connection: ServerConnection, peer: str, group: str) -> None:
        members = self._groups.setdefault(group, {})
        peers = [{"id": other, "group_id": group} for other in members]
        self._send(connection, {"type": "peer_list", "source_id": "", "payload": {"peers": peers}})
        for other in members.values():
            self._send(other, {"type": "peer_joined", "source_id": "", "payload": {"peer": {"id": peer, "group_id": group}}})
        members[peer] = connection

    def _relay(self, peer: str, group: str, message: dict[str, Any]) -> None:
        members = self._groups[group]
        target = message.get("target_id")
        for other in [target] if target else [name for name in members if name != peer]:
            self._send(members[other], message | {"source_id": peer})

    def _send(self, connection: ServerConnection, message: dict[str, Any]) -> None:
        for text in self._tamper(json.dumps(message)):
            connection.send(text)


@contextmanager
def crooked(tamper: Tamper = honest) -> Iterator[Target]:
    """Run one; gives where it listens."""
    with serve(Crooked(tamper).serve, "127.0.0.1", 0, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Target(Address("127.0.0.1", server.socket.getsockname()[1]))
        finally:
            server.shutdown()
            thread.join()


class Nth:
    """Does `wrong` with the nth message of a type, and passes all others on."""

    def __init__(self, type_: str, number: int, wrong: Tamper) -> None:
        self._type = f'"type": "{type_}"'
        self._left = number
        self._wrong = wrong

    def __call__(self, message: str) -> Iterable[str]:
        self._left -= self._type in message
        if self._left == 0 and self._type in message:
            return self._wrong(message)
        return [message]


def lost(_message: str) -> Iterable[str]:
    return []


def doubled(message: str) -> Iterable[str]:
    return [message, message]


def altered(message: str) -> Iterable[str]:
    return [message.replace("network-id 2", "network-id 3", 1)]


def silent(_news: str) -> None:
    """Nobody looks on."""
