"""What there is of everything at one moment, for operators and for tests that look for leaks: actors, mailboxes, greenlets, counts."""

import gc
from collections import Counter
from typing import Any

from greenlet import greenlet

from actors.runtime import BrokerActor
from gateway.operator.metrics import Counts

__all__ = ["state_of"]


def state_of(connections: int, counts: Counts) -> dict[str, Any]:
    """The state as the fields of a log line.

    The actors are those that exist, not those that are known: one that has ended and is still held by something is counted, too.
    """
    gc.collect()
    things = gc.get_objects()
    actors = [thing for thing in things if isinstance(thing, BrokerActor)]
    return {
        "connections": connections,
        "actors": dict(Counter(type(actor).__name__ for actor in actors)),
        "mailboxes": sum(len(actor.actor_inbox.unread) for actor in actors),
        "greenlets": sum(isinstance(thing, greenlet) for thing in things),
        "counts": counts.values(),
    }
