import weakref

import pytest

from actors.events import Reference, Relayed
from actors.messages import (
    Close,
    Departed,
    Evicted,
    GroupKey,
    GroupLost,
    Joined,
    JoinRefused,
    Lost,
    Restored,
    Revived,
)
from actors.reasons import CloseCode, ErrorCode, LeaveReason
from tests.broker import ERROR, HOLD, JOINED, LEFT, PEER_RULES, Broker, Caller, relay
from tests.doubles import GreenletEnd, RecordingOutbox, actor_of, only_reference_counts


def early_pair() -> tuple[Broker, Caller, Caller]:
    """A client that is registered, and one that is not."""
    broker = Broker()
    (ann,) = broker.join("a")
    return broker, ann, broker.connect()


def test_a_message_for_a_connection_that_is_closing_is_answered() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    ann.peer.tell(relay("offer", "b"))
    broker.scheduler.step(1)
    bob.peer.tell(Close(CloseCode.RESTART, None))
    broker.scheduler.run_queue.rotate(1)
    broker.run()
    assert ann.heard() == [(ERROR, "unknown_peer", "b")]


def test_a_message_that_arrives_behind_the_end_of_a_connection_is_answered() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    actor_of(bob.peer).on_unread([Relayed("offer", "a", "b", None, relay("x", None).format, ann.peer), Lost()])
    broker.run()
    assert ann.heard() == [(ERROR, "unknown_peer", "b")]


def test_what_another_group_says_is_ignored() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    other = GroupKey("", "old")
    bob.says(Joined(other, ann.peer, 1, ()), JoinRefused(other, ErrorCode.INTERNAL, Reference()), Revived(other, 1, ()))
    bob.says(Departed(other), Evicted(other, LeaveReason.LOST), Restored(other, ann.peer), GroupLost(other))
    bob.relay("offer", "a")
    assert bob.heard() == []
    assert ann.heard() == [("offer", "b", b"")]


@pytest.mark.parametrize(
    "error", [ValueError(), GreenletEnd(), KeyboardInterrupt(), GeneratorExit()], ids=lambda error: type(error).__name__
)
def test_a_failed_peer_closes_its_connection_and_its_group_sees_it_leave(error: BaseException) -> None:
    broker = Broker()
    ann, bob, eve = broker.join("a", "b", "e")
    bob.outbox.fault = error
    for kind in ("offer", "message"):
        ann.peer.tell(relay(kind, "b"))
    broker.run()
    assert bob.outbox.closed is CloseCode.SERVER_FAULT
    assert not bob.peer.is_alive()
    assert eve.heard() == [(LEFT, "b", "lost")]
    assert sorted(map(str, ann.heard())) == sorted(map(str, [(ERROR, "internal", "b"), (ERROR, "internal", "b"), (LEFT, "b", "lost")]))
    assert actor_of(broker.supervisor).notes == []
    assert broker.metrics.counts["actor_failures", "PeerActor"] == 1


def test_a_peer_that_fails_while_it_joins_leaves_again() -> None:
    broker, ann, bob = early_pair()
    bob.outbox.fault = ValueError()
    bob.register("b")
    assert bob.outbox.closed is CloseCode.SERVER_FAULT
    assert ann.heard() == [(JOINED, "b"), (LEFT, "b", "lost")]
    ann.lost()
    assert broker.metrics["groups"] == 0


def test_a_peer_whose_way_out_fails_too_leaves_its_group_all_the_same() -> None:
    class Broken(RecordingOutbox):
        def close(self, code: CloseCode, says: str = "") -> None:
            raise OSError("close")

    broker = Broker()
    (ann,) = broker.join("a")
    bob = broker.connect(outbox=Broken()).register("b")
    bob.says(Close(CloseCode.KICKED))
    assert ann.heard() == [(JOINED, "b"), (LEFT, "b", "lost")]
    assert not bob.peer.is_alive()


@pytest.mark.parametrize("hold", [True, False])
@pytest.mark.parametrize("end", ["lost", "failure", "never registered"])
def test_a_connection_that_has_ended_is_freed_at_once(end: str, hold: bool) -> None:
    broker = Broker(peer=PEER_RULES._replace(hold=HOLD if hold else None))
    with only_reference_counts():
        (ann,) = broker.join("a")
        bob = broker.connect()
        freed = [weakref.ref(actor_of(bob.peer)), weakref.ref(bob.outbox)]
        if end != "never registered":
            bob.register("b")
            ann.says(relay("offer", "b"), relay("candidate", "b"))
        if end == "failure":
            bob.outbox.fault = ValueError()
            broker.pass_time(2)
            ann.relay("message", "b")
            bob.outbox.fault = None  # it carries a traceback
        bob.lost()
        del bob
        actor_of(broker.supervisor).notes.clear()
        assert [ref() for ref in freed] == [None, None]
        assert len(broker.scheduler.deadlines) == 1
