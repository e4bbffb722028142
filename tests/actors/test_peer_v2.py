"""What a client of profile v2 hears beside what one of v1 hears."""

import pytest

from actors.events import Ack, AckStatus, ErrorEvent, GoAway, PeerList, Place, Profile, Reference, Welcome
from actors.messages import Close, Heartbeat, Leave, Register
from actors.reasons import CloseCode, ErrorCode
from actors.rules import OnDuplicate
from actors.supervision import Drain
from tests.broker import ACK, ERROR, GOAWAY, GROUP_RULES, JOINED, LEFT, LIST, PEER_RULES, WELCOME, Broker, Caller, relay
from tests.doubles import RecordingOutbox

V1, V2 = Profile.V1, Profile.V2


def own_place(caller: Caller) -> Place:
    """What the client was told last of its own place."""
    places = [event.own for event in caller.told() if isinstance(event, PeerList)]
    assert places
    assert places[-1] is not None
    return places[-1]


def pair(*, sender: Profile = V2, receiver: Profile = V2) -> tuple[Broker, Caller, Caller]:
    broker = Broker()
    (ann,), (bob,) = broker.join("a", profile=sender), broker.join("b", profile=receiver)
    ann.heard()
    return broker, ann, bob


def test_the_welcome_comes_first_and_tells_what_a_client_can_keep_to() -> None:
    broker = Broker(peer=PEER_RULES._replace(limits={"message_bytes": 65_536}))
    assert broker.connect(profile=V2).told() == [Welcome("c1", 25_000, 60_000, {"message_bytes": 65_536})]
    assert broker.connect().told() == []


def test_a_peer_is_told_its_own_place_in_the_order_of_joins() -> None:
    broker = Broker()
    callers = [broker.connect(profile=V2).register(peer_id) for peer_id in "abc"]
    places = [own_place(caller) for caller in callers]
    assert [(place.id, place.group_id) for place in places] == [("a", "g"), ("b", "g"), ("c", "g")]
    assert places[0].sequence < places[1].sequence < places[2].sequence
    assert len({place.session for place in places}) == 3
    assert all(len(place.session) == 32 for place in places)


def test_a_session_stays_while_its_place_does_and_a_new_join_has_a_new_one() -> None:
    _, ann, _ = pair()
    ann.register("a")
    first = own_place(ann)
    ann.register("a")
    assert own_place(ann) == first
    ann.register("a", "h")
    second = own_place(ann)
    assert second.session != first.session


def test_a_peer_that_comes_back_from_being_away_is_told_its_new_place() -> None:
    broker, ann, bob = pair()
    ann.register("a")
    first = own_place(ann)
    for _ in range(6):
        broker.pass_time(10)
        bob.pong()
    ann.heartbeat()
    again = own_place(ann)
    assert again.sequence > first.sequence
    assert (again.id, again.session) == (first.id, first.session)


def test_a_v1_peer_is_told_of_no_place_in_a_group_with_v2_peers() -> None:
    _, ann, _ = pair(sender=V1)
    ann.register("a")
    assert ann.told() == [PeerList(())]


# --- Acks ---


@pytest.mark.parametrize("receiver", Profile)
@pytest.mark.parametrize("kind", ["offer", "answer", "candidate", "message"])
def test_a_message_with_an_id_is_acknowledged_once_it_is_delivered(kind: str, receiver: Profile) -> None:
    _, ann, bob = pair(receiver=receiver)
    ann.says(relay(kind, "b", id="7"), relay(kind, "b"))
    assert ann.heard() == [(ACK, "7", "delivered")]
    assert bob.heard() == [(kind, "a", b"")] * 2


def test_a_v1_peer_hears_of_no_ack() -> None:
    _, ann, bob = pair(sender=V1)
    ann.says(relay("offer", "b", id="7"), Heartbeat(id="8"), Leave(id="9"))
    assert ann.heard() == []
    assert bob.heard() == [("offer", "a", b""), (LEFT, "a", "left")]


def test_what_is_held_for_an_answer_is_acknowledged_when_it_passes() -> None:
    broker, ann, bob = pair(receiver=V1)
    ann.says(relay("offer", "b", id="1"), relay("candidate", "b", id="2"))
    assert ann.heard() == [(ACK, "1", "delivered")]
    broker.pass_time(1)
    assert ann.heard() == [(ACK, "2", "delivered")]
    ann.says(relay("candidate", "b", id="3"), relay("offer", "b", id="4"), relay("candidate", "b", id="5"))
    assert ann.heard() == [(ACK, "3", "delivered"), (ACK, "4", "delivered")]
    bob.leave()
    assert ann.heard() == [(ERROR, "undelivered", "b"), (LEFT, "b", "left")]


def test_a_v2_peer_gets_candidates_as_they_come() -> None:
    _, ann, bob = pair()
    ann.says(relay("offer", "b"), relay("candidate", "b", b"1"))
    assert bob.heard() == [("offer", "a", b""), ("candidate", "a", b"1")]


