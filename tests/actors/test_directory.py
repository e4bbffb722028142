import logging
import weakref

import pytest

from actors.events import Reference
from actors.messages import Depart, GroupKey, Join, Lost, Register
from actors.reasons import LeaveReason
from actors.supervision import Drain, Forward
from tests.broker import ERROR, GROUP_RULES, LIST, Broker, Caller, group_of, tell_group
from tests.doubles import Venom, actor_of, only_reference_counts

RESTARTED = (ERROR, "internal", None)


def poison(error: BaseException | None = None) -> str:
    return Venom(error or ValueError("poison"))


def test_groups_are_started_by_the_first_peer_and_end_with_the_last() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    group = group_of(ann)
    ann.lost()
    assert group.is_alive()
    bob.leave()
    assert not group.is_alive()
    assert broker.metrics["groups"] == 0


@pytest.mark.parametrize("turns", range(12))
def test_a_join_that_races_with_the_end_of_its_group_finds_one(turns: int) -> None:
    broker = Broker()
    (ann,) = broker.join("a")
    bob = broker.connect()
    ann.peer.tell(Lost())
    broker.scheduler.step(1)
    for _ in range(turns):
        broker.scheduler.step(1)
    bob.peer.tell(Register("b", "g"))
    broker.run()
    assert bob.heard() == [(LIST,)]
    assert (broker.metrics["groups"], broker.metrics["peers"]) == (1, 1)
    bob.lost()
    assert (broker.metrics["groups"], broker.metrics["peers"]) == (0, 0)


@pytest.mark.parametrize("turns", range(6))
def test_a_group_that_begins_before_the_last_turn_of_its_predecessor_has_the_name(turns: int) -> None:
    broker = Broker()
    (ann,) = broker.join("a")
    bob, old = broker.connect(), actor_of(group_of(ann))
    ann.peer.tell(Lost())
    for _ in range(turns):
        broker.scheduler.step(1)
    bob.peer.tell(Register("b", "g"))
    # What a turn that is cut leaves over comes after what is new (gateway.scheduler).
    waits = old in broker.scheduler.run_queue
    if waits:
        broker.scheduler.run_queue.remove(old)
    broker.run()
    if waits:
        broker.scheduler.ready(old)
    broker.run()
    assert bob.heard() == [(LIST,)]
    assert (broker.metrics["groups"], broker.metrics["peers"]) == (1, 1)


def test_a_group_that_ended_begins_anew() -> None:
    broker = Broker()
    (ann,) = broker.join("a")
    ann.lost()
    (bob,) = broker.join("b")
    bob.relay("offer", "a")
    assert bob.heard() == [(ERROR, "unknown_peer", "a")]


def test_a_tenant_has_room_for_so_many_groups() -> None:
    broker = Broker(groups=1)
    (ann,) = broker.join("a")
    bob = broker.connect().register("b", "h")
    stranger = broker.connect("t").register("b", "h")
    assert bob.heard() == [(ERROR, "tenant_full", None)]
    assert stranger.heard() == [(LIST,)]
    ann.lost()
    bob.register("b", "h")
    assert bob.heard() == [(LIST,)]


def test_a_tenant_has_room_for_so_many_peers_in_all_its_groups() -> None:
    broker = Broker(peers=2)
    ann, bob = broker.join("a")[0], broker.join("b", group_id="h")[0]
    eve = broker.connect().register("e")
    new_group = broker.connect().register("n", "k")
    stranger = broker.connect("t").register("s")
    assert eve.heard() == new_group.heard() == [(ERROR, "tenant_full", None)]
    assert stranger.heard() == [(LIST,)]
    bob.leave()
    eve.register("e")
    assert eve.heard() == [(LIST, "a")]
    ann.lost()
    bob.register("b", "h")
    assert bob.heard() == [(LIST,)]


def test_a_peer_that_is_refused_by_its_group_or_goes_before_it_is_let_in_takes_no_room() -> None:
    broker = Broker(GROUP_RULES._replace(peers=2), peers=3)
    ann, bob = broker.join("a", "b")
    for _ in range(3):
        late = broker.connect().register("c")
        assert late.heard() == [(ERROR, "group_full", None)]
        twin = broker.connect().register("a")
        ann.pong()
        assert twin.heard() == [(ERROR, "peer_id_taken", None)]
        gone = broker.connect().register("b")
        gone.lost()
    bob.pong()
    (eve,) = broker.join("e", group_id="h")
    assert broker.connect().register("f", "h").heard() == [(ERROR, "tenant_full", None)]
    eve.lost()
    assert broker.connect().register("f", "h").heard() == [(LIST,)]


def test_a_ghost_that_loses_its_id_gives_its_room_to_the_newcomer() -> None:
    broker = Broker(peers=2)
    broker.join("a")
    newcomer = broker.connect().register("a")
    broker.pass_time(1.1)
    assert newcomer.heard() == [(LIST,)]
    assert broker.connect().register("b").heard() == [(LIST, "a")]


def test_in_a_drain_nobody_joins_and_those_who_are_in_go_on() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    broker.directory.tell(Drain())
    eve = broker.connect().register("e")
    assert eve.heard() == [(ERROR, "draining", None)]
    ann.relay("offer", "b")
    assert bob.heard() == [("offer", "a", b"")]


def test_what_is_sent_to_a_group_that_is_no_more_is_settled() -> None:
    broker = Broker()
    (ann,) = broker.join("a", group_id="h")
    broker.directory.tell(Forward(GroupKey("", "g"), Depart(ann.peer, "a", LeaveReason.LEFT)))
    broker.directory.tell(Forward(GroupKey("", "g"), Depart(ann.peer, "a", LeaveReason.LOST)))
    broker.run()
    assert ann.heard() == []
    assert broker.metrics["groups"] == 1


def test_whoever_supervises_the_directory_is_told_when_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    broker = Broker()
    caplog.set_level(logging.CRITICAL)
    broker.directory.tell(Forward(GroupKey("", Venom(ValueError())), Join(broker.directory, "a", None, "", Reference())))
    broker.run()
    (failure,) = actor_of(broker.supervisor).notes
    assert failure.actor is broker.directory


@pytest.mark.parametrize("fails", [False, True])
def test_a_group_that_has_ended_is_freed_at_once(fails: bool) -> None:
    broker = Broker(GROUP_RULES)
    with only_reference_counts():
        ann, bob = broker.join("a", "b")
        newcomer = broker.connect().register("b")
        freed = [weakref.ref(actor_of(group_of(ann)))]
        if fails:
            ann.relay("message", "\0venom")
            tell_group(ann, Depart(ann.peer, _Trap("a"), LeaveReason.LOST))
            freed.append(weakref.ref(actor_of(group_of(ann))))
        callers: list[Caller] = [ann, bob, newcomer]
        for caller in callers:
            caller.lost()
        assert [ref() for ref in freed] == [None] * len(freed)
        assert broker.scheduler.deadlines == {}


class _Trap(str):
    """Fails whoever looks it up, once, and keeps no traceback."""

    __slots__ = ()
    sprung = False

    def __hash__(self) -> int:
        if not _Trap.sprung:
            _Trap.sprung = True
            raise ValueError("trap")
        return super().__hash__()
