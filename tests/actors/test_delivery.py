"""Candidates wait for the answer that they must not overtake (`docs/protocol.md`: Guarantees, 5)."""

import pytest

from actors.delivery import SAMPLE
from actors.messages import HoldExpired, Register
from actors.reasons import CloseCode
from tests.broker import ERROR, HOLD, LEFT, LIST, PEER_RULES, Broker, Caller, relay


def held_pair() -> tuple[Broker, Caller, Caller]:
    """One that has offered and sent a candidate, and one that has not answered yet."""
    broker = Broker()
    ann, bob = broker.join("a", "b")
    ann.says(relay("offer", "b", b"0"), relay("candidate", "b", b"1"))
    assert bob.heard() == [("offer", "a", b"0")]
    return broker, ann, bob


def test_a_candidate_is_held_until_the_answer_has_passed() -> None:
    _, ann, bob = held_pair()
    bob.relay("answer", "a")
    assert ann.heard() == [("answer", "b", b"")]
    assert bob.heard() == [("candidate", "a", b"1")]
    ann.relay("candidate", "b", b"2")
    assert bob.heard() == [("candidate", "a", b"2")]


def test_an_answer_to_another_releases_nothing() -> None:
    broker, _, bob = held_pair()
    broker.join("e")
    bob.relay("answer", "e")
    assert ("candidate", "a", b"1") not in bob.heard()


def test_an_answer_that_is_refused_releases_nothing() -> None:
    _, _, bob = held_pair()
    bob.relay("answer", "a", source_id="someone else")
    assert bob.heard() == [(ERROR, "source_mismatch", "a")]


def test_a_candidate_is_held_for_a_second_at_most() -> None:
    broker, _, bob = held_pair()
    broker.pass_time(0.999)
    assert bob.heard() == []
    broker.pass_time(0.001)
    assert bob.heard() == [("candidate", "a", b"1")]


def test_each_sender_is_held_for_its_own_second() -> None:
    broker, _, bob = held_pair()
    (eve,) = broker.join("e")
    broker.pass_time(0.4)
    eve.says(relay("offer", "b"), relay("candidate", "b", b"2"))
    bob.heard()
    broker.pass_time(0.6)
    assert bob.heard() == [("candidate", "a", b"1")]
    broker.pass_time(0.4)
    assert bob.heard() == [("candidate", "e", b"2")]


def test_the_65th_frame_lets_all_pass() -> None:
    _, ann, bob = held_pair()
    ann.says(*(relay("candidate", "b", str(number).encode()) for number in range(2, HOLD.messages + 1)))
    assert bob.heard() == []
    ann.relay("message", "b", b"one more")
    assert [payload for *_, payload in bob.heard()] == [*(str(number).encode() for number in range(1, HOLD.messages + 1)), b"one more"]


def test_what_follows_a_held_candidate_stays_behind_it() -> None:
    _, ann, bob = held_pair()
    ann.relay("message", "b", b"2")
    ann.relay("message", None, b"3")
    assert bob.heard() == []
    bob.relay("answer", "a")
    assert [payload for *_, payload in bob.heard()] == [b"1", b"2", b"3"]


def test_what_is_held_for_a_sender_that_leaves_comes_before_its_goodbye() -> None:
    broker, ann, bob = held_pair()
    ann.lost()
    assert bob.heard() == [("candidate", "a", b"1"), (LEFT, "a", "lost")]
    broker.pass_time(2)
    assert bob.heard() == []


@pytest.mark.parametrize("going", [Caller.leave, Caller.lost, lambda bob: bob.says(Register("b", "h"))])
def test_a_sender_gets_back_what_is_held_for_one_that_leaves(going: object) -> None:
    broker, ann, bob = held_pair()
    ann.relay("message", None)
    assert callable(going)
    going(bob)
    told = ann.heard()
    assert told.count((ERROR, "undelivered", "b")) == 2
    assert told[-1][0] is LEFT or (LEFT, "b", "left") in told
    broker.pass_time(2)
    assert ("candidate", "a", b"1") not in bob.heard()


