"""Delivery: what other peers send to one client, in order; at once, or behind the answer that it must not overtake."""

from typing import TYPE_CHECKING

from actors.client import Client
from actors.events import Relayed, Undeliverable
from actors.messages import HoldExpired
from actors.pairing import HoldRules, Pairing
from actors.reasons import ErrorCode
from actors.runtime import Runtime, reminder
from actors.seat import Seat

if TYPE_CHECKING:
    from actors.ports import Timer, Witness

__all__ = ["SAMPLE", "Delivery"]

SAMPLE = 64
"""Of so many relays of a type the time of one is taken: all of them would be a twentieth of what a delivery costs."""

_HOLD_EXPIRED = HoldExpired()


class Delivery:
    """The way into one client's outbox.

    Guarantee: each message is handed to the outbox once, in the order of its sender, or its sender is told why not.
    """

    __slots__ = ("_armed", "_client", "_delivered", "_pairing", "_rules", "_runtime", "_seat", "_timer")

    def __init__(self, client: Client, seat: Seat, runtime: Runtime, rules: HoldRules | None) -> None:
        self._client = client
        self._seat = seat
        self._runtime = runtime
        self._rules = rules
        self._delivered = runtime.metrics.labels("deliveries")
        # Made when they are needed: without an offer nothing is held, and few peers ever hold something.
        self._pairing: Pairing | None = None
        self._timer: Timer | None = None
        self._armed = False

    def deliver(self, message: Relayed) -> None:
        """Hand a message over, or hold it."""
        if self._pairing is None and self._rules is not None and message.type == "offer":
            self._pairing = Pairing(self._rules)
        if self._pairing is None or self._pairing.passes(message):
            # As in `_hand_over`: a call would be a twentieth of what a relay costs here.
            refusal = self._client.outbox.send(message)
            if refusal is None:
                delivered = self._delivered[message.type] = self._delivered[message.type] + 1
                if not delivered % SAMPLE:
                    self._runtime.metrics.observe("relay_latency", self._runtime.clock.monotonic() - message.at)
                if self._runtime.witness is not None:
                    self._testify(self._runtime.witness, message)
            else:
                message.give_back(refusal, self._seat.peer_id)
            return
        overflow = self._pairing.hold(message)
        if overflow:
            self._runtime.metrics.increment("hold_overflows")
            self._hand_over_all(overflow)
        elif not self._armed:  # else for an earlier deadline, for all wait equally long
            self._arm(message.at)

    def failed(self, message: Undeliverable) -> None:
        """Something that this client sent did not get through: it is told, and so is who watches."""
        self._client.error(message.code, message.reference)
        if self._runtime.witness is not None:
            self._runtime.witness.refused(self._seat.key, self._seat.peer_id, message.reference, message.code)

    def answered(self, source_id: str) -> None:
        """The client's answer to `source_id` has passed: its candidates may."""
        if self._pairing is not None and (passed := self._pairing.release(source_id)):
            self._hand_over_all(passed)

    def left(self, source_id: str) -> None:
        """`source_id` has left: what was held for it comes before the client hears of that, and nothing of it after."""
        if self._pairing is not None:
            self._hand_over_all(self._pairing.forget(source_id))

    def expire(self, now: float) -> None:
        """No answer came in time: let the candidates pass."""
        self._armed = False
        if self._pairing is not None:
            late = self._pairing.expire(now)
            self._runtime.metrics.increment("hold_timeouts", by=len(late))
            self._hand_over_all(late)
            self._arm(now)

    def give_back(self) -> None:
        """The client leaves its group, or joins it anew: whoever sent something that is still held is told."""
        self._armed = False
        if self._timer is not None:
            self._timer.stop()
        if self._pairing is not None:
            for held in self._pairing.clear():
                held.give_back(ErrorCode.UNDELIVERED, self._seat.peer_id)

    def _hand_over(self, message: Relayed) -> None:
        refusal = self._client.outbox.send(message)
        if refusal is None:
            self._delivered[message.type] += 1
            if self._runtime.witness is not None:
                self._testify(self._runtime.witness, message)
        else:
            # Named, for a message to the whole group reaches some and not others.
            message.give_back(refusal, self._seat.peer_id)

    def _testify(self, witness: "Witness", message: Relayed) -> None:
        if message.type != "message":
            witness.delivered(self._seat.key, message, self._seat.peer_id)

    def _hand_over_all(self, messages: list[Relayed]) -> None:
        for message in messages:
            self._hand_over(message)

    def _arm(self, now: float) -> None:
        deadline = self._pairing.next_deadline() if self._pairing is not None else None
        if deadline is None:
            return
        if self._timer is None:
            self._timer = reminder(self._runtime.scheduler, self._seat.peer, _HOLD_EXPIRED)
        self._timer.start(max(0.0, deadline - now))
        self._armed = True
