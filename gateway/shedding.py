"""Shedding: slow clients are closed for the memory that waits for them, one in each turn of the hub."""

from collections import deque
from collections.abc import Callable, Iterable

from actors.ports import Metrics
from actors.reasons import CloseCode
from gateway.outbox import Outbox

__all__ = ["Shedding"]


class Shedding:
    """Closes outboxes with 1013, in the order in which they were given.

    One in a turn, because all that waited in it is told to its senders: of many at once a sender could not read so much in time, and would
    be closed as a slow client itself; and the hub would stand still meanwhile.
    """

    def __init__(self, at_turn_end: Callable[[Callable[[], None]], None], metrics: Metrics) -> None:
        self._at_turn_end = at_turn_end
        self._metrics = metrics
        self._left: deque[Outbox] = deque()

    @property
    def under_way(self) -> bool:
        """Whether there are some that are still to be closed."""
        return bool(self._left)

    def begin(self, outboxes: Iterable[Outbox]) -> None:
        """Close these, behind those that are not closed yet; the first at the end of this turn."""
        idle = not self._left
        self._left.extend(outboxes)
        if idle and self._left:
            self._at_turn_end(self._next)

    def _next(self) -> None:
        outbox = self._left.popleft()
        if not outbox.closed:
            self._metrics.increment("memory_sheds")
            outbox.shed(CloseCode.TRY_LATER)
        if self._left:
            self._at_turn_end(self._next)
