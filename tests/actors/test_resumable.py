"""A place that outlives its connection (`docs/protocol.md`: Resume); who else may want it, and what may fail, are in the files beside."""

import pytest

from actors.events import PeerList, Profile
from actors.grant import Grant
from actors.messages import Close, Lost, Register
from actors.reasons import CloseCode, LeaveReason
from tests.actors.lane import Lane, is_over, place_of
from tests.broker import ACK, ERROR, GROUP_RULES, JOINED, LEFT, LIST, Broker, relay

V1, V2 = Profile.V1, Profile.V2


# --- The window ---


def test_a_place_is_kept_for_its_window_and_nobody_sees_anything() -> None:
    lane = Lane()
    lane.x.cut()
    lane.broker.pass_time(29.9)
    assert lane.witness.heard() == lane.z.heard() == []
    assert lane.broker.metrics["resumable"] == 1
    late = lane.broker.connect().register("late")
    assert late.heard() == [(LIST, "w", "x", "z")]
    lane.hear()
    lane.broker.pass_time(0.1)
    assert lane.witness.heard() == lane.z.heard() == [(LEFT, "x", "lost")]
    assert is_over(lane.x)
    assert (lane.broker.metrics["resumable"], lane.broker.metrics["resume_expirations"]) == (0, 1)


def test_when_the_window_ends_every_sender_is_told() -> None:
    lane = Lane()
    lane.x.cut()
    lane.witness.says(relay("offer", "x", id="1"), relay("candidate", "x", id="2"))
    lane.z.says(relay("message", None, id="3"))
    lane.hear()
    lane.broker.pass_time(30)
    assert [event[0] for event in lane.witness.heard()] == [ERROR, ERROR, LEFT]
    assert (ERROR, "undelivered", "x") in lane.z.heard()


@pytest.mark.parametrize("end", [Lost(LeaveReason.LEFT), Lost(LeaveReason.LOST)], ids=["closed by the client", "closed by the server"])
def test_a_connection_that_was_closed_is_not_waited_for(end: Lost) -> None:
    lane = Lane()
    lane.x.says(end)
    assert lane.witness.heard() == [(LEFT, "x", end.reason.value)]
    assert is_over(lane.x)


def test_one_that_was_closed_by_an_actor_is_not_waited_for() -> None:
    lane = Lane()
    lane.x.says(Close(CloseCode.KICKED, LeaveReason.KICKED), Lost(broken=True))
    assert lane.witness.heard() == [(LEFT, "x", "kicked")]
    assert is_over(lane.x)


def test_without_a_window_a_lost_connection_is_lost() -> None:
    lane = Lane(window=0)
    lane.x.cut()
    assert lane.witness.heard() == [(LEFT, "x", "lost")]
    assert is_over(lane.x)


def test_a_v1_peer_is_not_waited_for() -> None:
    lane = Lane()
    lane.z.cut()
    assert lane.witness.heard() == [(LEFT, "z", "lost")]


def test_one_that_was_away_is_not_waited_for() -> None:
    lane = Lane()
    for _ in range(6):
        lane.broker.pass_time(10)
        lane.witness.pong()
    lane.hear()
    lane.x.cut()
    assert is_over(lane.x)
    assert lane.witness.heard() == [], "it was hidden already"


@pytest.mark.parametrize("seconds", [5.0, 30.0, 3600.0])
def test_a_place_ends_with_the_token_of_its_connection(seconds: float) -> None:
    lane = Lane()
    grant = Grant(expires=lane.broker.clock.wall() + seconds)
    guest = lane.broker.connect(profile=V2, grant=grant).register("guest")
    lane.hear()
    guest.cut()
    ends = min(seconds, 30.0)
    lane.broker.pass_time(ends - 0.1)
    assert lane.witness.heard() == []
    lane.broker.pass_time(0.1)
    assert lane.witness.heard() == [(LEFT, "guest", "lost")]
    assert is_over(guest)


def test_one_whose_token_expired_in_the_turn_in_which_it_was_lost_is_over_at_once() -> None:
    lane = Lane()
    guest = lane.broker.connect(profile=V2, grant=Grant(expires=lane.broker.clock.wall() + 5)).register("guest")
    lane.hear()
    lane.broker.clock.wall_offset += 3600  # set anew, and no timer knows
    guest.cut()
    lane.broker.pass_time(0)
    assert lane.witness.heard() == [(LEFT, "guest", "lost")]