@pytest.mark.parametrize("others", [0, 1, 3])
def test_a_message_to_all_is_acknowledged_once_however_many_there_are(others: int) -> None:
    broker = Broker()
    (ann,) = broker.join("a", profile=V2)
    rest = broker.join(*"bcd"[:others]) + broker.join(*"xyz"[:others], profile=V2)
    ann.heard()
    ann.says(relay("message", None, b"hello", id="7"))
    assert ann.heard() == [(ACK, "7", "delivered")]
    assert all(("message", "a", b"hello") in caller.heard() for caller in rest)


def test_of_a_message_to_all_an_error_names_whom_it_did_not_reach() -> None:
    _, ann, bob = pair()
    bob.outbox.translates = False
    ann.says(relay("message", None, id="7"))
    assert ann.heard() == [(ACK, "7", "delivered"), (ERROR, "unrepresentable", "b")]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (relay("offer", "nobody", id="7"), "unknown_peer"),
        (relay("offer", "b", source_id="x", id="7"), "source_mismatch"),
        (Heartbeat("x", "7"), "source_mismatch"),
        (Leave("x", "7"), "source_mismatch"),
    ],
)
def test_a_message_that_fails_is_answered_by_its_error_alone(message: Leave, code: str) -> None:
    _, ann, _ = pair()
    ann.says(message)
    (event,) = ann.told()
    assert isinstance(event, ErrorEvent)
    assert (event.code, event.reference.id) == (code, "7")


def test_a_message_to_a_peer_that_is_away_is_not_acknowledged() -> None:
    broker, ann, _ = pair()
    for _ in range(6):
        broker.pass_time(10)
        ann.pong()
    ann.heard()
    ann.says(relay("offer", "b", id="7"))
    assert ann.heard() == [(ERROR, "peer_away", "b")]


def test_a_message_that_its_receiver_cannot_take_is_not_acknowledged() -> None:
    _, ann, bob = pair()
    bob.outbox.translates = False
    ann.says(relay("offer", "b", id="7"))
    assert ann.heard() == [(ERROR, "unrepresentable", "b")]


def test_a_heartbeat_and_a_leave_with_an_id_are_acknowledged() -> None:
    _, ann, _ = pair()
    ann.says(Heartbeat(id="1"), Heartbeat(), Leave(id="2"))
    assert ann.heard() == [(ACK, "1", "delivered"), (ACK, "2", "delivered")]
    ann.says(Leave(id="3"))
    assert ann.heard() == [(ERROR, "not_registered", None)]


def test_a_register_with_an_id_is_answered_by_its_list() -> None:
    caller = Broker().connect(profile=V2)
    caller.says(Register("a", "g", id="1"))
    assert caller.heard() == [(WELCOME,), (LIST,)]


def test_an_ack_that_comes_after_the_end_is_for_nobody() -> None:
    _, ann, _ = pair()
    ann.peer.tell(relay("offer", "b", id="7"))
    ann.lost()
    assert ann.heard() == []


# --- The same id again ---


def test_one_that_was_replaced_is_closed() -> None:
    broker = Broker(GROUP_RULES._replace(on_duplicate=OnDuplicate.NEWEST))
    witness, owner = broker.join("w"), broker.join("x", profile=V2)[0]
    newcomer = broker.connect().register("x")
    assert owner.told()[-1] == ErrorEvent(
        ErrorCode.REPLACED,
        "a newer connection registered this peer_id; this one is no longer in the group",
        temporary=False,
        reference=Reference(),
    )
    assert owner.outbox.closed is CloseCode.REPLACED
    assert witness[0].heard() == [(JOINED, "x"), (LEFT, "x", "replaced"), (JOINED, "x")]
    assert newcomer.heard() == [(LIST, "w")]


def test_an_error_that_finds_its_client_gone_is_for_nobody() -> None:
    broker, ann, bob = pair()
    bob.outbox.closed = CloseCode.SLOW_CONSUMER
    ann.says(relay("offer", "b", id="7"))
    assert ann.heard() == [(ERROR, "undelivered", "b")]
    assert broker.connect(outbox=RecordingOutbox(), profile=V2).told()[0] == Welcome("c3", 25_000, 60_000, {})


def test_an_ack_says_what_became_of_the_message() -> None:
    _, ann, _ = pair()
    ann.says(relay("offer", "b", id="7"))
    assert ann.told() == [Ack("7", AckStatus.DELIVERED)]


# --- Going down ---


def test_a_client_is_told_when_to_come_back_and_goes_on_until_it_is_closed() -> None:
    broker, ann, bob = pair()
    ann.says(GoAway("draining", 2000, 1000))
    broker.directory.post(Drain())
    ann.says(relay("offer", "b", id="7"))
    assert ann.heard() == [(GOAWAY, 2000, 1000), (ACK, "7", "delivered")]
    assert bob.heard() == [("offer", "a", b"")]
    assert broker.metrics["goaways"] == 1
    ann.register("a", "h")
    assert ann.heard() == [(ERROR, "draining", None)]
    ann.says(Close(CloseCode.RESTART, None))
    assert ann.outbox.closed is CloseCode.RESTART


def test_one_that_is_closed_already_is_not_told_to_go() -> None:
    broker, ann, _ = pair()
    ann.says(Close(CloseCode.RESTART, None), GoAway("draining", 2000, 1000))
    assert ann.heard() == []
    assert broker.metrics["goaways"] == 0
