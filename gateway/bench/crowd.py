"""Crowd: many connections opened side by side: connect, handshake, register, until each has its answer."""

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

from gateway.bench.connection import PATIENCE, Address, Connection
from gateway.bench.dialect import Dialect
from gateway.bench.frames import client_frame
from gateway.bench.template import Unexpected
from gateway.bench.watch import Watch

__all__ = ["AT_ONCE", "Crowd", "Place"]

AT_ONCE = 200
"""Connections on their way at the same time, unless the scenario is about that: fewer than any server's backlog."""


class Place(NamedTuple):
    """Who a peer is, and in which group."""

    peer: str
    group: str


class Crowd:
    """Peers that have registered, in the order of their places. A context manager: all connections are ended behind it.

    Attributes:
        connections: all that are open.
        welcomes: what each was answered to its register.
        waited: seconds from each one's connect to that, in the order in which they were answered.
        busy: the share of the time that `open` had something to do.
    """

    def __init__(self, address: Address, dialect: Dialect, *, spin: bool = False) -> None:
        self._address = address
        self._dialect = dialect
        self._spin = spin
        self.connections: list[Connection] = []
        self.welcomes: list[bytes] = []
        self.waited: list[float] = []
        self.busy = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.vanish()

    def vanish(self) -> None:
        """End all connections, without a word."""
        while self.connections:
            self.connections.pop().vanish()

    def open(self, places: Sequence[Place], *, at_once: int = AT_ONCE, register: bool = True) -> None:
        """Open a connection for each place, `at_once` of them on their way at a time.

        Raises:
            Unexpected: one was refused, or the server did nothing for too long.
            OSError: there is nobody, or there are no more descriptors.

        """
        self.welcomes = [b""] * len(places)
        self.waited = []
        watch = Watch(spin=self._spin)
        began = time.perf_counter()
        arrivals: dict[int, Iterator[None]] = {}
        try:
            for number, place in enumerate(places):
                connection = Connection(self._address, number)
                self.connections.append(connection)
                watch.add(connection.descriptor, writable=True)
                arrivals[connection.descriptor] = self._arrive(connection, place, number, watch, register=register)
                while len(arrivals) >= at_once:
                    self._step(watch, arrivals)
            while arrivals:
                self._step(watch, arrivals)
        finally:
            self.busy = 1 - watch.idle / (time.perf_counter() - began)
            watch.close()

    def _step(self, watch: Watch, arrivals: dict[int, Iterator[None]]) -> None:
        events = watch.wait(time.perf_counter() + PATIENCE)
        if not events:
            raise Unexpected(f"{len(arrivals)} connections have had no answer for {PATIENCE:g} s")
        for descriptor, _ in events:
            if next(arrivals[descriptor], self) is self:
                watch.remove(descriptor)
                del arrivals[descriptor]

    def _arrive(self, connection: Connection, place: Place, number: int, watch: Watch, *, register: bool) -> Iterator[None]:
        """The way of one connection: goes on each time there is something to read, and ends with the answer."""
        began = time.perf_counter()
        connection.request(self._dialect.path(*place))
        watch.change(connection.descriptor, writable=False)
        yield
        while not connection.upgraded():
            yield
        if not register:
            return
        for hello in self._dialect.hello(*place):
            connection.write(client_frame(self._dialect.opcode, hello))
        if self._dialect.answers:
            yield from self._hear_welcome(connection, number)
        self.waited.append(time.perf_counter() - began)

    def _hear_welcome(self, connection: Connection, number: int) -> Iterator[None]:
        """Wait for the answer to a register. What else comes before it are the server's own words to the group, but no error."""
        read = False
        while True:
            for payload in connection.payloads(read=read):
                if not self.welcomes[number] and self._dialect.welcomes(payload):
                    self.welcomes[number] = payload
                elif not self.welcomes[number]:
                    self._dialect.read(payload)
            if self.welcomes[number]:
                return
            yield
            read = True