def test_while_memory_is_tight_no_place_is_kept_and_nothing_more_for_those_that_are() -> None:
    lane = Lane()
    lane.x.cut()
    lane.witness.says(relay("message", "x", b"kept"))
    lane.broker.memory_is_tight = True
    other = lane.newcomer().register("other")
    lane.hear()
    lane.witness.says(relay("message", "x", b"too much"))
    other.cut()
    assert is_over(other)
    assert lane.witness.heard() == [(ERROR, "slow_peer", "x"), (LEFT, "other", "lost")]
    assert lane.broker.metrics["resume_sheds"] == 2
    assert lane.broker.metrics["resumable"] == 1
    back = lane.resume()
    assert [event for event in back.heard() if event[0] == "message"] == [("message", "w", b"kept")]
    lane.broker.memory_is_tight = False
    back.cut()
    lane.witness.says(relay("message", "x", b"kept again"))
    assert lane.witness.heard() == []


def test_one_that_never_registered_or_has_left_is_not_waited_for() -> None:
    lane = Lane()
    stranger = lane.newcomer()
    stranger.cut()
    lane.x.leave()
    lane.x.cut()
    assert is_over(stranger)
    assert is_over(lane.x)


def test_one_that_was_lost_before_it_knew_its_session_is_not_waited_for() -> None:
    lane = Lane()
    stranger = lane.newcomer()
    stranger.peer.tell(Register("y", "g"))
    stranger.peer.tell(relay("message", "w", b"last words"))
    stranger.cut()
    assert is_over(stranger)
    assert lane.witness.heard() == [(JOINED, "y"), ("message", "y", b"last words"), (LEFT, "y", "lost")]
    assert lane.broker.metrics["resumable"] == 0


def test_nobody_is_watched_who_is_not_there() -> None:
    lane = Lane(window=100)
    lane.x.cut()
    for _ in range(9):
        lane.broker.pass_time(10)
        lane.witness.pong()
        lane.z.pong()
    assert lane.x.outbox.pings == 0
    assert lane.witness.heard() == []


# --- Taking the place again ---


def test_a_place_is_taken_again_by_its_session_and_nobody_sees_anything() -> None:
    lane = Lane()
    lane.x.cut()
    lane.broker.pass_time(29)
    back = lane.newcomer()
    back.says(Register("x", "g", session=lane.session))
    (answer,) = back.told()
    assert isinstance(answer, PeerList)
    assert answer.resumed
    assert answer.own == lane.place, "the same place in the order of joins, the same session"
    assert [peer.id for peer in answer.peers] == ["w"], "who joined before it"
    lane.broker.pass_time(5)
    assert lane.witness.heard() == lane.z.heard() == []
    assert is_over(lane.x)
    back.relay("message", "w", b"again")
    lane.witness.relay("offer", "x")
    assert lane.witness.heard() == [("message", "x", b"again")]
    assert back.heard() == [("offer", "w", b"")]
    assert lane.broker.metrics["resumes"] == 1
    assert lane.broker.metrics["peers"] == 3


def test_what_was_kept_follows_the_list_in_order() -> None:
    lane = Lane()
    lane.x.cut()
    lane.witness.says(relay("offer", "x", b"1", id="7"), relay("candidate", "x", b"2"))
    lane.broker.join("y")
    lane.z.relay("message", "x", b"3")
    lane.z.leave()
    lane.witness.relay("message", None, b"4")
    back = lane.resume()
    assert back.heard() == [
        (LIST, "w"),
        ("offer", "w", b"1"),
        ("candidate", "w", b"2"),
        (JOINED, "y"),
        ("message", "z", b"3"),
        (LEFT, "z", "left"),
        ("message", "w", b"4"),
    ]


def test_a_v2_sender_hears_that_its_message_is_kept_and_nothing_when_it_passes() -> None:
    lane = Lane()
    (ann,) = lane.broker.join("a", profile=V2)
    lane.x.cut()
    ann.says(relay("offer", "x", id="7"))
    assert ann.heard() == [(ACK, "7", "queued")]
    lane.resume()
    assert ann.heard() == []


