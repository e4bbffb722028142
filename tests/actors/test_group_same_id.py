"""The same peer id on another connection (`docs/protocol.md`: The same peer id again)."""

import logging

import pytest

from actors.messages import Register
from actors.reasons import CloseCode
from actors.rules import OnDuplicate
from tests.broker import ERROR, GROUP_RULES, JOINED, LEFT, LIST, Broker, Caller


def contest(policy: OnDuplicate = OnDuplicate.CHALLENGE) -> tuple[Broker, Caller, Caller, Caller]:
    """A witness, the owner of the id `x`, and a newcomer that has just asked for it."""
    broker = Broker(GROUP_RULES._replace(on_duplicate=policy))
    witness, owner = broker.join("w", "x")
    return broker, witness, owner, broker.connect().register("x")


def test_the_owner_is_asked_for_a_sign_of_life_and_the_newcomer_waits() -> None:
    _, witness, owner, newcomer = contest()
    assert owner.outbox.pings == 1
    assert witness.heard() == owner.heard() == newcomer.heard() == []


@pytest.mark.parametrize("sign", [Caller.pong, Caller.heartbeat, lambda owner: owner.relay("message", None)])
def test_an_owner_that_answers_keeps_its_id(sign: object) -> None:
    broker, witness, owner, newcomer = contest()
    assert callable(sign)
    sign(owner)
    broker.pass_time(5)
    assert newcomer.heard() == [(ERROR, "peer_id_taken", None)]
    assert newcomer.outbox.closed is None
    witness.heard()
    witness.relay("offer", "x")
    assert owner.heard() == [("offer", "w", b"")]


def test_a_newcomer_that_was_refused_may_register_as_another() -> None:
    _, witness, owner, newcomer = contest()
    owner.pong()
    newcomer.register("y")
    assert newcomer.heard() == [(ERROR, "peer_id_taken", None), (LIST, "w", "x")]
    assert witness.heard() == [(JOINED, "y")]


def test_an_owner_that_does_not_answer_was_a_ghost() -> None:
    broker, witness, owner, newcomer = contest()
    broker.pass_time(0.99)
    assert newcomer.heard() == []
    broker.pass_time(0.01)
    assert owner.outbox.closed is CloseCode.REPLACED
    assert newcomer.heard() == [(LIST, "w")]
    assert witness.heard() == [(LEFT, "x", "lost"), (JOINED, "x")]
    owner.lost()
    witness.relay("offer", "x")
    assert witness.heard() == []
    assert newcomer.heard() == [("offer", "w", b"")]


def test_an_owner_that_leaves_meanwhile_makes_way() -> None:
    _, witness, owner, newcomer = contest()
    owner.lost()
    assert newcomer.heard() == [(LIST, "w")]
    assert witness.heard() == [(LEFT, "x", "lost"), (JOINED, "x")]


def test_an_owner_that_says_goodbye_gives_its_id_to_the_newcomer() -> None:
    _, witness, owner, newcomer = contest()
    owner.leave()
    assert witness.heard() == [(LEFT, "x", "left"), (JOINED, "x")]
    assert newcomer.heard()[0][0] == LIST


def test_a_newcomer_that_leaves_meanwhile_changes_nothing() -> None:
    broker, witness, owner, newcomer = contest()
    newcomer.lost()
    broker.pass_time(5)
    assert owner.outbox.closed is None
    assert witness.heard() == []
    third = broker.connect().register("x")
    owner.pong()
    assert third.heard() == [(ERROR, "peer_id_taken", None)]


def test_a_second_newcomer_during_a_contest_is_refused_at_once() -> None:
    broker, _, _, newcomer = contest()
    third = broker.connect().register("x")
    assert third.heard() == [(ERROR, "peer_id_taken", None)]
    broker.pass_time(1)
    assert newcomer.heard() == [(LIST, "w")]


def test_a_late_answer_does_not_end_the_next_contest() -> None:
    broker, _, owner, newcomer = contest()
    newcomer.lost()
    owner.pong()  # the answer to the first challenge
    third = broker.connect().register("x")
    assert third.heard() == []
    broker.pass_time(1)
    assert third.heard() == [(LIST, "w")]


