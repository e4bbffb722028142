"""What the outside supplies to the actors: time, turns, an outbox for each connection, the backplane, metrics.

The gateway implements each port for production and `tests/doubles.py` for unit tests; the actors know nothing of either.
"""

from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, Protocol

from actors.reasons import CloseCode, ErrorCode

if TYPE_CHECKING:
    from actors.events import Event, Reference, Relayed
    from actors.messages import GroupKey, GroupRef

__all__ = ["Backplane", "Clock", "IceServers", "Metrics", "Outbox", "Runnable", "Scheduler", "Timer", "Witness"]


class Clock(Protocol):
    """Two clocks: one to measure with, one to tell people the time."""

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back. Every deadline is judged by it."""

    def wall(self) -> float:
        """Seconds since the epoch, as people set it. Nothing expires by it but a token, which speaks of it."""


class Runnable(Protocol):
    """What a Scheduler runs: an actor that has messages."""

    def drain(self) -> None:
        """Handle what is in the mailbox, up to the bound of one turn. Never raises, never blocks."""


class Timer(Protocol):
    """One deadline that can be set, moved and dropped."""

    def start(self, seconds: float) -> None:
        """Call back once, `seconds` from now; replaces a deadline set before."""

    def stop(self) -> None:
        """Drop the deadline, if one is set. May be called at any time, also twice."""


class Scheduler(Protocol):
    """Gives actors their turns and their deadlines, one at a time: no two actors ever run at once."""

    def ready(self, runnable: Runnable) -> None:
        """Run `runnable.drain()` once, soon, after those that were ready before it."""

    def timer(self, callback: Callable[..., object], *arguments: object) -> Timer:
        """A timer, not yet started, that calls `callback` with `arguments` between turns. It must not raise."""


class Outbox(Protocol):
    """The way to one client. Bounded: what it cannot take it says at once."""

    def send(self, event: "Event") -> ErrorCode | None:
        """Take the event for the client, after all that was taken before it; at most once.

        Returns:
            None: taken, and written in order unless the connection ends first.
            `SLOW_PEER`: not taken; the outbox is at its bound and the connection is being closed with 4413.
            `UNDELIVERED`: not taken; the connection is closing already.
            `UNREPRESENTABLE`: not taken; the payload has no form in the client's encoding.

        """

    def ping(self) -> None:
        """Ask the client for a pong, after all that was taken before."""

    def close(self, code: CloseCode, says: str = "") -> None:
        """Send what was taken before, then a close frame, then end the connection; later sends are refused. May be called twice."""


class Backplane(Protocol):
    """Where groups have their one total order of joins and reach members that live elsewhere.

    The contract that every backplane passes is `tests/contract/`.
    """

    def attach(self, key: "GroupKey", group: "GroupRef") -> None:
        """Make `group` the one owner of `key` on this node, in the place of one that has failed or for the first time.

        Raises:
            GroupConflict: another living actor owns it.

        """

    def detach(self, key: "GroupKey", group: "GroupRef") -> None:
        """The group has ended: keep nothing of it. Does nothing when `group` is not the owner of `key`."""

    def place(self, key: "GroupKey") -> int:
        """The next place in the group's total order of joins: larger than every one since the group began, whichever actor asked."""


class IceServers(Protocol):
    """The ICE servers of a tenant, which a client's own WebRTC asks for its way through NAT."""

    def __call__(self, peer_id: str, now: float) -> bytes:
        """The list for a peer as JSON text, with credentials that are good from `now`, in seconds since the epoch. Never raises."""


class Witness(Protocol):
    """Sees what passes between two peers, for operators. It must neither raise nor keep a payload."""

    def delivered(self, key: "GroupKey", message: "Relayed", target_id: str) -> None:
        """An offer, answer or candidate was handed to the outbox of its target."""

    def refused(self, key: "GroupKey", source_id: str, reference: "Reference", code: ErrorCode) -> None:
        """A message of `source_id` did not get through, and it is told so."""


class Metrics(Protocol):
    """Counts. Names and labels are those of the one table in the gateway."""

    def increment(self, name: str, label: str = "", by: int = 1) -> None:
        """Add `by` (negative for a gauge that falls)."""

    def observe(self, name: str, seconds: float) -> None:
        """Count one more time that something took."""

    def labels(self, name: str) -> MutableMapping[str, int]:
        """The counts of one metric by label, for the hot path: `labels[label] += 1`. A label that is new counts from 0."""
