"""The guarantees of `docs/protocol.md`, whatever happens in whatever order: real actors, driven turn by turn."""

import gc
import logging
import sys
import weakref
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from actors.events import (
    Ack,
    AckStatus,
    ErrorEvent,
    Event,
    PeerInfo,
    PeerJoined,
    PeerLeft,
    PeerList,
    Place,
    Profile,
    Reference,
    Relayed,
)
from actors.membership import Member
from actors.messages import Close, Leave, Lost, Pong, Register
from actors.reasons import CloseCode, ErrorCode, LeaveReason
from actors.rules import OnDuplicate
from actors.seat import State
from gateway.backplane.memory import MemoryBackplane
from tests.broker import GROUP_RULES, RESUME, Broker, Caller, relay
from tests.doubles import GreenletEnd, RecordingOutbox, Venom, actor_of

if TYPE_CHECKING:
    from actors.runtime import BrokerRef

IDS, GROUPS, TENANTS = st.sampled_from("abcd"), st.sampled_from("ggh"), st.sampled_from(["", "", "t"])
WHO = st.integers(0, 5)


class Diary(RecordingOutbox):
    """Checks what one client hears, as it hears it, against what it has heard before, on this connection or on those that it resumes.

    `first` is the diary of the first of these connections; what a client knows and has heard is in one place for all of them.
    """

    def __init__(self, tenant: str, senders: list["Diary"], profile: Profile = Profile.V1, before: "Diary | None" = None) -> None:
        super().__init__()
        self.tenant = tenant
        self.senders = senders
        self.profile = profile
        self.first: Diary = self if before is None else before.first
        self.place: Place | None = before.place if before is not None else None
        self.known: dict[str, tuple[PeerInfo, str]] = before.known if before is not None else {}
        self.heard: list[int] = before.heard if before is not None else []
        self.answered: list[int] = []
        self.acked: list[tuple[int, AckStatus]] = []
        self.peer: BrokerRef

    def send(self, event: Event) -> ErrorCode | None:
        refusal = super().send(event)
        if refusal is not None:
            return refusal
        match event:
            case PeerList(peers, own, True):
                assert own == self.place, "another place"
                assert {peer.id for peer in peers} <= {peer_id for peer_id, (_, how) in self.known.items() if how == "listed"}
            case Ack(number, status):
                self.acked.append((int(number), status))
            case PeerList(peers):
                self.place = event.own
                # A second register keeps those who joined since the first: they are not listed, for they are the ones who offer.
                # The model looks inside: no client can see the state.
                again = sys._getframe(1).f_code.co_name == "joined" and actor_of(self.peer)._state is State.JOINED  # noqa: SLF001 - the model asks the actor what it is in the midst of
                later = {peer_id: entry for peer_id, entry in self.known.items() if again and entry[1] == "joined"}
                self.known = later | {peer.id: (peer, "listed") for peer in peers}
            case PeerJoined(peer):
                self.known[peer.id] = (peer, "joined")
            case PeerLeft(peer):
                del self.known[peer.id]
            case ErrorEvent(reference=Reference(str(number))):
                self.answered.append(int(number))
            case Relayed():
                self.check(event)
        return None

    def check(self, event: Relayed) -> None:
        number, seat = int(event.payload or b""), actor_of(self.peer)._seat  # noqa: SLF001 - which group is it in just now?
        sender = self.senders[number]
        assert all(earlier < number for earlier in self.heard if self.senders[earlier] is sender), "not in order, or twice"
        self.heard.append(number)
        if sender.first is not self.first:
            info, _ = self.known[event.source_id]
            assert info.metadata == str(id(sender.first)).encode(), "not from whom it seems"
            assert (sender.tenant, info.group_id) == seat.key, "from another group"


