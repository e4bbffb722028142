"""ResumablePeer: a PeerActor whose place outlives its connection for a while, and goes over to another one that shows its session.

When the connection breaks, a `ResumeQueue` takes the place of the outbox; for everyone else nothing has changed. From there on::

    the window ends, or someone else wants the id ──> the place is given up, and whoever sent something is told
    a newcomer shows the session                  ──> the group makes it the owner, and this actor hands over what it has kept

The group speaks to the newcomer from then on, before the handover has reached it. So a newcomer keeps what comes early, and lets it follow.
"""

from msgspec.structs import replace

from actors.events import Event, Message, PeerJoined, PeerLeft, Reference, Relayed, Undeliverable
from actors.messages import Evicted, GroupLost, Joined, Lost, Restored, Revived, Tick
from actors.ownership import Challenge, Superseded, WindowOver
from actors.peer import PeerActor
from actors.peer_rules import PeerRules
from actors.ports import Outbox, Timer
from actors.reasons import CloseCode, ErrorCode, LeaveReason
from actors.resume import ResumeQueue
from actors.runtime import BrokerRef, Runtime, handles
from actors.seat import State
from actors.terms import Terms

__all__ = ["ResumablePeer"]


class ResumablePeer(PeerActor):
    """As its base, and its place may be taken again. Candidates that overtake an answer are not held for it: its client copes with them."""

    def __init__(self, runtime: Runtime, directory: BrokerRef, outbox: Outbox, terms: Terms, rules: PeerRules) -> None:
        super().__init__(runtime, directory, outbox, terms, rules._replace(hold=None))
        self._resume = rules.resume
        self._queue: ResumeQueue | None = None  # in the place of the outbox
        self._window: Timer | None = None  # set for as long as the client is waited for
        self._ended = False  # its connection has
        self._knows_session = False
        # While a handover is under way: what came over, what the group has said since, and to whom it is to be handed on. `_early` is also
        # what an outbox did not take any more, before the end of its connection was known here.
        self._inherited: tuple[Event, ...] = ()
        self._early: ResumeQueue | None = None
        self._deferred: list[Challenge | Evicted | Restored | GroupLost] = []
        self._heir: Superseded | None = None

    # --- The connection is lost ---

    @handles(Lost)
    def lost(self, message: Lost) -> None:
        """A newcomer that goes while it waits for a handover waits on: what was kept for its client may still be kept for the next."""
        self._ended = True
        if message.broken and self._state is State.JOINING and self._seat.claims:
            self._client.keep_end(message)
        else:
            super().lost(message)

    def _part(self, message: Lost) -> None:
        may_return = message.broken and self._resume.window > 0 and self._knows_session
        if not may_return or self._state is not State.JOINED or self._watch.away:
            super()._part(message)
        elif self._runtime.memory_tight():
            self._runtime.metrics.increment("resume_sheds")
            super()._part(message)
        else:
            self._await_return()

    def _await_return(self) -> None:
        """Nobody is there to be watched or written to. The place ends with the token at the latest, as its connection would have."""
        self._watch.stop()
        missed, self._early = self._early, None
        self._stand_in(missed)
        self._window = self.later(WindowOver())
        self._window.start(min(self._resume.window, self._watch.token_seconds()))

    def _stand_in(self, missed: ResumeQueue | None = None) -> None:
        if self._queue is None:
            self._client.outbox = self._queue = missed or ResumeQueue(self._resume, self._runtime.metrics)
            self._runtime.metrics.increment("resumable")

    @handles(WindowOver)
    def window_over(self, _message: WindowOver) -> None:
        """The client has not come back."""
        self._give_up()

    @handles(Revived)
    def revived(self, message: Revived) -> None:
        """A client that comes back from being away, and is lost before it hears of that, cannot resume a place that it does not know."""
        if message.key != self._seat.key or self._state is not State.JOINED:
            return
        if self._queue is not None:
            self._give_up()
        elif self._client.outbox.send(self._list(message)) is not None:
            self._knows_session = False

    @handles(Tick)
    def tick(self, message: Tick) -> None:
        """A deadline of a connection, unless there is none any more."""
        if self._window is None:
            super().tick(message)

    @handles(Undeliverable)
    def undeliverable(self, message: Undeliverable) -> None:
        """Kept for a client that is not there, if there is room."""
        super().undeliverable(message)
        self._check_room()

    def _check_room(self) -> None:
        if self._queue is not None and self._queue.overflowed:
            self._give_up()

    def _give_up(self) -> None:
        if self._state is not State.GONE:
            self._runtime.metrics.increment("resume_expirations")
            super()._part(Lost(LeaveReason.LOST))

    def _leave(self, reason: LeaveReason | None) -> None:
        super()._leave(reason)
        self._give_back(self._kept())

    def _close(self, code: CloseCode, reason: LeaveReason | None, says: str = "") -> None:
        super()._close(code, reason, says)
        if self._window is not None:
            self.end()  # no end of a connection will come and do so

    def _kept(self) -> tuple[Event, ...]:
        """Whatever was kept for the client, in order; with that the waiting is over."""
        queues = [queue for queue in (self._queue, self._early) if queue is not None]
        events = (*self._inherited, *(event for queue in queues for event in queue.take()))
        self._inherited, self._early = (), None
        if self._queue is not None:
            self._queue = None
            self._runtime.metrics.increment("resumable", by=-1)
        if self._window is not None:
            self._window.stop()
        return events

    def _give_back(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, Relayed):
                event.give_back(ErrorCode.UNDELIVERED, self._seat.peer_id)

    # --- The place goes over to another connection ---

    @handles(Superseded)
    def superseded(self, message: Superseded) -> None:
        """Another connection of the same client has the place. One that waits for a handover itself passes that on when it comes."""
        if self._state is State.JOINING:
            self._heir = message
        else:
            self._hand_over(message)

    def _hand_over(self, message: Superseded, events: tuple[Event, ...] = ()) -> None:
        is_there = self._state is State.JOINED
        joined = replace(message.joined, queue=(*events, *self._kept()) if is_there else events)
        if not message.heir.post(joined):
            self._give_back(joined.queue)
        if is_there:
            self._state = State.NEW
            self._client.error(ErrorCode.REPLACED, Reference())
            self._close(CloseCode.REPLACED, None)

    # --- This connection takes a place over ---

    @handles(Relayed)
    def deliver(self, message: Relayed) -> None:
        """Another peer's message; one that comes before the handover waits for it. While memory is tight no more is kept."""
        if self._queue is not None and self._runtime.memory_tight():
            self._runtime.metrics.increment("resume_sheds")
            message.give_back(ErrorCode.SLOW_PEER, self._seat.peer_id)
        elif self._state is not State.JOINING:
            super().deliver(message)
        elif (refusal := self._keep_early(message)) is not None:
            message.give_back(refusal, self._seat.peer_id)

    @handles(PeerJoined, PeerLeft)
    def told(self, message: PeerJoined | PeerLeft) -> None:
        """Someone came or went; as `deliver`. What an outbox refuses that has just been closed is missed by a client that will be back."""
        if self._state is State.JOINING or (self._state is State.JOINED and self._client.outbox.send(message) is not None):
            self._keep_early(message)

    def _keep_early(self, event: Event) -> ErrorCode | None:
        if self._early is None:
            self._early = ResumeQueue(self._resume, self._runtime.metrics)
        return self._early.send(event)

    @handles(Joined)
    def joined(self, message: Joined) -> None:
        """The client's list, and behind it what was kept for it."""
        if message.key != self._seat.key or self._state in (State.NEW, State.GONE):
            message.unhandled(message.key, ErrorCode.UNDELIVERED)
            return
        if self._state is State.JOINING:
            self._knows_session = message.resumed or not self._ended
            self._inherited = message.queue
            if self._ended:
                self._stand_in()
        super().joined(message)

    def _catch_up(self) -> None:
        """What was kept goes before what the client has said since, which may be that it leaves."""
        early = self._early.take() if self._early is not None else ()
        events = (*self._inherited, *early)
        deferred, heir = self._deferred, self._heir
        self._inherited, self._early, self._deferred, self._heir = (), None, [], None
        if heir is not None:
            self._hand_over(heir, events)
        elif self._state is State.JOINED:
            self._pass(events)
        else:
            self._give_back(events)
        for message in deferred:
            self._handlers[type(message)](self, message)
        super()._catch_up()

    @handles(Challenge)
    def challenged(self, message: Challenge) -> None:
        """Someone who does not know the session wants this id. A client that is not there cannot answer: its place is free at once."""
        if self._window is not None:
            self._give_up()
        elif not self._defers(message):
            super().challenged(message)

    @handles(Evicted)
    def evicted(self, message: Evicted) -> None:
        """As its base."""
        if not self._defers(message):
            super().evicted(message)

    @handles(Restored)
    def restored(self, message: Restored) -> None:
        """As its base. What is handed over names the actor that has failed: behind it the new one is known."""
        if not self._defers(message):
            super().restored(message)

    @handles(GroupLost)
    def group_lost(self, message: GroupLost) -> None:
        """As its base."""
        if not self._defers(message):
            super().group_lost(message)

    def _defers(self, message: Challenge | Evicted | Restored | GroupLost) -> bool:
        """What the group says to the owner of a place is for after the handover: before it, this peer does not have it yet."""
        if self._state is not State.JOINING:
            return False
        self._deferred.append(message)
        return True

    def _pass(self, events: tuple[Event, ...]) -> None:
        for event in events:
            refusal = self._client.outbox.send(event)
            if refusal is not None and isinstance(event, Relayed):
                event.give_back(refusal, self._seat.peer_id)
            elif refusal is not None:
                self._keep_early(event)

    def on_unread(self, unread: list[Message]) -> None:
        """A handover that came too late goes on to whom it is for, or back to the senders."""
        super().on_unread(unread)
        for message in unread:
            if isinstance(message, Joined | Superseded):
                message.unhandled(self._seat.key, ErrorCode.UNDELIVERED)
