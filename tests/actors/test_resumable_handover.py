"""Between two connections: what is said in the midst of a handover, and who may fail there."""

from actors.events import Profile
from actors.messages import Leave, Register
from actors.reasons import CloseCode, LeaveReason
from actors.rules import OnDuplicate
from actors.supervision import Drain
from tests.actors.lane import Lane, is_over
from tests.broker import ACK, ERROR, LEFT, LIST, WELCOME, Caller, relay
from tests.doubles import GreenletEnd, RecordingOutbox, Venom, actor_of

V1, V2 = Profile.V1, Profile.V2


# --- Between two connections ---


def test_what_the_group_says_before_the_handover_follows_it() -> None:
    lane = Lane()
    lane.x.cut()
    lane.witness.relay("message", "x", b"1")
    back = lane.newcomer()
    back.peer.tell(Register("x", "g", session=lane.session))
    lane.turns(3)  # the newcomer, the directory, the group
    lane.witness.peer.tell(relay("message", "x", b"2"))
    lane.z.peer.tell(Leave())
    old = actor_of(lane.x.peer)
    lane.broker.scheduler.run_queue.remove(old)  # it has its turn last
    lane.broker.run()
    assert back.heard() == []
    lane.broker.scheduler.ready(old)
    lane.broker.run()
    assert back.heard() == [(LIST, "w"), ("message", "w", b"1"), ("message", "w", b"2"), (LEFT, "z", "left")]


def test_what_comes_before_the_handover_is_bounded_too() -> None:
    lane = Lane(messages=1)
    lane.x.cut()
    back = lane.newcomer()
    back.peer.tell(Register("x", "g", session=lane.session))
    lane.turns(3)
    old = actor_of(lane.x.peer)
    lane.broker.scheduler.run_queue.remove(old)
    lane.witness.says(relay("message", "x", b"1", id="1"), relay("message", "x", b"2", id="2"))
    assert lane.witness.heard() == [(ERROR, "slow_peer", "x")]
    lane.broker.scheduler.ready(old)
    lane.broker.run()
    assert back.heard() == [(LIST, "w"), ("message", "w", b"1")]


def resume_at_once(lane: Lane, count: int) -> list[Caller]:
    """So many connections show the session before any actor has its turn."""
    callers = [lane.newcomer() for _ in range(count)]
    for caller in callers:
        caller.peer.tell(Register("x", "g", session=lane.session))
    lane.broker.run()
    return callers


def test_of_many_that_show_the_session_at_once_the_last_has_everything() -> None:
    lane = Lane()
    lane.x.cut()
    lane.witness.relay("message", "x", b"kept")
    first, second, last = resume_at_once(lane, 3)
    assert last.heard() == [(LIST, "w"), ("message", "w", b"kept")]
    assert [caller.outbox.closed for caller in (first, second, last)] == [CloseCode.REPLACED, CloseCode.REPLACED, None]
    assert lane.witness.heard() == []


def test_one_that_is_lost_before_the_handover_keeps_the_place_and_what_came_for_it() -> None:
    lane = Lane()
    lane.x.cut()
    lane.witness.relay("message", "x", b"kept")
    flapping = lane.newcomer()
    flapping.peer.tell(Register("x", "g", session=lane.session))
    flapping.cut()
    assert lane.witness.heard() == []
    assert lane.resume().heard() == [(LIST, "w"), ("message", "w", b"kept")]
    assert lane.broker.metrics["resumable"] == 0


def test_one_that_closes_before_the_handover_gives_the_place_up() -> None:
    lane = Lane()
    lane.x.cut()
    lane.witness.relay("message", "x", b"kept")
    going = lane.newcomer()
    going.peer.tell(Register("x", "g", session=lane.session))
    going.lost(LeaveReason.LEFT)
    assert lane.witness.heard() == [(LEFT, "x", "left"), (ERROR, "undelivered", "x")]
    assert lane.broker.metrics["peers"] == 2


def test_a_challenge_in_the_midst_of_a_handover_is_answered_after_it() -> None:
    lane = Lane()
    lane.x.cut()
    back, stranger = lane.newcomer(), lane.newcomer()
    back.peer.tell(Register("x", "g", session=lane.session))
    stranger.peer.tell(Register("x", "g"))
    lane.broker.run()
    assert back.outbox.pings == 1
    back.pong()
    assert stranger.heard() == [(ERROR, "peer_id_taken", None)]


