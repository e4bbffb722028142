"""Events: what a console is told while it looks, as server-sent events (WHATWG HTML, section 9.2): `figures`, and the list that it shows.

A list is told when it is not what was told before; figures always, so that each side notices when the other has gone.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from gateway.answer import StartResponse
from gateway.operator.call import Fault
from gateway.operator.figures import Figures
from gateway.operator.inquiry import Unanswered
from gateway.operator.listings import Listings
from gateway.operator.node import Node
from gateway.operator.view import View

__all__ = ["STREAMS", "Events", "Stream"]

STREAMS = 4
"""Consoles at once. Each holds one of the requests that the listener answers at a time."""

INTERVAL = 1.0
"""Seconds between two looks, at least."""

THRIFT = 200
"""How many times the processor time of a look the pause behind it is, at least: a console has the hub for 0.5 % of the time, whatever it
sees. What others did meanwhile counts as well: where there is much to do, consoles have to wait."""

LONGEST = 5.0
"""Seconds between two looks, at most: else nobody could tell a busy server from one that is gone."""

TYPE = "text/event-stream"


class Pause(Protocol):
    """How a stream waits (`gateway.operator.stay.Stay`)."""

    def pause(self, seconds: float) -> bool:
        """Wait; False: tell nothing more."""


class Events:
    """The streams of a node, counted."""

    def __init__(self, node: Node, figures: Figures, listings: Listings, timer: Callable[[], float] = time.thread_time) -> None:
        self._node = node
        self._figures = figures
        self._listings = listings
        self._timer = timer

    def open(self, view: View) -> "Stream":
        """A stream that tells of `view`. It counts once it tells.

        Raises:
            Fault: there are as many as may be.

        """
        if self._node.metrics.value("operator_streams") >= STREAMS:
            says = f"{STREAMS} consoles are open already; close one, or wait: a console that nobody sees ends its stream"
            raise Fault("503 Service Unavailable", "", says, ("Retry-After", "5"))
        return Stream(self, view)

    def parts(self, view: View, stay: Pause) -> Iterator[bytes]:
        """What is told, look by look, until `stay` ends or the client goes."""
        told: dict[str, str] = {}
        self._node.metrics.increment("operator_streams")
        try:
            goes_on = True
            while goes_on:
                begun = self._timer()
                seen = self._look(view)
                spent = self._timer() - begun
                yield "".join(_event(name, text) for name, text in seen.items() if name == "figures" or told.get(name) != text).encode()
                told = seen
                goes_on = stay.pause(min(max(INTERVAL, THRIFT * spent), LONGEST))
        finally:
            self._node.metrics.increment("operator_streams", by=-1)

    def _look(self, view: View) -> dict[str, str]:
        seen: dict[str, Any] = {"figures": self._figures.read()}
        try:
            name, listed = view.look(self._listings, self._node.autopsy, self._node.monotonic())
            seen[name] = listed
        except Unanswered as unanswered:
            seen["fault"] = {"message": str(unanswered)}
        return {name: json.dumps(what) for name, what in seen.items()}


class Stream:
    """The answer to a call for events."""

    def __init__(self, events: Events, view: View) -> None:
        self._events = events
        self._view = view

    status = "200 OK"

    def send(self, method: str, stay: Pause, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333): the headers, then each look when it is due."""
        start_response(self.status, [("Content-Type", TYPE), ("Cache-Control", "no-store"), ("Connection", "close")])
        return () if method == "HEAD" else self._events.parts(self._view, stay)


def _event(name: str, text: str) -> str:
    return f"event: {name}\ndata: {text}\n\n"
