"""What a limit is tried with: a small value of it, what still passes, what does not, and the metric that counts that."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from tests.integration.client import Client
from tests.integration.line import Line
from tests.integration.server import Server

__all__ = ["GROUP", "Act", "Case", "bare", "peer", "say_to_oneself", "upgraded"]

GROUP = "home"

Act = Callable[[Server], None]


class Case(NamedTuple):
    """`at` goes as far as the limit lets one, `beyond` further; each fails unless the server does what is documented.

    Attributes:
        value: of the limit.
        metric: and its label, which `beyond` counts up.
        besides: other settings that it takes.
        counts_at: the metric tells that the limit is reached, and not that somebody goes beyond it.
    """

    value: float
    at: Act
    beyond: Act
    metric: str
    label: str = ""
    besides: Mapping[str, object] = MappingProxyType({})
    counts_at: bool = False


def bare(server: Server) -> Client:
    """A client that has not registered."""
    return server.connect(Client)


def peer(server: Server, name: str, group: str = GROUP) -> Client:
    client = server.connect(Client)
    client.register(name, group)
    return client


def upgraded(server: Server) -> Line:
    """A bare connection that has shaken hands."""
    line = server.line()
    line.upgrade()
    return line


def say_to_oneself(client: Client, size: int) -> bytes:
    """A message of so many bytes to whoever sends it."""
    empty = client.encode({"type": "message", "target_id": client.peer_id, "payload": ""})
    return client.encode({"type": "message", "target_id": client.peer_id, "payload": "x" * (size - len(empty))})