def test_one_that_is_replaced_in_the_midst_of_a_handover_is_told_after_it() -> None:
    lane = Lane(OnDuplicate.NEWEST)
    lane.x.cut()
    back, newest = lane.newcomer(), lane.newcomer()
    back.peer.tell(Register("x", "g", session=lane.session))
    newest.peer.tell(Register("x", "g"))
    lane.broker.run()
    assert back.heard() == [(LIST, "w"), (ERROR, "replaced", None)]
    assert back.outbox.closed is CloseCode.REPLACED
    assert newest.heard() == [(LIST, "w", "z")]


def test_what_it_says_in_one_go_with_its_register_comes_after_what_was_kept() -> None:
    lane = Lane()
    lane.x.cut()
    lane.witness.relay("message", "x", b"kept")
    back = lane.newcomer()
    back.says(Register("x", "g", session=lane.session), Leave(id="7"))
    assert back.heard() == [(LIST, "w"), ("message", "w", b"kept"), (ACK, "7", "delivered")]
    assert lane.witness.heard() == [(LEFT, "x", "left")]


# --- Failures, and the end ---


def fail_group(caller: Caller) -> None:
    caller.says(relay("message", Venom(GreenletEnd())))


def test_a_place_survives_its_group() -> None:
    lane = Lane()
    lane.x.cut()
    lane.witness.relay("message", "x", b"kept")
    fail_group(lane.witness)
    lane.witness.heard()
    assert lane.resume().heard() == [(LIST, "w"), ("message", "w", b"kept"), (ERROR, "internal", None)]
    assert lane.witness.heard() == []


def test_a_group_that_fails_in_the_midst_of_a_handover_is_followed_by_the_next() -> None:
    lane = Lane()
    lane.x.cut()
    back = lane.newcomer()
    back.peer.tell(Register("x", "g", session=lane.session))
    lane.turns(2)
    lane.witness.peer.tell(relay("message", Venom(GreenletEnd())))
    lane.broker.scheduler.run_queue.rotate(1)
    lane.broker.run()
    assert back.heard()[0] == (LIST, "w")
    lane.witness.heard()
    back.relay("message", "w", b"after all")
    assert lane.witness.heard() == [("message", "x", b"after all")]


def test_a_group_that_is_given_up_ends_what_it_waited_for() -> None:
    lane = Lane()
    lane.x.cut()
    lane.witness.relay("message", "x", b"kept")
    for _ in range(3):
        fail_group(lane.witness)
    assert is_over(lane.x)
    assert lane.broker.metrics["resumable"] == 0
    assert lane.broker.metrics["peers"] == 0


def test_a_peer_actor_that_fails_while_it_waits_gives_the_place_up() -> None:
    lane = Lane()
    lane.x.cut()
    lane.witness.relay("message", "x", b"kept")
    broken = RecordingOutbox()
    broken.fault = GreenletEnd()
    actor_of(lane.x.peer)._client.outbox = broken  # noqa: SLF001 - the next message fails
    lane.z.relay("message", "x")
    assert is_over(lane.x)
    assert (LEFT, "x", "lost") in lane.z.heard()
    assert (ERROR, "undelivered", "x") in lane.witness.heard()
    assert lane.broker.metrics["resumable"] == 0


def test_an_actor_that_ends_before_it_was_asked_to_hand_over_has_its_heir_answered() -> None:
    lane = Lane()
    lane.x.cut()
    lane.broker.scheduler.deadlines.clear()  # its window ends by hand
    back = lane.newcomer()
    back.peer.tell(Register("x", "g", session=lane.session))
    lane.turns(2)
    actor_of(lane.x.peer)._give_up()  # noqa: SLF001 - in the same moment
    lane.broker.run()
    assert back.heard() == [(LIST, "w")]
    assert lane.witness.heard() == []


def test_in_a_drain_a_session_is_refused_as_any_register_is() -> None:
    lane = Lane()
    lane.x.cut()
    lane.broker.directory.post(Drain())
    assert lane.resume().heard() == [(ERROR, "draining", None)]
    lane.broker.pass_time(30)
    assert lane.witness.heard() == [(LEFT, "x", "lost")]
    assert is_over(lane.x)


def test_the_welcome_of_one_that_resumes_is_that_of_any_other() -> None:
    lane = Lane()
    lane.x.cut()
    back = lane.broker.connect(profile=V2)
    back.register("x", session=lane.session)
    assert back.heard() == [(WELCOME,), (LIST, "w")]
