"""What a client may say when, and what comes of it."""

import pytest

from actors.events import ErrorEvent, Reference
from actors.messages import (
    Close,
    Heartbeat,
    Leave,
    Register,
)
from actors.reasons import CloseCode, LeaveReason
from tests.broker import ERROR, JOINED, LEFT, LIST, Broker, Caller, relay
from tests.doubles import actor_of


def early_pair() -> tuple[Broker, Caller, Caller]:
    """A client that is registered, and one that is not."""
    broker = Broker()
    (ann,) = broker.join("a")
    return broker, ann, broker.connect()


@pytest.mark.parametrize(
    "message", [relay("offer", "a", id="1"), Heartbeat(id="1"), Leave(id="1")], ids=lambda message: type(message).__name__
)
def test_whatever_needs_a_place_is_refused_without_one(message: Heartbeat | Leave) -> None:
    _, ann, bob = early_pair()
    bob.says(message)
    (error,) = bob.told()
    assert isinstance(error, ErrorEvent)
    assert (error.code, error.reference) == ("not_registered", message.reference())
    assert error.reference.id == "1"
    assert ann.heard() == []


def test_a_message_carries_the_id_that_its_connection_registered() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    ann.relay("offer", "b", source_id="a")
    ann.relay("offer", "b")
    assert bob.heard() == [("offer", "a", b""), ("offer", "a", b"")]


@pytest.mark.parametrize(
    "message", [relay("offer", "b", source_id="b"), Heartbeat("b"), Leave("b")], ids=lambda message: type(message).__name__
)
def test_a_message_in_the_name_of_another_is_refused(message: Heartbeat) -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    ann.says(message)
    (error,) = ann.told()
    assert isinstance(error, ErrorEvent)
    assert (error.code, error.temporary, error.reference) == ("source_mismatch", False, message.reference())
    assert bob.heard() == []


def test_register_and_offer_may_come_in_one_go() -> None:
    _, ann, bob = early_pair()
    bob.says(Register("b", "g"), relay("offer", "a", b"1"), relay("message", None, b"2"), Heartbeat())
    assert bob.heard() == [(LIST, "a")]
    assert ann.heard() == [(JOINED, "b"), ("offer", "b", b"1"), ("message", "b", b"2")]


def test_what_comes_with_a_register_that_is_refused_is_answered() -> None:
    broker = Broker()
    (ann,) = broker.join("a")
    twin = broker.connect()
    twin.says(Register("a", "g"), relay("offer", "a"), Register("b", "g"))
    ann.pong()
    assert twin.heard() == [(ERROR, "peer_id_taken", None), (ERROR, "not_registered", "a"), (LIST, "a")]


def test_the_65th_message_that_waits_for_a_place_is_refused_and_order_is_kept() -> None:
    _, ann, bob = early_pair()
    bob.says(Register("b", "g"), *(relay("message", "a", str(number).encode()) for number in range(65)))
    assert bob.heard() == [(ERROR, "rate_limited", "a"), (LIST, "a")]
    assert [payload for *_, payload in ann.heard()[1:]] == [str(number).encode() for number in range(64)]


def test_a_client_that_leaves_keeps_its_connection_and_may_join_again() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    bob.leave()
    assert ann.heard() == [(LEFT, "b", "left")]
    assert bob.heard() == []
    ann.relay("message", None)
    bob.relay("offer", "a")
    assert bob.heard() == [(ERROR, "not_registered", "a")]
    bob.register("b")
    assert bob.heard() == [(LIST, "a")]
    assert ann.heard() == [(JOINED, "b")]


def test_leave_and_register_may_come_in_one_go() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    bob.says(Leave(), Register("c", "g"), relay("offer", "a", b"1"))
    assert ann.heard() == [(LEFT, "b", "left"), (JOINED, "c"), ("offer", "c", b"1")]
    assert bob.heard() == [(LIST, "a")]


def test_a_register_elsewhere_leaves_the_first_group_and_nothing_of_it_comes_after() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    (eve,) = broker.join("e", group_id="h")
    ann.peer.tell(relay("message", "b", b"too late"))
    bob.says(Register("b", "h"), relay("offer", "e", b"1"))
    assert bob.heard() == [(LIST, "e")]
    assert eve.heard() == [(JOINED, "b"), ("offer", "b", b"1")]
    assert ann.heard() == [(LEFT, "b", "left"), (ERROR, "unknown_peer", "b")]
    ann.relay("message", None)
    broker.join("c")
    assert bob.heard() == []


