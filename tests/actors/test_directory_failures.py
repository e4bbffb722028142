import pytest

from actors.events import ErrorEvent, Format, Reference, Relayed
from actors.messages import Lost, Register
from actors.reasons import CloseCode
from tests.broker import ERROR, JOINED, LEFT, LIST, Broker, group_of, relay
from tests.doubles import BrokenBackplane, GreenletEnd, Venom, actor_of

RESTARTED = (ERROR, "internal", None)


def poison(error: BaseException | None = None) -> str:
    return Venom(error or ValueError("poison"))


@pytest.mark.parametrize(
    "error", [ValueError(), GreenletEnd(), KeyboardInterrupt(), GeneratorExit()], ids=lambda error: type(error).__name__
)
def test_a_failed_group_is_replaced_with_its_members_in_their_places(error: BaseException) -> None:
    broker = Broker()
    ann, bob, eve = broker.join("a", "b", "e")
    (other,) = broker.join("o", group_id="h")
    failed = group_of(ann)
    ann.relay("offer", poison(error))
    assert not failed.is_alive()
    assert group_of(ann) is group_of(bob) is group_of(eve) is not failed
    assert ann.heard() == [(ERROR, "internal", "venom"), RESTARTED]
    assert bob.heard() == eve.heard() == [RESTARTED]
    assert other.heard() == []
    late = broker.connect().register("f")
    assert late.heard() == [(LIST, "a", "b", "e")]
    bob.relay("message", None, b"x")
    assert ann.heard() == eve.heard() == [(JOINED, "f"), ("message", "b", b"x")]
    assert (broker.metrics["groups"], broker.metrics["peers"]) == (2, 5)
    for caller in (ann, bob, eve, late, other):
        caller.lost()
    assert (broker.metrics["groups"], broker.metrics["peers"]) == (0, 0)


def test_what_a_failed_group_had_not_read_is_handled_by_its_successor_in_order() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    eve = broker.connect()
    ann.peer.tell(relay("message", poison()))
    for number in range(3):
        ann.peer.tell(relay("message", "b", str(number).encode()))
    eve.peer.tell(Register("e", "g"))
    ann.peer.tell(Lost())
    broker.run()
    assert bob.heard() == [RESTARTED, *(("message", "a", str(n).encode()) for n in range(3)), (LEFT, "a", "lost"), (JOINED, "e")]
    assert eve.heard() == [(LIST, "b")]


def test_a_message_on_its_way_while_its_group_is_replaced_arrives_or_is_answered() -> None:
    for turns in range(12):
        broker = Broker()
        ann, bob = broker.join("a", "b")
        ann.peer.tell(relay("message", poison()))
        broker.scheduler.step(turns)
        bob.says(relay("message", "a", b"1"), relay("message", "a", b"2"))
        arrived = [event for event in ann.heard() if event[0] == "message"]
        answered = [event for event in bob.heard() if event in ((ERROR, "unavailable", "a"), (ERROR, "unknown_peer", "a"))]
        assert arrived == [("message", "b", b"1"), ("message", "b", b"2")][len(answered) :]


@pytest.mark.parametrize("turns", range(10))
@pytest.mark.parametrize("goes", ["leaves", "is lost", "registers elsewhere", "joins", "joins and is lost"])
def test_whoever_comes_or_goes_while_a_group_is_replaced_has_come_or_gone(goes: str, turns: int) -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    eve = broker.connect()
    ann.peer.tell(relay("message", poison()))
    for _ in range(turns):
        broker.scheduler.step(1)
    if goes == "leaves":
        bob.leave()
    elif goes == "is lost":
        bob.lost()
    elif goes == "registers elsewhere":
        bob.register("b", "h")
        assert bob.heard()[-1] == (LIST,)
    else:
        eve.peer.tell(Register("e", "g"))
        if "lost" in goes:
            eve.peer.tell(Lost())
        broker.run()
        assert eve.heard() == ([(LIST, "a", "b")] if goes == "joins" else [])
    known = {event[1] for event in ann.heard() if event[0] is LEFT}
    assert known == ({"e"} if "and is" in goes else set() if goes == "joins" else {"b"})
    for caller in (ann, bob, eve):
        caller.lost()
    assert (broker.metrics["groups"], broker.metrics["peers"]) == (0, 0)


