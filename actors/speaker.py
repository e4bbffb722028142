"""Speaker: the half of a PeerActor that listens to its client: what the client may say when, and what comes of it; and the end.

While it is JOINING or LEAVING, what the client sends waits in order (`Client.keep`), so that a client may send `register` and an `offer` in
one go, and nothing of one group can be taken for the other's. Its end waits behind that: what it said before is still delivered.

Identity is stamped here: a relay carries the id that this connection registered, whatever the client wrote.
"""

from typing import ClassVar

from actors.client import Client
from actors.conduct import Conduct
from actors.delivery import Delivery
from actors.events import Message, Relayed
from actors.liveness import Liveness
from actors.messages import (
    BadMessage,
    Close,
    Heartbeat,
    Inbound,
    Leave,
    Lost,
    Ping,
    Pong,
    Register,
    Relay,
    Tick,
)
from actors.peer_rules import PeerRules
from actors.ports import Outbox
from actors.reasons import CloseCode, ErrorCode, LeaveReason
from actors.runtime import BrokerActor, BrokerRef, Runtime, handles
from actors.seat import Seat, State
from actors.terms import Terms
from actors.unlisted import heard_by
from actors.watch import Watch

__all__ = ["Speaker"]

# To look a member up in its enum costs 0.1 us in Python 3.11, five times in each relay.
_NEW, _JOINING, _JOINED, _LEAVING, _GONE = State
_TICK = Tick()


