"""Healthy pairs: what they say to each other has to arrive, all of it, in order, whatever the crowd does.

They also measure how long that takes.
"""

import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.integration.client import Client
from tests.integration.line import PATIENCE
from tests.integration.strict import Message

__all__ = ["Pairs", "percentile"]

KINDS = ("message", "message", "offer", "answer", "message")
BODIES = ("", "", "x" * 1200, "", "x" * 5000)


@dataclass
class Talker:
    """One half of a pair: what it has said, and what it has heard of the other."""

    client: Client
    partner: str
    said: int = 0
    heard: int = 0

    def speak(self, now: float) -> None:
        at = self.said % len(KINDS)
        self.client.say(KINDS[at], self.partner, [self.said, now, BODIES[at]])
        self.said += 1

    def listen(self, now: float) -> list[float]:
        """Take in what has come; return how long each message took, in seconds."""
        delays = []
        for message in self.client.heard():
            assert isinstance(message, Message), f"{self.client.peer_id} was closed: {message}"
            assert message.type in KINDS, message
            number, sent, _ = message.payload
            assert (message.source_id, number) == (self.partner, self.heard), f"expected number {self.heard}: {message}"
            self.heard += 1
            delays.append(now - sent)
        return delays


@dataclass
class Pairs:
    """Some pairs, each in a group of its own, that speak in turn at a fixed rate.

    Attributes:
        delays: of the messages that have arrived since they were taken last, in seconds: from before the sender's encoding to behind
            the receiver's decoding, so with what this process takes for both.
    """

    rate: float
    """Messages per second, of all pairs together."""

    delays: list[float] = field(default_factory=list)
    talkers: list[Talker] = field(default_factory=list)
    _turn: int = 0
    _next: float = 0.0

    def join(self, connect: Callable[[], Client], count: int) -> None:
        for number in range(count):
            names = (f"left {number}", f"right {number}")
            clients = [connect() for _ in names]
            for client, name in zip(clients, names, strict=True):
                client.register(name, f"pair {number}")
            clients[0].hear("peer_joined")
            self.talkers += [Talker(client, partner) for client, partner in zip(clients, reversed(names), strict=True)]
        self._next = time.monotonic()

    @property
    def said(self) -> int:
        return sum(talker.said for talker in self.talkers)

    @property
    def lost(self) -> int:
        """What was said and has not arrived; what is on its way counts as lost."""
        return self.said - sum(talker.heard for talker in self.talkers)

    def run(self, until: float) -> None:
        """Speak and listen up to this moment of the monotonic clock."""
        while (now := time.monotonic()) < until:
            if now >= self._next:
                # A process that was held up catches up by as much as a second, and forgets the rest.
                self._next = max(self._next, now - 1) + 1 / self.rate
                self.talkers[self._turn % len(self.talkers)].speak(now)
                self._turn += 1
            self.listen(min(until, self._next) - time.monotonic())

    def listen(self, seconds: float) -> None:
        """Wait for what comes first, so long at most, and take it in."""
        with selectors.DefaultSelector() as ears:
            for talker in self.talkers:
                ears.register(talker.client.line, selectors.EVENT_READ, talker)
            for key, _ in ears.select(max(0.0, seconds)):
                self.delays += key.data.listen(time.monotonic())

    def settle(self) -> None:
        """Wait for what is on its way. Raises AssertionError when some of it never comes."""
        deadline = time.monotonic() + PATIENCE
        while self.lost and time.monotonic() < deadline:
            self.listen(deadline - time.monotonic())
        assert self.lost == 0, f"{self.lost} of {self.said} relays of healthy pairs were lost"

    def take_delays(self) -> list[float]:
        """The delays since the last time, sorted."""
        delays, self.delays = sorted(self.delays), []
        return delays


def percentile(values: list[float], percent: float) -> float:
    """Of sorted values, the one that so many percent do not exceed; 0 of none."""
    return values[min(len(values) - 1, int(len(values) * percent / 100))] if values else 0.0