def test_answers_to_what_it_had_said_are_kept_too() -> None:
    lane = Lane()
    lane.x.peer.tell(relay("message", "w", id="1"))
    lane.x.peer.tell(relay("message", "nobody", id="2"))
    lane.x.cut()
    assert lane.resume().heard() == [(LIST, "w"), (ERROR, "unknown_peer", "nobody"), (ACK, "1", "delivered")]


def test_answers_that_there_is_no_room_for_end_the_window() -> None:
    lane = Lane(messages=1)
    for number in range(2):
        lane.x.peer.tell(relay("message", "nobody", id=str(number)))
    lane.x.cut()
    assert lane.witness.heard() == [(LEFT, "x", "lost")]
    lane = Lane(messages=1)
    for number in range(2):
        lane.x.peer.tell(relay("message", "w", id=str(number)))
    lane.x.cut()
    assert lane.witness.heard()[-1] == (LEFT, "x", "lost")


def test_beyond_the_bound_a_sender_is_told_at_once() -> None:
    lane = Lane(messages=2)
    lane.x.cut()
    lane.witness.says(*(relay("message", "x", str(number).encode()) for number in range(3)))
    assert lane.witness.heard() == [(ERROR, "slow_peer", "x")]
    assert lane.resume().heard() == [(LIST, "w"), ("message", "w", b"0"), ("message", "w", b"1")]


def test_what_the_new_connection_cannot_take_is_given_back() -> None:
    lane = Lane()
    lane.x.cut()
    lane.witness.relay("message", "x")
    back = lane.newcomer()
    back.outbox.translates = False
    back.register("x", session=lane.session)
    assert lane.witness.heard() == [(ERROR, "unrepresentable", "x")]


def test_metadata_is_that_of_the_register_that_resumes() -> None:
    lane = Lane()
    lane.x.cut()
    lane.newcomer().says(Register("x", "g", b'"new"', session=lane.session))
    late = lane.broker.connect().register("late")
    (answer,) = late.told()
    assert isinstance(answer, PeerList)
    assert {peer.id: peer.metadata for peer in answer.peers} == {"w": None, "x": b'"new"', "z": None}


def test_a_place_may_be_taken_again_and_again() -> None:
    lane = Lane()
    connection = lane.x
    for _ in range(3):
        connection.cut()
        lane.broker.pass_time(15)
        lane.witness.relay("message", "x")
        connection = lane.resume()
        assert connection.heard() == [(LIST, "w"), ("message", "w", b"")]
    assert lane.witness.heard() == []
    assert lane.broker.metrics["resumes"] == 3


def test_one_that_resumes_into_a_full_group_has_its_place() -> None:
    lane = Lane()
    lane.broker = Broker(GROUP_RULES._replace(peers=1))
    x = lane.broker.connect(profile=V2).register("x")
    lane.session = place_of(x).session
    x.cut()
    assert lane.resume().heard() == [(LIST,)]


def test_who_came_and_went_in_the_moment_of_the_break_is_not_missed() -> None:
    lane = Lane()
    lane.x.outbox.closed = CloseCode.GOING_AWAY  # the socket has failed, and word of that is behind what follows
    lane.broker.join("y")
    lane.z.leave()
    lane.witness.relay("message", "x")
    assert (ERROR, "undelivered", "x") in lane.witness.heard()
    lane.x.cut()
    assert lane.resume().heard() == [(LIST, "w"), (JOINED, "y"), (LEFT, "z", "left")]


def test_who_came_and_went_in_the_moment_of_an_end_for_good_is_for_nobody() -> None:
    lane = Lane()
    lane.x.outbox.closed = CloseCode.GOING_AWAY
    lane.broker.join("y")
    lane.x.lost(LeaveReason.LEFT)
    assert is_over(lane.x)
    assert lane.broker.metrics["resumable"] == 0


def test_one_that_never_heard_that_it_was_back_is_not_waited_for() -> None:
    lane = Lane()
    for _ in range(6):
        lane.broker.pass_time(10)
        lane.witness.pong()
        lane.z.pong()
    lane.hear()
    lane.x.outbox.closed = CloseCode.GOING_AWAY
    lane.x.heartbeat()
    lane.x.cut()
    assert lane.witness.heard() == [(JOINED, "x"), (LEFT, "x", "lost")]
    assert is_over(lane.x)
