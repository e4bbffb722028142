"""Departure: how the clients of a server that goes down are told so, and closed in time, without all of them coming back at once."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

import gevent

from actors.events import GoAway, Profile
from actors.messages import Close
from actors.ports import Clock
from actors.reasons import CLOSES, CloseCode
from gateway.connection import Connection

__all__ = ["BATCH", "GRACE_SECONDS", "Departure", "Slot", "dismiss", "slots", "spread_for"]

BATCH = 100
"""Connections told or closed in one go; then the hub has its turn, so that the frames are written as they are made."""

GRACE_SECONDS = 1.0
"""What a client has from its slot on to go by itself, which is the better way: it knows when it is ready."""


RETURNS_PER_SECOND = 1000
"""Clients that any server can take in without being late for others: each costs some 0.2 ms of CPU (`python -m gateway bench reconnect`).
Few clients need little time, and a server that is alone is gone the sooner, and back: whoever comes before that is refused."""


GOODBYE = Close(CloseCode.RESTART, None, CLOSES[CloseCode.RESTART].says)
"""The others are told nothing: they are going, too."""


class Slot(NamedTuple):
    """When one client may come back, and when it is closed at the latest; in seconds from the beginning of the departure."""

    reconnect_after: float
    deadline: float


class Emptiness(Protocol):
    """Set once the last connection has ended."""

    def wait(self, timeout: float) -> bool:
        """Wait for it, `timeout` seconds at most; whether it has come."""


def spread_for(count: int, most: float) -> float:
    """The time that `count` clients need to come back one after the other, `most` seconds at most."""
    return min(most, count / RETURNS_PER_SECOND)


def slots(count: int, spread: float, longest: float) -> Iterator[Slot]:
    """One for each of `count` clients, evenly over `spread` seconds; none is closed later than `longest`."""
    for number in range(count):
        after = spread * number / count
        yield Slot(after, min(after + GRACE_SECONDS, longest))


class Departure:
    """Of all who are connected: v1 is closed at once, in batches; v2 is told its slots, and closed when these are over.

    `connections` is the living table: who has gone by then is not closed. `longest` and `spread` as for `slots`.
    """

    def __init__(self, connections: Mapping[Connection, object], empty: Emptiness, clock: Clock, *, spread: float, longest: float) -> None:
        self._connections = connections
        self._empty = empty
        self._clock = clock
        self._spread = spread
        self._longest = longest

    def run(self) -> None:
        """Until everyone is closed, or has gone."""
        begun = self._clock.monotonic()
        told = [connection for connection in self._connections if connection.subprotocol.profile is Profile.V2]
        plan = dict(zip(told, slots(len(told), self._spread, self._longest), strict=True))
        self._tell_everyone(plan)
        for number, (connection, slot) in enumerate(plan.items(), 1):
            left = begun + slot.deadline - self._clock.monotonic()
            if left > 0 and self._empty.wait(left):
                return
            if connection in self._connections:
                dismiss(connection, GOODBYE)
            if number % BATCH == 0:
                gevent.sleep(0)

    def turn_away(self, connection: Connection) -> None:
        """Close one that was admitted before the departure and comes too late to be told with the others; v2 may come back behind them."""
        if connection.subprotocol.profile is Profile.V2:
            _tell(connection, Slot(self._spread, 0.0))
        dismiss(connection, GOODBYE)

    def _tell_everyone(self, plan: Mapping[Connection, Slot]) -> None:
        for number, connection in enumerate(list(self._connections), 1):
            slot = plan.get(connection)
            if slot is None:
                dismiss(connection, GOODBYE)
            else:
                _tell(connection, slot)
            if number % BATCH == 0:
                gevent.sleep(0)


def _tell(connection: Connection, slot: Slot) -> None:
    if connection.peer is not None:
        connection.peer.post(GoAway("draining", round(slot.deadline * 1000), round(slot.reconnect_after * 1000)))


def dismiss(connection: Connection, goodbye: Close) -> None:
    """Close one connection; by way of its PeerActor, so that it comes behind what that has still to say, if it lives."""
    if connection.peer is not None and not connection.peer.post(goodbye):
        connection.outbox.close(goodbye.code, goodbye.says)
