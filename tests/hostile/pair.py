"""Two ordinary clients that relay to each other all the time. Whatever is done to the server, they must not notice."""

import threading
import time
from types import TracebackType
from typing import Self

from tests.integration.client import Client
from tests.integration.line import PATIENCE, Line
from tests.integration.server import Server
from tests.integration.strict import Message

__all__ = ["PROMPT", "Pair"]

PROMPT = 1.0
"""Seconds that a relay may take, on a busy machine too. Functional: how fast relays are is for the benchmarks to say."""

INTERVAL = 0.02
"""Seconds from one round to the next: 50 messages a second each way, half of what `limits.messages_per_second` allows."""


class Pair:
    """A thread in which each of two clients sends the other a numbered message, and the next when both have come.

    So whatever else one of them hears fails the pair: a message twice or out of order, an error, a `peer_left`. A lost one fails it
    after PROMPT.

    Args:
        server: where they meet. Their connections are not among those that `Server.hang_up` closes.
        group: whose they are.
        secluded: whether nobody else comes to that group. If not, they let others come and go, but not each other.

    """

    def __init__(self, server: Server, group: str = "the healthy pair", *, secluded: bool = True) -> None:
        self._secluded = secluded
        self._one, self._other = self._clients = [_client(server) for _ in range(2)]
        self._rounds = 0
        self._slowest = 0.0
        self._began: float | None = None
        self._fault: BaseException | None = None
        self._news = threading.Condition()
        self._over = threading.Event()
        try:
            self._one.register("one of the pair", group)
            self._other.register("the other of the pair", group)
            self._next(self._one, "peer_joined")
        except BaseException:
            self._hang_up()
            raise
        self._thread = threading.Thread(target=self._relay, daemon=True)
        self._thread.start()

    def assert_healthy(self) -> None:
        """Fail unless every relay so far came within PROMPT, in order and once, and nothing else came."""
        with self._news:
            waits = 0.0 if self._began is None else time.monotonic() - self._began
            slowest = max(self._slowest, waits)
            assert self._fault is None, f"round {self._rounds + 1} failed: {self._fault!r}"
        assert slowest < PROMPT, f"a relay took {slowest:.2f} s"

    def assert_goes_on(self, rounds: int = 3) -> None:
        """Fail unless the round that is under way, and so many more, go as they should."""
        with self._news:
            enough = self._rounds + 1 + rounds
            self._news.wait_for(lambda: self._rounds >= enough or self._fault is not None, PATIENCE)
            assert self._rounds >= enough or self._fault is not None, "the pair has stopped"
        self.assert_healthy()

    def stop(self) -> None:
        """Leave; fail unless all was well, up to the last moment."""
        self._over.set()
        self._thread.join(2 * PATIENCE)
        try:
            self.assert_healthy()
            if self._secluded:
                for client in self._clients:
                    client.assert_silence()
        finally:
            self._hang_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, _value: BaseException | None, _traceback: TracebackType | None) -> None:
        """The attack is over: a few rounds more, then leave. When the test has failed already, its own reason is the one to tell."""
        if error is None:
            try:
                self.assert_goes_on()
            finally:
                self.stop()
        else:
            self._over.set()
            self._thread.join(2 * PATIENCE)
            self._hang_up()

    def _relay(self) -> None:
        try:
            while not self._over.wait(INTERVAL):
                self._round(self._rounds + 1)
        except BaseException as fault:  # noqa: BLE001 - it is told to the test's thread, by `assert_healthy`
            with self._news:
                self._fault = fault
                self._news.notify_all()

    def _round(self, number: int) -> None:
        self._began = began = time.monotonic()
        for speaker, hearer in ((self._one, self._other), (self._other, self._one)):
            speaker.say("message", hearer.peer_id, number)
        for speaker, hearer in ((self._one, self._other), (self._other, self._one)):
            message = self._next(hearer, "message")
            assert (message.source_id, message.payload) == (speaker.peer_id, number), message
        with self._news:
            self._slowest = max(self._slowest, time.monotonic() - began)
            self._began = None
            self._rounds = number
            self._news.notify_all()

    def _next(self, client: Client, type_: str) -> Message:
        message = client.next()
        while not self._secluded and message.type in {"peer_joined", "peer_left"} and message.peer not in self._names():
            message = client.next()
        assert message.type == type_, message
        return message

    def _names(self) -> set[str]:
        return {client.peer_id for client in self._clients}

    def _hang_up(self) -> None:
        for client in self._clients:
            client.close()


def _client(server: Server) -> Client:
    line = Line(("127.0.0.1", server.port), server.tls)
    try:
        return Client(line, f"{'wss' if server.tls else 'ws'}://127.0.0.1:{server.port}/ws")
    except BaseException:
        line.close()
        raise