def owner_away() -> tuple[Broker, Caller, Caller, Caller]:
    """As `contest`, with an owner that has been silent for so long that it is hidden."""
    broker = Broker()
    witness, owner = broker.join("w", "x")
    for _ in range(6):
        broker.pass_time(10)
        witness.pong()
    assert witness.heard() == [(LEFT, "x", "away")]
    return broker, witness, owner, broker.connect().register("x")


def test_an_owner_that_is_away_comes_back_with_its_answer() -> None:
    _, witness, owner, newcomer = owner_away()
    owner.pong()
    assert newcomer.heard() == [(ERROR, "peer_id_taken", None)]
    assert witness.heard() == [(JOINED, "x")]


def test_an_away_owner_that_does_not_answer_is_followed_without_a_second_goodbye() -> None:
    broker, witness, owner, _ = owner_away()
    broker.pass_time(1)
    assert owner.outbox.closed is CloseCode.REPLACED
    assert witness.heard() == [(JOINED, "x")]


def test_the_newest_wins_where_that_is_the_rule_and_the_loser_stays_open() -> None:
    _, witness, owner, newcomer = contest(OnDuplicate.NEWEST)
    assert newcomer.heard() == [(LIST, "w")]
    assert witness.heard() == [(LEFT, "x", "replaced"), (JOINED, "x")]
    assert owner.heard() == [(ERROR, "replaced", None)]
    assert owner.outbox.closed is None
    owner.relay("offer", "w")
    assert owner.heard() == [(ERROR, "not_registered", "w")]


@pytest.mark.parametrize("going", [Caller.leave, Caller.lost])
def test_a_loser_that_goes_harms_nobody(going: object) -> None:
    _, witness, owner, newcomer = contest(OnDuplicate.NEWEST)
    newcomer.heard(), witness.heard()
    assert callable(going)
    going(owner)
    witness.relay("offer", "x")
    assert witness.heard() == []
    assert newcomer.heard() == [("offer", "w", b"")]


def test_a_loser_that_leaves_before_it_knows_goes_on_unregistered() -> None:
    broker = Broker(GROUP_RULES._replace(on_duplicate=OnDuplicate.NEWEST))
    owner = broker.join("x")[0]
    newcomer = broker.connect()
    newcomer.peer.tell(Register("x", "g"))
    owner.peer.tell(Register("y", "h"))
    broker.run()
    assert newcomer.heard() == [(LIST,)]
    assert owner.heard() == [(LIST,)]


def test_nobody_is_replaced_where_that_is_the_rule() -> None:
    _, witness, owner, newcomer = contest(OnDuplicate.REJECT)
    assert newcomer.heard() == [(ERROR, "peer_id_taken", None)]
    assert owner.outbox.pings == 0
    assert witness.heard() == owner.heard() == []


def test_a_newcomer_takes_the_place_of_the_owner_in_a_full_group() -> None:
    broker = Broker(GROUP_RULES._replace(peers=1))
    broker.join("x")
    newcomer = broker.connect().register("x")
    broker.pass_time(1)
    assert newcomer.heard() == [(LIST,)]


def test_an_id_that_is_registered_twice_is_logged_with_both_addresses(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "actors.audit")
    contest()
    (record,) = (vars(record) for record in caplog.records)
    assert (record["peer"], record["group"], record["address"], record["owner"]) == ("x", "g", "192.0.2.3:5", "192.0.2.2:5")
    assert record["reason"] == "challenge"


def test_an_eviction_is_audited_with_its_reason_and_the_address_of_whoever_had_to_go(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "actors.audit")
    contest(OnDuplicate.NEWEST)
    evicted = vars(next(record for record in caplog.records if record.getMessage() == "peer evicted"))
    assert (evicted["tenant"], evicted["group"], evicted["peer"], evicted["address"]) == ("", "g", "x", "192.0.2.2:5")
    assert evicted["reason"] == "replaced"
