"""Watch: epoll for the generator, and how much of the time it had nothing to do."""

import select
import time
from collections.abc import Callable

__all__ = ["Watch"]

MOST_EVENTS = 256
"""Sockets that are looked at between two looks at the clock."""

_MILLISECOND = 0.001

READABLE = select.EPOLLIN
WRITABLE = select.EPOLLIN | select.EPOLLOUT


class Watch:
    """What can be read now.

    Args:
        spin: never sleep. Whoever wakes a sleeper pays for it, and that would be the server: its `send` would cost it an interrupt of the
            generator's processor, which no client on another machine costs it. For a generator that has a processor to itself.

    Attributes:
        idle: seconds with nothing to do, since the start.
    """

    def __init__(self, *, spin: bool) -> None:
        self._epoll = select.epoll()
        self._spin = spin
        self.idle = 0.0

    def add(self, descriptor: int, *, writable: bool = False) -> None:
        """Watch a socket for what it says, and for whether it can be written."""
        self._epoll.register(descriptor, WRITABLE if writable else READABLE)

    def change(self, descriptor: int, *, writable: bool) -> None:
        """Watch for this from now on."""
        self._epoll.modify(descriptor, WRITABLE if writable else READABLE)

    def remove(self, descriptor: int) -> None:
        """Watch it no more."""
        self._epoll.unregister(descriptor)

    def close(self) -> None:
        """Give the descriptor back."""
        self._epoll.close()

    def wait(self, until: float, now: Callable[[], float] = time.perf_counter) -> list[tuple[int, int]]:
        """The descriptors that are ready, with their events; none when the time is `until`."""
        events = self._epoll.poll(0, MOST_EVENTS)
        if events:
            return events
        began = at = now()
        while not events and at < until:
            # Python's epoll rounds up to the next millisecond: who sleeps is up in time, and spins for the rest.
            events = self._epoll.poll(0 if self._spin else max(0.0, until - at - _MILLISECOND), MOST_EVENTS)
            at = now()
        self.idle += at - began
        return events
