"""Liveness as clients see it (`docs/protocol.md`: Liveness). The deadlines themselves are tested with `liveness`."""

import pytest

from actors.allowance import Rate
from actors.messages import Leave, Ping, Register
from actors.reasons import CloseCode
from tests.broker import ERROR, JOINED, LEFT, LIST, PEER_RULES, Broker, Caller, relay


def pass_time(broker: Broker, seconds: int, *, pong: tuple[Caller, ...] = (), speak: tuple[Caller, ...] = ()) -> None:
    """Let time pass while some clients answer pings and others only speak."""
    for _ in range(seconds):
        broker.pass_time(1)
        for caller in pong:
            caller.pong()
        for caller in speak:
            caller.heartbeat()


def silent_pair() -> tuple[Broker, Caller, Caller]:
    """A client that answers, and one that has gone silent and is away."""
    broker = Broker()
    ann, bob = broker.join("a", "b")
    pass_time(broker, 60, pong=(ann,))
    assert ann.heard() == [(LEFT, "b", "away")]
    return broker, ann, bob


def test_a_client_that_does_not_register_in_time_is_closed() -> None:
    broker = Broker()
    ann = broker.connect()
    pass_time(broker, 9, speak=(ann,))
    assert ann.outbox.closed is None
    broker.pass_time(1)
    assert ann.outbox.closed == CloseCode.REGISTER_TIMEOUT


def test_a_client_that_was_refused_has_not_registered() -> None:
    broker = Broker(groups=0)
    ann = broker.connect().register("a")
    broker.pass_time(10)
    assert ann.outbox.closed is CloseCode.REGISTER_TIMEOUT


def test_a_client_that_has_left_its_group_has_registered_once_and_stays() -> None:
    broker = Broker()
    (ann,) = broker.join("a")
    ann.leave()
    pass_time(broker, 100, pong=(ann,))
    assert ann.outbox.closed is None


def test_a_client_is_pinged_at_the_interval() -> None:
    broker = Broker()
    (ann,) = broker.join("a")
    pass_time(broker, 100, pong=(ann,))
    assert ann.outbox.pings == 4


def test_a_silent_client_is_away_for_the_others_and_its_connection_stays() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    pass_time(broker, 59, pong=(ann,))
    assert ann.heard() == []
    pass_time(broker, 1, pong=(ann,))
    assert ann.heard() == [(LEFT, "b", "away")]
    assert bob.outbox.closed is None
    assert broker.metrics["expirations"] == 1
    ann.relay("offer", "b")
    assert ann.heard() == [(ERROR, "peer_away", "b")]


@pytest.mark.parametrize("sign", [Caller.pong, Caller.heartbeat, lambda caller: caller.says(Ping())], ids=["pong", "frame", "ping"])
def test_any_sign_of_life_brings_a_silent_client_back(sign: object) -> None:
    _, ann, bob = silent_pair()
    assert callable(sign)
    sign(bob)
    assert bob.heard() == [(LIST, "a")]
    assert ann.heard() == [(JOINED, "b")]
    ann.relay("offer", "b")
    assert bob.heard() == [("offer", "a", b"")]


def test_the_frame_that_brings_a_client_back_is_acted_on() -> None:
    _, ann, bob = silent_pair()
    bob.relay("message", "a", b"hello")
    assert ann.heard() == [(JOINED, "b"), ("message", "b", b"hello")]
    assert bob.heard() == [(LIST, "a")]


def test_a_client_that_comes_back_can_go_silent_again() -> None:
    broker, ann, bob = silent_pair()
    bob.pong()
    pass_time(broker, 60, pong=(ann,))
    assert ann.heard() == [(JOINED, "b"), (LEFT, "b", "away")]


def test_an_away_client_that_leaves_is_neither_listed_its_group_nor_announced_to_it_again() -> None:
    _, ann, bob = silent_pair()
    bob.says(Leave())
    assert bob.heard() == []
    assert ann.heard() == []


def test_an_away_client_that_registers_elsewhere_gets_the_list_of_its_new_group_alone() -> None:
    broker, _, bob = silent_pair()
    broker.join("e", group_id="h")
    bob.says(Register("b", "h"))
    assert bob.heard() == [(LIST, "e")]