def test_registers_in_one_go_are_answered_one_by_one() -> None:
    broker = Broker()
    (ann,) = broker.join("a", group_id="h")
    bob = broker.connect()
    bob.says(Register("b", "g"), Register("b", "h"), Register("b", "h"), Leave(), Register("c", "h"))
    assert bob.heard() == [(LIST,), (LIST, "a"), (LIST, "a"), (LIST, "a")]
    assert ann.heard() == [(JOINED, "b"), (LEFT, "b", "left"), (JOINED, "c")]


def test_another_id_in_the_same_group_is_another_peer() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    bob.register("c")
    assert ann.heard() == [(LEFT, "b", "left"), (JOINED, "c")]
    assert bob.heard() == [(LIST, "a")]


def test_a_register_that_its_group_cannot_take_is_answered() -> None:
    broker = Broker()
    (ann,) = broker.join("a")
    group = actor_of(ann.peer)._seat._group  # noqa: SLF001 - to fail it before anyone knows
    ann.peer.tell(Register("a", "g", id="9"))
    broker.scheduler.run_queue.appendleft(_Bomb(group))
    broker.scheduler.step(2)
    (error,) = ann.told()
    assert isinstance(error, ErrorEvent)
    assert (error.code, error.reference) == ("unavailable", Reference("9", "register"))


class _Bomb:
    """Fails an actor in its turn."""

    def __init__(self, ref: object) -> None:
        self._ref = ref

    def drain(self) -> None:
        actor = actor_of(self._ref)  # type: ignore[arg-type] # a BrokerRef
        actor._crash(ValueError("bomb"), None, iter(()))  # noqa: SLF001 - any failure


@pytest.mark.parametrize("reason", [LeaveReason.LOST, LeaveReason.LEFT])
def test_a_client_that_goes_before_it_has_its_place_leaves_nothing_behind(reason: LeaveReason) -> None:
    broker, ann, bob = early_pair()
    bob.peer.tell(Register("b", "g"))
    bob.lost(reason)
    assert not bob.peer.is_alive()
    assert ann.heard() == [(JOINED, "b"), (LEFT, "b", reason.value)]
    ann.lost()
    assert broker.metrics["groups"] == 0


def test_a_client_that_goes_while_it_changes_groups_leaves_nothing_behind() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    bob.peer.tell(Register("b", "h"))
    bob.lost()
    assert ann.heard() == [(LEFT, "b", "left")]
    ann.lost()
    assert (broker.metrics["groups"], broker.metrics["peers"]) == (0, 0)


@pytest.mark.parametrize("registered", [True, False])
def test_a_server_that_closes_says_why(registered: bool) -> None:
    _, ann, bob = early_pair()
    if registered:
        bob.register("b")
    ann.heard()
    bob.says(Close(CloseCode.KICKED, LeaveReason.KICKED, "by hand"))
    assert (bob.outbox.closed, bob.outbox.says) == (CloseCode.KICKED, "by hand")
    assert ann.heard() == ([(LEFT, "b", "kicked")] if registered else [])
    bob.says(Close(CloseCode.RESTART))
    assert bob.outbox.closed is CloseCode.KICKED
    bob.lost()
    assert not bob.peer.is_alive()
    assert ann.heard() == []


@pytest.mark.parametrize("says", [None, Register("b", "g"), Register("b", "h")])
def test_in_a_drain_nobody_is_told_who_goes_and_the_groups_end(says: Register | None) -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    if says is not None:
        bob.peer.tell(says)
    bob.says(Close(CloseCode.RESTART, None))
    assert bob.outbox.closed is CloseCode.RESTART
    assert all(event[0] is not JOINED for event in ann.heard())
    ann.says(Close(CloseCode.RESTART, None))
    assert (broker.metrics["peers"], broker.metrics["groups"]) == (0, 0)


def test_a_client_in_a_drain_that_waits_for_its_place_is_let_in_and_out_without_a_goodbye() -> None:
    broker, ann, bob = early_pair()
    bob.says(Register("b", "g"), Close(CloseCode.RESTART, None))
    assert ann.heard() == [(JOINED, "b")]
    ann.relay("offer", "b")
    assert ann.heard() == [(ERROR, "unknown_peer", "b")]
    ann.lost()
    assert broker.metrics["groups"] == 0


def test_nothing_that_a_client_says_after_the_close_is_acted_on() -> None:
    broker, ann, bob = early_pair()
    bob.says(Close(CloseCode.RESTART, None), Register("b", "g"), relay("offer", "a"), Heartbeat(), Leave())
    broker.pass_time(1000)
    assert ann.heard() == bob.heard() == []