class Speaker(BrokerActor):
    """A connection and what its client says; what is told to the client is the PeerActor's."""

    _acks: ClassVar[bool] = False  # whether a client hears of what went well, too

    def __init__(self, runtime: Runtime, directory: BrokerRef, outbox: Outbox, terms: Terms, rules: PeerRules) -> None:
        super().__init__(runtime, directory)
        now = runtime.clock.monotonic()
        self._clock = runtime.clock
        self._client = Client(heard_by(terms.grant, outbox), Conduct(rules.conduct), runtime.metrics)
        self._seat = Seat(self.ref, directory, terms)
        self._watch = Watch(self._client, self._seat, Liveness(rules.liveness, now), self.later(_TICK), runtime.clock, runtime.metrics)
        self._delivery = Delivery(self._client, self._seat, runtime, rules.hold)
        self._state = _NEW
        self._heard_at = now
        self._next: Register | None = None

    def on_start(self) -> None:
        """Watch the client from the first moment."""
        self._watch.start()

    # --- From the client ---

    @handles(Relay)
    def relay(self, message: Relay) -> None:
        """An offer, answer, candidate or message: the hot path."""
        if self._hear(message, message.size):
            if self._state is _JOINED:
                self._relay(message)
            else:
                self._act(message)

    @handles(Register, Heartbeat, Leave, BadMessage)
    def receive(self, message: Inbound) -> None:
        """Everything else that a client says."""
        if self._hear(message):
            self._act(message)

    @handles(Ping, Pong)
    def heard(self, message: Ping | Pong) -> None:
        """A sign of life, and no more. It counts against the rate: a pong, too, can be sent without being asked for."""
        if self._hear(message) and self._state is _JOINED:
            self._seat.seen()

    def _hear(self, message: Inbound | Ping | Pong, size: int = 0) -> bool:
        """A sign of life. False when the message is not to be acted on, and the client has been told so."""
        if self._state is _GONE:
            return False
        now = self._clock.monotonic()
        self._heard_at = now
        if self._watch.heard(now) or type(message) is Pong:
            # Who leaves neither comes back for that nor answers a challenge: the newcomer may have the id.
            joined = self._state is _JOINED and type(message) is not Leave
            self._watch.answer(now, joined=joined, pong=type(message) is Pong)
        wait_ms = self._client.conduct.message(now, size)
        if not wait_ms:
            return True
        verdict = self._client.too_fast(now, message, wait_ms)
        if verdict is not None:
            self._close(verdict[0], LeaveReason.LOST, verdict[1])
        return False

    def _act(self, message: Inbound | Lost) -> None:
        if isinstance(message, Lost):
            self._part(message)
        elif self._state is _GONE:
            return  # closed by a message that waited in line before this one
        elif self._state is _JOINING or self._state is _LEAVING:
            self._client.keep(message)
        elif isinstance(message, Register):
            self._register(message)
        elif isinstance(message, BadMessage):
            self._client.error(message.code, message.about, message.says, message.retry_after_ms)
            if message.fault:
                self._fault()
        elif isinstance(message, Relay):
            self._relay(message)
        elif self._speaks_for_itself(message):
            self._serve(message)

    def _serve(self, message: Heartbeat | Leave) -> None:
        if isinstance(message, Heartbeat):
            self._seat.seen()
        else:
            self._leave(LeaveReason.LEFT)
            self._state = _LEAVING

    def _register(self, message: Register) -> None:
        if not self._client.may_register(self._clock.monotonic(), message.reference()):
            return
        barred = self._seat.bars(message)
        if barred is not None:
            self._client.error(ErrorCode.NOT_ALLOWED, message.reference(), barred)
            return
        self._runtime.metrics.increment("registers")
        if self._state is _NEW:
            self._state = _JOINING
            self._seat.ask(message)
        elif not self._seat.is_for(message):
            self._leave(LeaveReason.LEFT)
            self._state, self._next = _LEAVING, message
        elif not self._seat.refresh(message):
            self._client.error(ErrorCode.UNAVAILABLE, message.reference())

    def _relay(self, message: Relay) -> None:
        if (message.source_id is not None or self._state is not _JOINED) and not self._speaks_for_itself(message):
            return
        target_id, type_ = message.target_id, message.type
        frames: dict[str, bytes] | None = {} if target_id is None else None
        seat, id_, acked = self._seat, message.id, self._acks and message.id is not None
        if seat.curbs is not None and self._client.lacks(seat.curbs, message):
            return
        if not seat.tell(
            Relayed(type_, seat.peer_id, target_id, message.payload, message.format, self._actor_ref, id_, frames, self._heard_at, acked)
        ):
            self._client.error(ErrorCode.UNAVAILABLE, message.reference())
        elif type_ == "answer" and target_id is not None:
            self._delivery.answered(target_id)

    def _speaks_for_itself(self, message: Relay | Heartbeat | Leave) -> bool:
        if self._state is not _JOINED:
            self._client.error(ErrorCode.NOT_REGISTERED, message.reference())
            return False
        if message.source_id is not None and message.source_id != self._seat.peer_id:
            self._client.error(ErrorCode.SOURCE_MISMATCH, message.reference())
            self._fault()
            return False
        return True

    # --- Deadlines ---

    @handles(Tick)
    def tick(self, _message: Tick) -> None:
        """A deadline may have come."""
        verdict = None if self._state is _GONE else self._watch.check(self._clock.monotonic(), joined=self._state is _JOINED)
        if verdict is not None:
            self._close(verdict[0], LeaveReason.LOST, verdict[1])

    # --- The end ---

    @handles(Lost)
    def lost(self, message: Lost) -> None:
        """The connection is no more, and neither is this actor, once it has acted on what the client said before."""
        if self._state not in (_JOINING, _LEAVING) or not self._client.keep_last(message):
            self._part(message)

    def _part(self, message: Lost) -> None:
        self._leave(message.reason)
        self._state = _GONE
        self._watch.stop()
        self.end()

    @handles(Close)
    def close(self, message: Close) -> None:
        """An operator or a drain ends the connection. In a drain (`reason` None) the others are not told: they are going too."""
        if self._state is not _GONE:
            self._close(message.code, message.reason, message.says)

    def _close(self, code: CloseCode, reason: LeaveReason | None, says: str = "") -> None:
        try:
            self._leave(reason)
        finally:
            # Also after a fault of ours in the line above: the client would wait for good.
            self._state = _GONE
            self._watch.stop()
            self._client.close(code, says)
            self._catch_up()  # with Lost, which comes once: nothing else that was kept is acted on any more

    def _leave(self, reason: LeaveReason | None) -> None:
        if self._state is _JOINED:
            self._seat.depart(reason)
        elif self._state is _JOINING:
            self._seat.withdraw(reason)
        self._delivery.give_back()

    def on_unread(self, unread: list[Message]) -> None:
        """What reached the mailbox after the connection's end: each sender is told."""
        for message in unread:
            if isinstance(message, Relayed):
                message.target_gone()

    def on_failure(self, *_error: object) -> None:
        """A fault of ours: the connection is closed with 1011, and the group sees the peer leave."""
        self._close(CloseCode.SERVER_FAULT, LeaveReason.LOST)

    def _fault(self) -> None:
        if self._client.misbehaved(self._clock.monotonic()):
            self._close(CloseCode.TOO_MANY_ERRORS, LeaveReason.LOST)

    def _catch_up(self) -> None:
        for message in self._client.kept():
            self._act(message)
