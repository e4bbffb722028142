import pytest

from actors.events import Profile
from actors.messages import Depart, GroupKey, Join, Refresh, Register, Revive, Seen
from actors.ownership import Alive
from actors.reasons import LeaveReason
from actors.runtime import BrokerRef, Runtime
from actors.seat import SESSION_BYTES, Seat
from actors.supervision import Forward
from actors.terms import Terms
from tests.broker import Broker
from tests.doubles import Fail, ManualClock, Note, NotingSupervisor, PlainMetrics, StepScheduler, Venom, actor_of

KEY = GroupKey("t", "g")


class Places:
    """A seat, and the actors that it speaks to; each notes what it is told."""

    def __init__(self, mailbox: int = 100) -> None:
        self.scheduler = StepScheduler(ManualClock())
        runtime = Runtime(self.scheduler, self.scheduler.clock, PlainMetrics(), mailbox)
        self.peer, self.directory, self.group, self.successor = (NotingSupervisor.start(runtime) for _ in range(4))
        self.seat = Seat(self.peer, self.directory, Terms("t", "192.0.2.1:5"))
        self.seat.ask(Register("a", "g", b"{}", "7"))
        self.seat.take(self.group, self.seat.key)
        self.told(self.directory)

    def told(self, actor: BrokerRef) -> list[object]:
        self.scheduler.run_until_idle()
        notes: list[object] = actor_of(actor).notes
        actor_of(actor).notes = []
        return notes

    def fail_group(self) -> None:
        self.group.tell(Fail(ValueError()))
        self.scheduler.run_until_idle()


def test_a_place_is_asked_for_by_way_of_the_directory() -> None:
    places = Places()
    register = Register("b", "h", b"{}", "7")
    places.seat.ask(register)
    join = Join(places.peer, "b", b"{}", "192.0.2.1:5", register.reference())
    assert places.told(places.directory) == [Forward(GroupKey("t", "h"), join)]
    assert (places.seat.peer_id, places.seat.key) == ("b", GroupKey("t", "h"))
    assert places.told(places.group) == []


def test_only_who_asked_for_ice_servers_gets_those_that_there_are() -> None:
    def ice(peer_id: str, now: float) -> bytes:
        return f"{peer_id} {now}".encode()

    places = Places()
    assert places.seat.ice_servers(5.0) is None
    places.seat.refresh(Register("a", "g", ice=True))
    assert places.seat.ice_servers(5.0) is None
    seat = Seat(places.peer, places.directory, Terms("t", "192.0.2.1:5", ice=ice))
    for wanted in (True, False):
        seat.ask(Register("a", "g", ice=wanted))
        assert seat.ice_servers(5.0) == (b"a 5.0" if wanted else None)
    seat.take(places.group, seat.key)
    seat.refresh(Register("a", "g", ice=True))
    assert seat.ice_servers(7.5) == b"a 7.5"


def test_a_place_is_for_one_id_in_one_group() -> None:
    seat = Places().seat
    assert seat.is_for(Register("a", "g"))
    assert not seat.is_for(Register("b", "g"))
    assert not seat.is_for(Register("a", "h"))


def test_a_member_speaks_to_its_group_directly_and_in_order() -> None:
    places = Places()
    assert places.seat.tell(Note("x"))
    assert places.seat.refresh(Register("a", "g", b"[]"))
    places.seat.seen()
    places.seat.alive(3)
    places.seat.hide()
    places.seat.revive()
    places.seat.depart(LeaveReason.LEFT)
    peer = places.peer
    assert places.told(places.group) == [
        "x",
        Refresh(peer, "a", b"[]"),
        Seen(peer, "a"),
        Alive(peer, "a", 3),
        Depart(peer, "a", LeaveReason.AWAY),
        Revive(peer, "a"),
        Depart(peer, "a", LeaveReason.LEFT),
    ]
    assert places.told(places.directory) == []


def test_a_group_with_a_full_mailbox_refuses_what_is_ordinary() -> None:
    places = Places(mailbox=2)
    assert [places.seat.tell(Note(number)) for number in range(3)] == [True, True, False]
    assert places.seat.refresh(Register("a", "g"))
    assert len(places.told(places.group)) == 3


def test_a_group_that_has_failed_refuses_all_but_the_last_word_which_goes_by_way_of_the_directory() -> None:
    places = Places()
    places.fail_group()
    assert not places.seat.tell(Note("x"))
    assert not places.seat.refresh(Register("a", "g"))
    places.seat.seen()
    places.seat.alive(3)
    places.seat.hide()
    places.seat.revive()
    assert places.told(places.directory) == []
    places.seat.depart(LeaveReason.LOST)
    assert places.told(places.directory) == [Forward(KEY, Depart(places.peer, "a", LeaveReason.LOST))]


def test_a_successor_is_spoken_to_as_soon_as_it_is_known() -> None:
    places = Places()
    places.fail_group()
    places.seat.take(places.successor, places.seat.key)
    assert places.seat.tell(Note("x"))
    assert places.told(places.successor) == ["x"]


def test_a_place_that_was_asked_for_is_given_up_behind_the_asking() -> None:
    places = Places()
    places.seat.ask(Register("b", "h"))
    places.seat.withdraw(LeaveReason.LOST)
    asked, withdrawn = places.told(places.directory)
    assert isinstance(asked, Forward)
    assert withdrawn == Forward(GroupKey("t", "h"), Depart(places.peer, "b", LeaveReason.LOST))


def seat_of(profile: Profile) -> tuple[Places, Seat]:
    places = Places()
    return places, Seat(places.peer, places.directory, Terms("t", "192.0.2.1:5", profile))


def test_each_place_of_a_v2_peer_has_a_session_that_nobody_can_guess() -> None:
    places, seat = seat_of(Profile.V2)
    for _ in range(2):
        seat.ask(Register("a", "g"))
    sessions = [forward.message.session for forward in places.told(places.directory) if isinstance(forward, Forward)]  # type: ignore[union-attr] # Joins
    assert len(set(sessions)) == 2
    assert all(len(session or "") == 2 * SESSION_BYTES for session in sessions)


@pytest.mark.parametrize(("profile", "claim"), [(Profile.V1, None), (Profile.V2, "5e55")])
def test_a_session_is_shown_by_v2_peers_alone(profile: Profile, claim: str | None) -> None:
    places, seat = seat_of(profile)
    seat.ask(Register("a", "g", session="5e55"))
    (forward,) = places.told(places.directory)
    assert isinstance(forward, Forward)
    assert isinstance(forward.message, Join)
    assert forward.message.claim == claim
    assert seat.claims == (claim is not None)
    seat.ask(Register("a", "g"))
    assert not seat.claims


def test_the_members_of_a_group_share_its_key_and_a_successor_keeps_it() -> None:
    broker = Broker()
    callers = [broker.connect().register(peer_id, "group") for peer_id in "ab"]
    callers[0].relay("offer", Venom(ValueError("poison")))
    ann, bob = (actor_of(caller.peer)._seat for caller in callers)  # noqa: SLF001 - to see that it is the same
    assert ann.key is bob.key
    assert ann.key == ("", "group")