def test_whoever_goes_silent_or_comes_back_while_a_group_is_replaced_is_away_or_back() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    for _ in range(60):
        broker.pass_time(1)
        ann.pong()
    assert ann.heard() == [(LEFT, "b", "away")]
    group_of(ann).tell(Relayed("message", "a", poison(), None, Format.JSON, ann.peer))
    broker.scheduler.step(1)
    bob.pong()
    assert ann.heard() == [(ERROR, "internal", "venom"), RESTARTED, (JOINED, "b")]
    assert bob.heard() == [RESTARTED, (LIST, "a")]


def test_a_join_on_which_a_group_fails_is_refused_and_leaves_nothing_behind() -> None:
    backplane = BrokenBackplane()
    broker = Broker(backplane=backplane)
    (ann,) = broker.join("a")
    backplane.faults["place"] = 1
    bob = broker.connect()
    bob.says(Register("b", "g", id="5"))
    (error,) = bob.told()
    assert isinstance(error, ErrorEvent)
    assert (error.code, error.reference) == ("internal", Reference("5", "register"))
    assert ann.heard() == [RESTARTED]
    bob.register("b")
    assert bob.heard() == [(LIST, "a")]


def test_a_join_that_was_half_done_is_undone() -> None:
    broker = Broker()
    (ann,) = broker.join("a")
    bob = broker.connect()
    actor_of(group_of(ann))._announce = _raise  # noqa: SLF001 - the newcomer has its list already
    bob.register("b")
    assert bob.heard() == [(LIST, "a"), (ERROR, "internal", None)]
    assert ann.heard() == [RESTARTED, (LEFT, "b", "lost")]
    assert broker.metrics["peers"] == 1
    bob.relay("offer", "a")
    assert bob.heard() == [(ERROR, "not_registered", "a")]
    bob.register("b")
    assert bob.heard() == [(LIST, "a")]


def _raise(*_: object) -> None:
    raise ValueError("half way")


def test_a_departure_on_which_a_group_fails_is_done_by_its_successor() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    actor_of(group_of(ann))._tell_left = _raise  # noqa: SLF001 - a failure that its successor does not have
    bob.leave()
    assert bob.heard() == []
    bob.register("b", "h")
    assert bob.heard() == [(LIST,)]
    bob.lost()
    ann.lost()
    assert (broker.metrics["groups"], broker.metrics["peers"]) == (0, 0)


def test_a_contest_that_a_failed_group_had_open_begins_anew() -> None:
    broker = Broker()
    ann, owner = broker.join("a", "x")
    newcomer = broker.connect().register("x")
    ann.relay("message", poison())
    assert owner.outbox.pings == 2
    broker.pass_time(1)
    assert newcomer.heard() == [(LIST, "a")]
    assert owner.outbox.closed is CloseCode.REPLACED
    assert ann.heard() == [(ERROR, "internal", "venom"), RESTARTED, (LEFT, "x", "lost"), (JOINED, "x")]


def test_the_third_failure_within_ten_seconds_gives_a_group_up(caplog: pytest.LogCaptureFixture) -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    for _ in range(2):
        ann.relay("message", poison())
        broker.pass_time(4.9)
    assert (ann.outbox.closed, bob.outbox.closed) == (None, None)
    eve = broker.connect()
    ann.peer.tell(relay("message", poison()))
    ann.peer.tell(relay("message", "b"))
    eve.peer.tell(Register("e", "g"))
    broker.run()
    assert [caller.outbox.closed for caller in (ann, bob)] == [CloseCode.SERVER_FAULT] * 2
    assert "is given up" in caplog.text
    assert (ERROR, "internal", "b") in ann.heard()
    assert eve.heard() == [(ERROR, "internal", None)]
    assert (broker.metrics["groups"], broker.metrics["peers"]) == (0, 0)
    eve.register("e")
    assert eve.heard() == [(LIST,)]


