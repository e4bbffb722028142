"""The events that wait for the application to read them. Bounded: who fills it waits, and so does the server behind it."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psync_signal.events import Event

__all__ = ["Inbox"]


class Inbox:
    """A queue with one reader and an end."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._events: deque[Event] = deque()
        self._end: Exception | None = None
        self._ended = False
        self._changed = asyncio.Event()

    @property
    def full(self) -> bool:
        """Whether it holds as many events as it may."""
        return len(self._events) >= self._bound

    async def put(self, event: "Event") -> None:
        """Add an event when there is room for it; what comes behind the end is dropped."""
        while self.full and not self._ended:
            await self._change()
        self.note(event)

    def note(self, event: "Event") -> None:
        """Add an event beyond the bound: the end of a connection, after which `put` has to wait for room before there are more."""
        if not self._ended:
            self._events.append(event)
            self._changed.set()

    def end(self, error: Exception | None = None) -> None:
        """Let the reader read what is there, and then find the end; with an error that is raised there. Only the first end counts."""
        if not self._ended:
            self._ended, self._end = True, error
            self._changed.set()

    async def get(self) -> "Event":
        """The next event.

        Raises:
            StopAsyncIteration: the end; or the error that it came with, as often as it is asked for.

        """
        while not self._events and not self._ended:
            await self._change()
        if self._events:
            event = self._events.popleft()
            self._changed.set()
            return event
        raise StopAsyncIteration if self._end is None else self._end

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
