"""Resume: what is kept for a client whose connection was lost, until it is back or its window is over. Pure, but for telling senders.

Bounds: `ResumeRules`, for what other peers send and for the answers to what the client had sent. Who came and went is bounded by the size
of the group: a join and the leave that follows it cancel out, so that of each peer one leave and one join are kept at most.
"""

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from actors.events import Ack, AckStatus, ErrorEvent, Event, PeerJoined, PeerLeft, Relayed
from actors.ports import Metrics
from actors.reasons import CloseCode, ErrorCode

__all__ = ["ResumeQueue", "ResumeRules"]


class ResumeRules(NamedTuple):
    """A place is kept for `window` seconds, with at most `messages` and `size` bytes of payload. A window of 0: not at all."""

    window: float
    messages: int
    size: int


class ResumeQueue:
    """Stands in the place of the outbox of a client that is not there (`actors.ports.Outbox`).

    Attributes:
        overflowed: whether something was dropped of which nobody but this client can be told: it may not resume as if nothing were missing.

    """

    __slots__ = ("_events", "_messages", "_metrics", "_rules", "_size", "overflowed")

    def __init__(self, rules: ResumeRules, metrics: Metrics) -> None:
        self._rules = rules
        self._metrics = metrics
        self._events: list[Event] = []
        self._messages = 0
        self._size = 0
        self.overflowed = False

    def send(self, event: Event) -> ErrorCode | None:
        """Keep an event. `SLOW_PEER`: a message that there is no room for. Not a list: the one that comes with a resume is newer."""
        if isinstance(event, Relayed):
            return self._keep_message(event)
        if isinstance(event, PeerLeft):
            self._keep_left(event)
        elif isinstance(event, PeerJoined):
            self._events.append(event)
        elif isinstance(event, Ack | ErrorEvent):
            self._keep_answer(event)
        return None

    def ping(self) -> None:
        """Nobody is there to answer."""

    def close(self, code: CloseCode, says: str = "") -> None:
        """There is nothing to close."""

    def take(self) -> tuple[Event, ...]:
        """What was kept, in order; it is the caller's from now on."""
        events, self._events = tuple(self._events), []
        self._messages = self._size = 0
        return events

    def _keep_message(self, message: Relayed) -> ErrorCode | None:
        if message.type == "offer":
            self._forget_offer(message.source_id)
        size = len(message.payload or b"")
        if not self._has_room(size):
            return ErrorCode.SLOW_PEER
        if message.acked:
            message.acknowledge(AckStatus.QUEUED)
        # Without what was encoded for others: it would be kept here for the whole window, and is not counted.
        self._events.append(replace(message, acked=False, frames=None if message.frames is None else {}))
        self._messages += 1
        self._size += size
        self._metrics.increment("resume_queued")
        return None

    def _keep_answer(self, event: Ack | ErrorEvent) -> None:
        if self._has_room(0):
            self._events.append(event)
            self._messages += 1
        else:
            self.overflowed = True

    def _has_room(self, size: int) -> bool:
        has_room = self._messages < self._rules.messages and self._size + size <= self._rules.size
        if not has_room:
            self._metrics.increment("resume_overflows")
        return has_room

    def _forget_offer(self, source_id: str) -> None:
        """A sender offers anew: its older offer, and the candidates that belong to that, are of no use to anybody any more."""
        place = self._last(lambda event: isinstance(event, Relayed) and event.type == "offer" and event.source_id == source_id)
        if place is not None:
            self._drop(place, lambda event: event.source_id == source_id and event.type in {"offer", "candidate"})

    def _keep_left(self, event: PeerLeft) -> None:
        """A peer that came and went meanwhile was never there for this client, nor was what it said."""
        peer_id = event.peer.id
        place = self._last(lambda kept: isinstance(kept, PeerJoined) and kept.peer.id == peer_id)
        if place is None:
            self._events.append(event)
        else:
            del self._events[place]
            self._drop(place, lambda kept: kept.source_id == peer_id)

    def _last(self, fits: Callable[[Event], bool]) -> int | None:
        return next((place for place in range(len(self._events) - 1, -1, -1) if fits(self._events[place])), None)

    def _drop(self, start: int, fits: Callable[[Relayed], bool]) -> None:
        """Drop the messages from `start` on that fit. Their sender is told, where it can tell by an id of which."""
        kept, self._events = self._events[start:], self._events[:start]
        for event in kept:
            if isinstance(event, Relayed) and fits(event):
                self._messages -= 1
                self._size -= len(event.payload or b"")
                if event.id is not None:
                    event.give_back(ErrorCode.UNDELIVERED)
            else:
                self._events.append(event)