def test_a_deadline_of_the_old_group_does_no_harm_in_the_new_one() -> None:
    broker, _, bob = held_pair()
    bob.register("b", "h")
    (eve,) = broker.join("e", group_id="h")
    eve.says(relay("offer", "b"), relay("candidate", "b", b"2"))
    bob.heard()
    bob.says(HoldExpired())
    assert bob.heard() == []
    broker.pass_time(1)
    assert bob.heard() == [("candidate", "e", b"2")]


def test_a_deadline_that_comes_between_two_groups_is_forgotten() -> None:
    broker, _, bob = held_pair()
    bob.leave()
    bob.says(HoldExpired())
    bob.register("b")
    broker.pass_time(5)
    assert bob.heard() == [(LIST, "a")]


def test_a_client_that_comes_back_from_being_away_starts_with_its_list() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    broker.pass_time(59.5)
    ann.says(relay("offer", "b"), relay("candidate", "b", b"1"))
    broker.pass_time(0.6)
    assert bob.heard() == [("offer", "a", b"")]
    bob.pong()
    assert bob.heard() == [(LIST, "a")]
    assert (ERROR, "undelivered", "b") in ann.heard()
    ann.relay("candidate", "b", b"2")
    assert bob.heard() == [("candidate", "a", b"2")]


def test_nothing_is_held_where_the_tenant_does_not_want_it() -> None:
    broker = Broker(peer=PEER_RULES._replace(hold=None))
    ann, bob = broker.join("a", "b")
    ann.says(relay("offer", "b"), relay("candidate", "b"))
    assert bob.heard() == [("offer", "a", b""), ("candidate", "a", b"")]
    bob.relay("answer", "a")
    ann.lost()
    bob.lost()
    assert broker.metrics["deliveries"] == 3


def test_what_the_receiver_has_no_form_for_is_answered() -> None:
    broker = Broker()
    ann, bob, _ = broker.join("a", "b", "e")
    bob.outbox.translates = False
    ann.relay("message", "b", b"\x00")
    ann.relay("message", None, b"\x00")
    assert ann.heard() == [(ERROR, "unrepresentable", "b"), (ERROR, "unrepresentable", "b")]
    assert bob.outbox.closed is None


def test_held_frames_that_no_longer_fit_are_answered() -> None:
    _, ann, bob = held_pair()
    ann.relay("candidate", "b", b"2")
    bob.outbox.full = True
    bob.relay("answer", "a")
    assert bob.outbox.closed is CloseCode.SLOW_CONSUMER
    assert ann.heard() == [(ERROR, "slow_peer", "b"), (ERROR, "undelivered", "b"), ("answer", "b", b"")]


def test_what_is_handed_over_is_counted_by_type() -> None:
    broker, _, bob = held_pair()
    bob.relay("answer", "a")
    assert {kind: broker.metrics.counts["deliveries", kind] for kind in ("offer", "candidate", "answer")} == {
        "offer": 1,
        "candidate": 1,
        "answer": 1,
    }


def test_of_every_so_many_relays_of_a_type_the_time_of_one_is_taken() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    for _ in range(2 * SAMPLE - 1):
        ann.relay("message", "b")
    ann.relay("answer", "b")
    assert broker.metrics.times == [("relay_latency", 0.0)]
    ann.peer.tell(relay("message", "b"))
    broker.scheduler.step()
    broker.clock.now += 0.25
    broker.run()
    assert broker.metrics.times[1:] == [("relay_latency", 0.25)]
    assert len(bob.heard()) == 2 * SAMPLE + 1


def test_a_message_that_was_held_says_nothing_of_how_fast_the_server_is() -> None:
    broker, ann, bob = held_pair()
    ann.says(*[relay("candidate", "b")] * (SAMPLE - 1))
    bob.relay("answer", "a")
    assert broker.metrics.counts["deliveries", "candidate"] == SAMPLE
    assert broker.metrics.times == []
