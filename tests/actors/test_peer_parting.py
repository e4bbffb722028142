"""A client that goes before it has its place: what it said before is still acted on, and its actor ends."""

from actors.messages import Close, Lost, Register
from actors.reasons import CloseCode, LeaveReason
from tests.broker import JOINED, LEFT, Broker, Caller, relay
from tests.doubles import actor_of


def early_pair() -> tuple[Broker, Caller, Caller]:
    """A client that is registered, and one that is not."""
    broker = Broker()
    (ann,) = broker.join("a")
    return broker, ann, broker.connect()


def test_what_was_said_before_the_end_is_delivered_though_the_place_comes_after_it() -> None:
    broker, ann, bob = early_pair()
    for message in (Register("b", "g"), relay("message", "a", b"1"), relay("message", None, b"2"), Lost(LeaveReason.LEFT)):
        bob.peer.tell(message)
    broker.run()
    assert ann.heard() == [(JOINED, "b"), ("message", "b", b"1"), ("message", "b", b"2"), (LEFT, "b", "left")]
    assert actor_of(bob.peer) is None


def test_what_was_said_for_the_next_group_before_the_end_is_delivered_there() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    (eve,) = broker.join("e", group_id="h")
    for message in (Register("b", "h"), relay("message", "e", b"1"), Lost()):
        bob.peer.tell(message)
    broker.run()
    assert ann.heard() == [(LEFT, "b", "left")]
    assert eve.heard() == [(JOINED, "b"), ("message", "b", b"1"), (LEFT, "b", "lost")]


def test_who_goes_before_it_has_a_place_and_said_nothing_more_is_not_waited_for() -> None:
    broker, _, bob = early_pair()
    bob.peer.tell(Register("b", "g"))
    bob.peer.tell(Lost())
    broker.run()
    assert bob.peer.actor_stopped.is_set()
    assert broker.metrics.counts["peers", ""] == 1


def test_who_goes_in_a_contest_with_something_said_is_ended_when_it_is_settled() -> None:
    broker = Broker()
    (ann,) = broker.join("a")
    twin = broker.connect()
    for message in (Register("a", "g"), relay("message", "a", b"1"), Lost()):
        twin.peer.tell(message)
    broker.run()
    assert not twin.peer.actor_stopped.is_set()
    ann.pong()
    assert twin.peer.actor_stopped.is_set()
    assert ann.heard() == []


def test_a_server_that_closes_does_not_wait_for_the_place_of_one_that_has_gone() -> None:
    broker = Broker()
    broker.join("a")
    twin = broker.connect()
    for message in (Register("a", "g"), relay("message", "a", b"1"), Lost(), Close(CloseCode.RESTART, None)):
        twin.peer.tell(message)
    broker.run()
    assert twin.peer.actor_stopped.is_set()
    assert (twin.outbox.closed, broker.metrics.counts["peers", ""]) == (CloseCode.RESTART, 1)
