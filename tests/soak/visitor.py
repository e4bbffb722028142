"""A visitor: one client of the crowd, and the script that it follows."""

import time
from collections import deque
from collections.abc import Callable, Generator
from random import Random
from typing import TypeAlias

from tests.integration.client import Client, PackedClient
from tests.integration.line import PATIENCE, Closed, Line
from tests.integration.strict import Message

__all__ = ["Script", "Visitor", "Wait"]

Wait: TypeAlias = Generator[float, None, None]
"""Yields how many seconds to wait, at most: it goes on as soon as something has come."""

Script: TypeAlias = Callable[["Visitor"], Wait]


class Visitor:
    """Connects when its script wants it to. Whatever is heard is read strictly; a deaf one reads nothing, and so answers no ping."""

    def __init__(self, port: int, random: Random, script: Script) -> None:
        self.random = random
        self.name = script.__name__
        self.client: Client | None = None
        self.is_deaf = False
        self.due = 0.0
        self._port = port
        self._inbox: deque[Message | Closed] = deque()
        self._script = script(self)

    # --- For who runs it ---

    def step(self) -> bool:
        """Go on; whether there is more to come. Raises AssertionError when something is not as its script says."""
        try:
            self.due = time.monotonic() + next(self._script)
        except StopIteration:
            self.hang_up()
            return False
        except AssertionError as error:
            error.add_note(f"in the script {self.name!r}")
            raise
        return True

    def attend(self) -> None:
        """Take in what has come."""
        if self.client is not None:
            self._inbox.extend(self.client.heard())

    # --- For its script ---

    def connect(self) -> Client:
        """Shake hands, in one of the two encodings."""
        kind = self.random.choice((Client, PackedClient))
        self.client = kind(self.line(), f"ws://127.0.0.1:{self._port}/ws")
        return self.client

    def line(self) -> Line:
        """A bare connection, which is the script's to end."""
        return Line(("127.0.0.1", self._port))

    def hang_up(self, *, reset: bool = False) -> None:
        """End without a word: with a FIN, or a RST."""
        client, self.client = self.client, None
        if client is not None:
            if reset:
                client.line.reset()
            else:
                client.close()
        self._inbox.clear()

    def hear(self, *types: str) -> Generator[float, None, Message]:
        """The next message of one of these types; others pass."""
        deadline = time.monotonic() + PATIENCE
        passed: list[Message] = []
        while True:
            while self._inbox:
                message = self._inbox.popleft()
                assert isinstance(message, Message), f"{message}, expected {types}"
                if message.type in types:
                    return message
                passed.append(message)
            assert time.monotonic() < deadline, f"nothing of {types} within {PATIENCE} s; the last that came: {passed[-3:]}"
            yield deadline - time.monotonic()

    def closed(self, *codes: int) -> Wait:
        """Wait for the close frame; messages pass."""
        assert (yield from self.is_closed(PATIENCE, *codes)), f"not closed within {PATIENCE} s"

    def is_closed(self, within: float, *codes: int) -> Generator[float, None, bool]:
        """Whether the close frame comes within so many seconds; messages pass."""
        deadline = time.monotonic() + within
        while True:
            while self._inbox:
                message = self._inbox.popleft()
                if isinstance(message, Closed):
                    assert message.code in codes, message
                    return True
            if time.monotonic() >= deadline:
                return False
            yield deadline - time.monotonic()

    def rest(self, least: float, most: float) -> Wait:
        """Answer pings for some seconds; messages pass."""
        end = time.monotonic() + self.random.uniform(least, most)
        while (left := end - time.monotonic()) > 0:
            yield left
            while self._inbox:
                message = self._inbox.popleft()
                assert isinstance(message, Message), message

    def be_deaf(self, seconds: float) -> Wait:
        """Read nothing for some seconds."""
        self.is_deaf = True
        yield from self.rest(seconds, seconds)
        self.is_deaf = False
