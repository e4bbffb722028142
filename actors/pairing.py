"""Which early candidates wait for which answer, as one peer sees those who offer to it. Pure; time is an argument.

The daemon in the field loses candidates that reach it before it has handled the offer; its answer is the sign that it has. So after an
offer the candidates of the same sender are held until the answer has passed (`docs/protocol.md`: Guarantees, 5). What follows a held
candidate from the same sender is held behind it, whatever it is: order between two peers is never changed.
"""

from typing import NamedTuple

from actors.events import Relayed

__all__ = ["HoldRules", "Pairing"]


class HoldRules(NamedTuple):
    """For each sender: `messages` are held at most, one more lets all of them pass; the oldest waits `seconds` at most."""

    messages: int
    seconds: float


class _Hold:
    """What waits for the answer to one sender's offer."""

    __slots__ = ("frames", "since")

    def __init__(self) -> None:
        self.frames: list[Relayed] = []
        self.since = 0.0


class Pairing:
    """The open offers to one peer, by sender. At most one entry for each member of the group, each bounded."""

    __slots__ = ("_open", "_rules")

    def __init__(self, rules: HoldRules) -> None:
        self._rules = rules
        self._open: dict[str, _Hold] = {}

    def pass_or_hold(self, message: Relayed, now: float) -> list[Relayed]:
        """The messages to hand over now, in order: none while `message` is held, several when it fills the hold."""
        hold = self._open.get(message.source_id)
        if message.type == "offer" and (hold is None or not hold.frames):
            self._open[message.source_id] = _Hold()
            return [message]
        if hold is None or not (hold.frames or message.type == "candidate"):
            return [message]
        if not hold.frames:
            hold.since = now
        hold.frames.append(message)
        if len(hold.frames) <= self._rules.messages:
            return []
        return self.release(message.source_id)

    def release(self, source_id: str) -> list[Relayed]:
        """The answer to `source_id` has passed: what was held for it, in order.

        A second offer may stand behind the candidates of the first: what follows it waits for the next answer, within the same second.
        """
        hold = self._open.pop(source_id, None)
        if hold is None:
            return []
        return [passed for frame in hold.frames for passed in self.pass_or_hold(frame, hold.since)]

    def forget(self, source_id: str) -> list[Relayed]:
        """`source_id` has left the group: what was held for it, in order; no offer of it is open any more."""
        hold = self._open.pop(source_id, None)
        return [] if hold is None else hold.frames

    def expire(self, now: float) -> list[Relayed]:
        """What has been held for its whole time, in order for each sender."""
        late = [source_id for source_id, hold in self._open.items() if hold.frames and hold.since + self._rules.seconds <= now]
        passed = [frame for source_id in late for frame in self.release(source_id)]
        # Each round lets one offer pass, at least; what stands behind it is as late.
        return passed + self.expire(now) if passed else passed

    def next_deadline(self) -> float | None:
        """When `expire` has something to do, on the clock that `pass_or_hold` was given; None while nothing is held."""
        return min((hold.since + self._rules.seconds for hold in self._open.values() if hold.frames), default=None)

    def clear(self) -> list[Relayed]:
        """The peer is going: everything that was held and will not be handed over."""
        held = [frame for hold in self._open.values() for frame in hold.frames]
        self._open.clear()
        return held
