"""A node of real actors on stand-ins, and calls to it as WSGI makes them."""

from typing import TYPE_CHECKING, Any, cast

import gevent

from actors.events import Message
from gateway.operator.autopsy import Autopsy
from gateway.operator.client import Client
from gateway.operator.metrics import Counts
from gateway.operator.node import Node
from gateway.reload import Reloaded
from tests.broker import Broker
from tests.gateway.test_routes import Answer

if TYPE_CHECKING:
    from actors.runtime import BrokerRef


class PromptDirectory:
    """Passes on what it is told, and has the actors run until they have answered."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def post(self, message: Message) -> bool:
        self._broker.directory.post(message)
        self._broker.run()
        return True


class SilentDirectory:
    """Takes every message and does nothing."""

    def post(self, message: Message) -> bool:
        return True


class DeadDirectory:
    """Has ended."""

    def post(self, message: Message) -> bool:
        return False


class Load:
    """The way to a client for whom so many bytes wait."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting


class Looks:
    """A stay of so many looks that takes no time; tells how long each pause would have been."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.pauses: list[float] = []

    def pause(self, seconds: float) -> bool:
        self.pauses.append(seconds)
        return len(self.pauses) < self._most


class Office:
    """What operators look into."""

    def __init__(self, directory: object = None) -> None:
        self.metrics = Counts()
        self.autopsy = Autopsy(self._now, self.metrics)
        self.broker = Broker(witness=self.autopsy)
        self.stops = 0
        self.reloads = 0
        self.reloaded = Reloaded("done", added=("acme",))
        self.ready = True
        self.clients = [Client("v1", "json", 7)]  # how everyone is connected
        self.loads: list[tuple[BrokerRef, Load]] = []
        self.node = Node(
            metrics=self.metrics,
            directory=cast("BrokerRef", directory or PromptDirectory(self.broker)),
            readiness=lambda: (self.ready, {"status": "accepting" if self.ready else "draining", "connections": 2}),
            connections=lambda: list(self.loads),
            waiting_actors=lambda: 3,
            connections_limit=100,
            memory_tight=lambda: False,
            tenants=lambda: {"": 2, "acme": 1},
            clients=lambda peers: {peer: client for peer in peers for client in self.clients},
            autopsy=self.autopsy,
            monotonic=self.broker.clock.monotonic,
            stop=self._stop,
            reload=self._reload,
        )

    def _now(self) -> float:
        return self.broker.clock.now

    def _reload(self) -> Reloaded:
        gevent.sleep(0)  # as a reload waits for the files that it reads
        self.reloads += 1
        return self.reloaded

    def _stop(self) -> None:
        self.stops += 1


def environ(path: str, method: str = "GET", **more: str) -> dict[str, Any]:
    """A request from this machine that may do everything."""
    own = {"HTTP_HOST": "127.0.0.1:8081", "CONTENT_TYPE": "application/json", "REMOTE_ADDR": "127.0.0.1"}
    return {"REQUEST_METHOD": method, "REQUEST_URI": path, **own, **more}


def answer_of(application: Any, request: dict[str, Any]) -> Answer:  # noqa: ANN401 - a WSGI callable
    """What a WSGI callable answers."""
    answer = Answer()
    answer.body = b"".join(application(request, answer.start))
    return answer
