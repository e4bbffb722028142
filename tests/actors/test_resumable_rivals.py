"""Who may take a place by its session, and who may not; and what becomes of whoever has it."""

import pytest

from actors.events import PeerList, Profile
from actors.messages import Heartbeat, Leave, Register
from actors.reasons import CloseCode
from actors.rules import OnDuplicate
from tests.actors.lane import Lane, is_over, place_of
from tests.broker import ERROR, JOINED, LEFT, LIST

V1, V2 = Profile.V1, Profile.V2


# --- Who may not ---


@pytest.mark.parametrize("session", ["0" * 32, "x", "é"])
def test_a_wrong_session_is_none_and_who_is_not_there_is_a_ghost(session: str) -> None:
    lane = Lane()
    lane.x.cut()
    lane.witness.relay("message", "x")
    stranger = lane.resume(session)
    assert [event.resumed for event in stranger.told() if isinstance(event, PeerList)] == [False]
    assert lane.z.heard() == [(LEFT, "x", "lost"), (JOINED, "x")], "at once"
    assert lane.witness.heard() == [(ERROR, "undelivered", "x"), (LEFT, "x", "lost"), (JOINED, "x")]
    assert is_over(lane.x)


def test_a_wrong_session_against_one_that_is_there_is_a_challenge() -> None:
    lane = Lane()
    stranger = lane.resume("0" * 32)
    lane.x.pong()
    assert stranger.heard() == [(ERROR, "peer_id_taken", None)]


def test_a_session_is_for_its_peer_and_its_group_alone() -> None:
    lane = Lane()
    lane.x.cut()
    other = lane.resume(peer_id="y")
    elsewhere = lane.resume(group_id="h")
    assert (other.heard(), elsewhere.heard()) == ([(LIST, "w", "x", "z")], [(LIST,)])
    assert lane.witness.heard() == [(JOINED, "y")]


def test_a_v1_client_has_no_session_to_show() -> None:
    lane = Lane()
    stranger = lane.newcomer(V1).register("x", session=lane.session)
    lane.x.pong()
    assert stranger.heard() == [(ERROR, "peer_id_taken", None)]


def test_after_the_window_a_session_is_a_plain_join() -> None:
    lane = Lane()
    lane.x.cut()
    lane.broker.pass_time(30)
    lane.hear()
    back = lane.resume()
    assert place_of(back).session != lane.session
    assert lane.witness.heard() == [(JOINED, "x")]


def test_a_session_of_a_place_that_was_left_is_a_plain_join() -> None:
    lane = Lane()
    lane.x.leave()
    assert place_of(lane.resume()).session != lane.session


@pytest.mark.parametrize("policy", [OnDuplicate.NEWEST, OnDuplicate.REJECT])
def test_the_right_session_counts_whatever_the_policy(policy: OnDuplicate) -> None:
    lane = Lane(policy)
    lane.x.cut()
    assert lane.resume().heard() == [(LIST, "w")]
    assert lane.witness.heard() == []


def test_the_newest_takes_the_place_of_one_that_is_not_there() -> None:
    lane = Lane(OnDuplicate.NEWEST)
    lane.x.cut()
    lane.witness.relay("message", "x")
    assert lane.newcomer(V1).register("x").heard() == [(LIST, "w", "z")]
    assert lane.witness.heard() == [(LEFT, "x", "replaced"), (JOINED, "x"), (ERROR, "undelivered", "x")]
    assert is_over(lane.x)
    assert lane.broker.metrics["resumable"] == 0


def test_nobody_gets_the_id_of_one_that_is_not_there_where_that_is_the_rule() -> None:
    lane = Lane(OnDuplicate.REJECT)
    lane.x.cut()
    assert lane.newcomer().register("x").heard() == [(ERROR, "peer_id_taken", None)]


# --- On a connection that is still open ---


def test_a_connection_that_is_still_open_is_replaced_and_closed() -> None:
    lane = Lane()
    back = lane.resume()
    assert back.heard() == [(LIST, "w")]
    assert lane.x.heard() == [(ERROR, "replaced", None)]
    assert lane.x.outbox.closed is CloseCode.REPLACED
    lane.x.lost()
    lane.witness.relay("offer", "x")
    assert back.heard() == [("offer", "w", b"")]
    assert lane.witness.heard() == []


def test_a_contest_for_the_id_is_over_when_its_session_is_shown() -> None:
    lane = Lane()
    stranger = lane.newcomer().register("x")
    back = lane.resume()
    assert stranger.heard() == [(ERROR, "peer_id_taken", None)]
    lane.broker.pass_time(2)
    assert back.heard() == [(LIST, "w")]


def test_one_that_was_away_joins_anew_when_its_session_is_shown() -> None:
    lane = Lane()
    for _ in range(6):
        lane.broker.pass_time(10)
        lane.witness.pong()
        lane.z.pong()
    assert lane.witness.heard() == [(LEFT, "x", "away")]
    back = lane.resume()
    place = place_of(back)
    assert place.session != lane.session
    assert place.sequence > lane.place.sequence
    assert lane.witness.heard() == [(JOINED, "x")]
    assert lane.x.outbox.closed is CloseCode.REPLACED


def test_one_that_comes_back_and_is_lost_in_one_breath_is_given_up() -> None:
    lane = Lane()
    for _ in range(6):
        lane.broker.pass_time(10)
        lane.witness.pong()
        lane.z.pong()
    lane.hear()
    lane.x.peer.tell(Heartbeat())
    lane.x.cut()
    assert lane.witness.heard() == [(JOINED, "x"), (LEFT, "x", "lost")]
    assert is_over(lane.x)


def test_a_leave_on_its_way_from_the_old_connection_harms_nobody() -> None:
    lane = Lane()
    back = lane.newcomer()
    back.peer.tell(Register("x", "g", session=lane.session))
    lane.turns(2)
    lane.x.peer.tell(Leave())
    lane.broker.run()
    lane.witness.relay("offer", "x")
    assert back.heard()[-1] == ("offer", "w", b"")