class Brokers(RuleBasedStateMachine):
    """Clients that come, speak, fall silent, fail and go in every order, with actors stopped between any two turns."""

    def __init__(self) -> None:
        super().__init__()
        logging.disable()  # what pytest captures would keep the failed actors

    @initialize(policy=st.sampled_from(OnDuplicate))
    def begin(self, policy: OnDuplicate) -> None:
        self.backplane = MemoryBackplane()
        self.broker = Broker(GROUP_RULES._replace(on_duplicate=policy), backplane=self.backplane)
        self.callers: list[Caller] = []
        self.direct: list[tuple[int, Diary]] = []
        self.senders: list[Diary] = []
        self.everyone: list[Diary] = []
        self.actors: list[weakref.ref[object]] = []
        self.cut_off: list[Diary] = []

    def diary(self, who: int) -> Diary:
        outbox = self.callers[who % len(self.callers)].outbox
        assert isinstance(outbox, Diary)
        return outbox

    @precondition(lambda self: len(self.callers) < 6)
    @rule(
        tenant=TENANTS,
        peer_id=IDS,
        group_id=GROUPS,
        turns=st.sampled_from([0, 1, 99]),
        profile=st.sampled_from([Profile.V1, Profile.V2, Profile.V2]),
    )
    def connect(self, tenant: str, peer_id: str, group_id: str, turns: int, profile: Profile) -> None:
        self.open(Diary(tenant, self.senders, profile))
        self.register(len(self.callers) - 1, peer_id, group_id)
        for _ in range(turns):
            self.broker.scheduler.step(1)

    def open(self, diary: Diary) -> None:
        caller = self.broker.connect(diary.tenant, diary, diary.profile)
        diary.peer = caller.peer
        self.callers.append(caller)
        self.everyone.append(diary)
        self.actors.append(weakref.ref(actor_of(caller.peer)))

    @precondition(lambda self: self.callers)
    @rule(who=WHO)
    def cut(self, who: int) -> None:
        """A connection breaks."""
        diary = self.diary(who)
        self.callers.pop(who % len(self.callers))
        diary.close(CloseCode.GOING_AWAY)
        diary.peer.post(Lost(broken=True))
        if diary.place is not None:
            self.cut_off.append(diary)

    @precondition(lambda self: self.cut_off and len(self.callers) < 6)
    @rule(which=st.integers(0, 5), turns=st.sampled_from([0, 1, 2, 3, 99]))
    def resume(self, which: int, turns: int) -> None:
        """The client comes back, with the session that it knows."""
        before = self.cut_off.pop(which % len(self.cut_off))
        assert before.place is not None
        diary = Diary(before.tenant, self.senders, Profile.V2, before)
        self.open(diary)
        place = before.place
        diary.peer.post(Register(place.id, place.group_id, str(id(diary.first)).encode(), session=place.session))
        for _ in range(turns):
            self.broker.scheduler.step(1)

    @precondition(lambda self: self.callers)
    @rule(who=WHO, peer_id=IDS, group_id=GROUPS)
    def register(self, who: int, peer_id: str, group_id: str) -> None:
        diary = self.diary(who)
        diary.peer.post(Register(peer_id, group_id, str(id(diary.first)).encode()))

    @precondition(lambda self: self.callers)
    @rule(who=WHO)
    def register_again(self, who: int) -> None:
        peer = actor_of(self.diary(who).peer)
        if peer is not None:
            self.register(who, peer._seat.peer_id or "a", peer._seat.key.group_id or "g")  # noqa: SLF001 - what was it?

    @precondition(lambda self: self.callers)
    @rule(who=WHO, to=IDS | st.none(), kind=st.sampled_from(["offer", "answer", "candidate", "message"]), times=st.integers(1, 3))
    def relay(self, who: int, to: str | None, kind: str, times: int) -> None:
        diary = self.diary(who)
        for _ in range(times):
            number = len(self.senders)
            self.senders.append(diary)
            if to is not None:
                self.direct.append((number, diary))
            diary.peer.post(relay(kind, to, str(number).encode(), id=str(number)))

    @precondition(lambda self: self.callers)
    @rule(who=WHO, message=st.sampled_from([Leave(), Pong(), Close(CloseCode.KICKED, LeaveReason.KICKED)]))
    def say(self, who: int, message: Leave) -> None:
        self.diary(who).peer.post(message)

    @precondition(lambda self: self.callers)
    @rule(who=WHO, reason=st.sampled_from([LeaveReason.LOST, LeaveReason.LEFT]))
    def go(self, who: int, reason: LeaveReason) -> None:
        caller = self.callers.pop(who % len(self.callers))
        caller.peer.post(Lost(reason))

    @precondition(lambda self: self.callers)
    @rule(who=WHO)
    def fail_peer(self, who: int) -> None:
        self.diary(who).fault = GreenletEnd()

    @precondition(lambda self: self.callers)
    @rule(who=WHO)
    def fail_group(self, who: int) -> None:
        self.diary(who).peer.post(relay("message", Venom(GreenletEnd())))

    @rule(turns=st.integers(1, 5))
    def step(self, turns: int) -> None:
        self.broker.scheduler.step(turns)

    @rule(seconds=st.sampled_from([0.5, 1, 5, 30, 61]))
    def pass_time(self, seconds: float) -> None:
        self.broker.pass_time(seconds)

    @rule()
    def settle(self) -> None:
        """Run until nobody waits for anything; then all books must balance."""
        self.broker.pass_time(1.1)
        self.broker.pass_time(1.1)
        waiting = {number for diary in self.everyone for number in kept_for(diary)}
        for number, sender in self.direct:
            heard = sum(diary.heard.count(number) for diary in self.everyone if diary.first is diary)
            outcomes = heard + sender.answered.count(number) + (number in waiting)
            assert outcomes == 1 or (outcomes == 0 and not is_open(sender)), "neither delivered nor answered, or both"
            if sender.profile is Profile.V2 and is_open(sender):
                acks = [status for acked, status in sender.acked if acked == number]
                assert len(acks) <= 1, "acknowledged twice"
                assert acks != [AckStatus.DELIVERED] or heard, "acknowledged, and not heard"
                assert acks or not (heard or number in waiting), "heard, and not acknowledged"
        self.direct = [(number, sender) for number, sender in self.direct if number in waiting]
        groups = [actor_of(entry.group) for entry in actor_of(self.broker.directory)._entries.values()]  # noqa: SLF001 - the books
        members = [member for group in groups for member in group._members]  # noqa: SLF001 - the books
        assert all(len(group._members) for group in groups), "an empty group goes on"  # noqa: SLF001 - the books
        # The model looks inside: no client can see the state.
        registered = {id(diary.peer) for diary in self.everyone if diary.peer.is_alive() and actor_of(diary.peer)._state is State.JOINED}  # noqa: SLF001 - as above
        assert sorted(id(member.peer) for member in members) == sorted(registered), "a ghost, or a peer without its place"
        tenants = actor_of(self.broker.directory)._by_tenant.values()  # noqa: SLF001 - the books
        assert sum(tenant.peers for tenant in tenants) == len(members), "a place is counted that nobody has, or not counted"
        assert sum(tenant.groups for tenant in tenants) == len(groups)
        for group in groups:
            self.check_views([member for member in group._members if not member.away])  # noqa: SLF001 - the books

    def check_views(self, members: list[Member]) -> None:
        """Everyone sees everyone else, and of each two exactly one has the other in its list."""
        views = {member.peer_id: view_of(next(diary for diary in self.everyone if diary.peer is member.peer)) for member in members}
        for peer_id, view in views.items():
            assert view.keys() == views.keys() - {peer_id}, "sees too many, or too few"
            for other, (_, how) in view.items():
                assert {how, views[other][peer_id][1]} == {"listed", "joined"}, "two initiators, or none"

    def teardown(self) -> None:
        """When all have gone nothing is left."""
        self.settle()
        for caller in self.callers:
            caller.peer.post(Lost())
        self.broker.pass_time(RESUME.window + 1)
        self.settle()
        for diary in self.everyone:
            diary.fault = None  # it carries a traceback, and that the actor
        gc.collect()
        assert [actor() for actor in self.actors if actor() is not None] == []
        assert (self.broker.metrics["peers"], self.broker.metrics["groups"]) == (0, 0)
        assert self.backplane._owners == {}  # noqa: SLF001 - the books
        assert self.broker.scheduler.deadlines == {}
        logging.disable(logging.NOTSET)


def kept_for(diary: Diary) -> list[int]:
    """The messages that wait for a client that is not there. The model looks inside: no client can see them."""
    return [int(event.payload or b"") for event in waiting_for(diary) if isinstance(event, Relayed)]


def view_of(diary: Diary) -> dict[str, tuple[PeerInfo, str]]:
    """Whom a client sees, or will see once it has heard what waits for it."""
    view = dict(diary.known)
    for event in waiting_for(diary):
        if isinstance(event, PeerJoined):
            view[event.peer.id] = (event.peer, "joined")
        elif isinstance(event, PeerLeft):
            del view[event.peer.id]
    return view


def waiting_for(diary: Diary) -> list[Event]:
    queue = getattr(actor_of(diary.peer), "_queue", None)
    return [] if queue is None else queue._events  # noqa: SLF001 - the books


def is_open(diary: Diary) -> bool:
    """Whether the server still speaks to this client."""
    return diary.closed is None and diary.fault is None and diary.peer.is_alive()


Brokers.TestCase.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
TestGuarantees = Brokers.TestCase