def test_a_client_that_speaks_and_never_answers_a_ping_is_away() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    pass_time(broker, 99, pong=(ann,), speak=(bob,))
    assert ann.heard() == []
    pass_time(broker, 1, pong=(ann,), speak=(bob,))
    assert ann.heard() == [(LEFT, "b", "away")]


def test_a_deaf_client_comes_back_by_a_pong_alone_and_is_not_heard_before() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    pass_time(broker, 100, pong=(ann,), speak=(bob,))
    ann.heard()
    bob.relay("message", "a")
    bob.relay("message", None)
    bob.register("b")
    assert ann.heard() == []
    assert bob.heard() == [(ERROR, "peer_away", "a"), (ERROR, "peer_away", None), (LIST, "a")]
    bob.pong()
    assert ann.heard() == [(JOINED, "b")]
    assert bob.heard() == [(LIST, "a")]


def test_a_client_that_stays_silent_is_closed_and_the_others_know_already() -> None:
    broker, ann, bob = silent_pair()
    pass_time(broker, 539, pong=(ann,))
    assert broker.metrics["expirations"] == 1
    pass_time(broker, 1, pong=(ann,))
    assert (bob.outbox.closed, bob.outbox.says) == (CloseCode.GOING_AWAY, "silent for too long")
    assert ann.heard() == []
    ann.relay("offer", "b")
    assert ann.heard() == [(ERROR, "unknown_peer", "b")]


def test_a_client_that_is_closed_before_it_is_hidden_is_lost() -> None:
    broker = Broker(peer=PEER_RULES._replace(liveness=PEER_RULES.liveness._replace(close_after=50)))
    ann, bob = broker.join("a", "b")
    pass_time(broker, 60, pong=(ann,))
    assert bob.outbox.closed is CloseCode.GOING_AWAY
    assert ann.heard() == [(LEFT, "b", "lost")]


@pytest.mark.parametrize("jump", [3600, -3600])
def test_the_wall_clock_expires_nobody(jump: float) -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    broker.pass_time(20)
    broker.clock.wall_offset += jump
    broker.pass_time(20)
    assert ann.heard() == bob.heard() == []
    ann.relay("offer", "b")
    assert bob.heard() == [("offer", "a", b"")]


def test_what_a_client_says_too_fast_is_a_sign_of_life_all_the_same() -> None:
    rules = PEER_RULES._replace(conduct=PEER_RULES.conduct._replace(messages=Rate(per_second=0.001, burst=5)))
    broker = Broker(peer=rules)
    ann, bob = broker.join("a", "b")
    ann.says(*[relay("message", "b")] * 4)
    broker.pass_time(50)
    ann.heartbeat()
    assert ann.heard()[-1] == (ERROR, "rate_limited", None)
    broker.pass_time(15)
    assert (LEFT, "a", "away") not in bob.heard()


def test_nobody_watches_a_connection_that_is_gone() -> None:
    broker = Broker()
    (ann,) = broker.join("a")
    ann.lost()
    assert broker.scheduler.deadlines == {}


def test_a_goodbye_that_is_refused_is_no_goodbye() -> None:
    _, ann, bob = silent_pair()
    bob.says(Leave("someone else"))
    assert bob.heard() == [(ERROR, "source_mismatch", None)]
    bob.heartbeat()
    assert bob.heard() == [(LIST, "a")]
    assert ann.heard() == [(JOINED, "b")]


def test_an_owner_whose_goodbye_is_refused_answers_the_challenge_with_its_next_frame() -> None:
    broker = Broker()
    (ann,) = broker.join("a")
    twin = broker.connect().register("a")
    ann.says(Leave("someone else"))
    assert twin.heard() == []
    ann.heartbeat()
    assert twin.heard() == [(ERROR, "peer_id_taken", None)]


def test_a_challenge_in_one_group_is_not_answered_in_the_next() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b")
    twin = broker.connect().register("b")
    bob.leave()
    bob.register("c")
    bob.heartbeat()
    assert twin.heard() == [(LIST, "a"), (JOINED, "c")]
    assert ann.heard() == [(LEFT, "b", "left"), (JOINED, "b"), (JOINED, "c")]