def test_a_group_that_fails_now_and_then_is_replaced_each_time() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    for _ in range(9):
        ann.relay("message", poison())
        broker.pass_time(5.1)
    assert (ann.outbox.closed, bob.outbox.closed) == (None, None)


def test_a_group_that_is_given_up_lets_go_whoever_was_leaving() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    for _ in range(2):
        ann.relay("message", poison())
    ann.peer.tell(relay("message", poison()))
    broker.scheduler.step(1)
    bob.peer.tell(Register("b", "h"))
    broker.run()
    assert ann.outbox.closed is CloseCode.SERVER_FAULT
    assert bob.outbox.closed is None
    assert bob.heard()[-1] == (LIST,)


@pytest.mark.parametrize("faults", [1, 2])
def test_a_group_that_cannot_start_is_started_again_and_the_join_waits(faults: int) -> None:
    backplane = BrokenBackplane()
    broker = Broker(backplane=backplane)
    backplane.faults["attach"] = faults
    ann = broker.connect().register("a")
    assert ann.heard() == [(LIST,)]
    assert broker.metrics["groups"] == 1


def test_a_group_that_cannot_start_at_all_is_given_up_and_the_join_refused() -> None:
    backplane = BrokenBackplane()
    broker = Broker(backplane=backplane)
    backplane.faults["attach"] = 3
    ann = broker.connect().register("a")
    assert ann.heard() == [(ERROR, "internal", None)]
    assert broker.metrics["groups"] == 0
    ann.register("a")
    assert ann.heard() == [(LIST,)]


def test_a_successor_that_cannot_start_keeps_the_members() -> None:
    backplane = BrokenBackplane()
    broker = Broker(backplane=backplane)
    ann, bob = broker.join("a", "b")
    backplane.faults["attach"] = 1
    ann.relay("message", poison())
    ann.relay("offer", "b")
    assert bob.heard() == [RESTARTED, ("offer", "a", b"")]
    assert broker.metrics["groups"] == 1


def test_a_group_that_fails_at_its_end_has_ended() -> None:
    backplane = BrokenBackplane()
    broker = Broker(backplane=backplane)
    (ann,) = broker.join("a")
    backplane.faults["detach"] = 1
    ann.lost()
    assert broker.metrics["groups"] == 0
    assert backplane._owners == {}  # noqa: SLF001 - nothing may stay
    (bob,) = broker.join("b")
    assert bob.outbox.closed is None


def test_a_group_that_fails_when_its_last_member_leaves_has_ended() -> None:
    broker = Broker()
    (ann,) = broker.join("a")
    actor_of(group_of(ann))._check_empty = _raise  # noqa: SLF001 - a failure that its successor does not have
    ann.lost()
    assert (broker.metrics["groups"], broker.metrics["peers"]) == (0, 0)


def test_a_group_that_is_replaced_keeps_its_peers_counted_and_one_that_is_given_up_does_not() -> None:
    broker = Broker(peers=3)
    ann, bob = broker.join("a", "b")
    ann.relay("offer", poison())
    eve = broker.connect().register("e")
    assert broker.connect().register("f").heard() == [(ERROR, "tenant_full", None)]
    bob.lost()
    (gus,) = broker.join("g", group_id="h")
    for _ in range(2):
        eve.relay("offer", poison())
    assert ann.outbox.closed is eve.outbox.closed is CloseCode.SERVER_FAULT
    broker.join("x", "y", group_id="h")
    assert broker.connect().register("z", "h").heard() == [(ERROR, "tenant_full", None)]
    gus.lost()
    assert broker.connect().register("z", "h").heard() == [(LIST, "x", "y")]
