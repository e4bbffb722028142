"""Node: this process as its operator's listener sees it, put together by `gateway.app`."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol

from actors.runtime import BrokerRef
from gateway.operator.autopsy import Autopsy
from gateway.operator.client import Client
from gateway.operator.metrics import Counts
from gateway.reload import Reloaded

__all__ = ["Node", "Waiting"]


class Waiting(Protocol):
    """The way to one client (`gateway.outbox.Outbox`)."""

    @property
    def waiting(self) -> int:
        """Bytes that wait to be written."""


@dataclass(frozen=True, slots=True)
class Node:
    """What there is to read and to do.

    Attributes:
        metrics: what was counted.
        directory: the actor that knows the groups.
        readiness: whether newcomers are welcome, and the state in words.
        connections: each with its actor and its way out, in a list of its own.
        waiting_actors: how many have messages and no turn yet.
        connections_limit: how many connections there may be.
        memory_tight: whether newcomers are refused because the memory is short.
        tenants: those that there are, by name, with how many connections they have open.
        clients: what is known of the connections of some peers; nothing of a peer that has none.
        autopsy: what passed between two peers.
        monotonic: the clock by which it did.
        stop: begin to drain, as SIGTERM does.
        reload: read the configuration anew, as SIGHUP does; waits until that is done.

    """

    metrics: Counts
    directory: BrokerRef
    readiness: Callable[[], tuple[bool, dict[str, Any]]]
    connections: Callable[[], list[tuple[BrokerRef, Waiting]]]
    waiting_actors: Callable[[], int]
    connections_limit: int
    memory_tight: Callable[[], bool]
    tenants: Callable[[], dict[str, int]]
    clients: Callable[[Collection[BrokerRef]], dict[BrokerRef, Client]]
    autopsy: Autopsy
    monotonic: Callable[[], float]
    stop: Callable[[], None]
    reload: Callable[[], Reloaded]
