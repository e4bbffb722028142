"""Which early candidates wait for which answer, as one peer sees those who offer to it. Pure; time is an argument.

The daemon in the field loses candidates that reach it before it has handled the offer; its answer is the sign that it has. So after an
offer the candidates of the same sender are held until the answer has passed (`docs/protocol.md`: Guarantees, 5). What follows a held
candidate from the same sender is held behind it, whatever it is: order between two peers is never changed.
"""

from typing import NamedTuple

from actors.events import Relayed

__all__ = ["HoldRules", "Pairing"]


class HoldRules(NamedTuple):
    """What may wait for the answers of one peer; one message more lets all of its sender pass.

    `messages` of each sender; `size`, bytes of payload of all senders together; the oldest waits `seconds` at most.
    """

    messages: int
    size: int
    seconds: float


class _Hold:
    """What waits for the answer to one sender's offer, since the first of it came."""

    __slots__ = ("frames", "since", "size")

    def __init__(self, since: float) -> None:
        self.frames: list[Relayed] = []
        self.since = since
        self.size = 0


class Pairing:
    """The open offers to one peer, by sender. At most one entry for each member of the group, each bounded.

    Times are those of `Relayed.at`.
    """

    __slots__ = ("_open", "_rules", "_size")

    def __init__(self, rules: HoldRules) -> None:
        self._rules = rules
        self._open: dict[str, _Hold | None] = {}  # None: nothing is held yet, which is how most offers end
        self._size = 0

    def passes(self, message: Relayed) -> bool:
        """Whether `message` may be handed over now: then it has passed, and an offer is open. If not, it is to be held."""
        source_id = message.source_id
        if message.type == "offer":
            if self._open.get(source_id) is not None:
                return False
            self._open[source_id] = None
            return True
        if source_id not in self._open:
            return True
        return message.type != "candidate" and self._open[source_id] is None

    def hold(self, message: Relayed) -> list[Relayed]:
        """Hold what does not pass. What comes back is to be handed over now, in order: all of its sender, when it is too much."""
        hold = self._open[message.source_id]
        if hold is None:
            hold = self._open[message.source_id] = _Hold(message.at)
        size = len(message.payload or b"")
        hold.frames.append(message)
        hold.size += size
        self._size += size
        too_much = len(hold.frames) > self._rules.messages or self._size > self._rules.size
        return self.release(message.source_id) if too_much else []

    def release(self, source_id: str) -> list[Relayed]:
        """The answer to `source_id` has passed: what was held for it, in order.

        A second offer may stand behind the candidates of the first: what follows it waits for the next answer, within the same second.
        """
        hold = self._close(source_id)
        if hold is None:
            return []
        passed: list[Relayed] = []
        for frame in hold.frames:
            passed += [frame] if self.passes(frame) else self.hold(frame)
        again = self._open.get(source_id)
        if again is not None:
            again.since = hold.since
        return passed

    def forget(self, source_id: str) -> list[Relayed]:
        """`source_id` has left the group: what was held for it, in order; no offer of it is open any more."""
        hold = self._close(source_id)
        return [] if hold is None else hold.frames

    def expire(self, now: float) -> list[Relayed]:
        """What has been held for its whole time, in order for each sender."""
        late = [source_id for source_id, hold in self._open.items() if hold and hold.since + self._rules.seconds <= now]
        passed = [frame for source_id in late for frame in self.release(source_id)]
        # Each round lets one offer pass, at least; what stands behind it is as late.
        return passed + self.expire(now) if passed else passed

    def next_deadline(self) -> float | None:
        """When `expire` has something to do; None while nothing is held."""
        return min((hold.since + self._rules.seconds for hold in self._open.values() if hold), default=None)

    def clear(self) -> list[Relayed]:
        """The peer is going: everything that was held and will not be handed over."""
        held = [frame for hold in self._open.values() if hold for frame in hold.frames]
        self._open.clear()
        self._size = 0
        return held

    def _close(self, source_id: str) -> _Hold | None:
        hold = self._open.pop(source_id, None)
        if hold is not None:
            self._size -= hold.size
        return hold
