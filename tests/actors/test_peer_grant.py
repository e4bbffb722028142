"""What a connection with a grant may do, in a group with others that may do everything."""

import logging

import pytest

from actors.allowance import Rate
from actors.events import ErrorEvent
from actors.grant import Cap, Grant
from actors.messages import Register
from actors.reasons import CloseCode
from tests.broker import CONDUCT, ERROR, JOINED, LEFT, LIST, PEER_RULES, Broker, Caller, relay

HOME = Grant(("home", "team-*"), "laptop")


def capable_of(*caps: Cap) -> tuple[Caller, Caller]:
    """Ann, who may do everything, and a peer of hers that may do no more than this; both have registered, and heard so."""
    broker = Broker()
    (ann,) = broker.join("ann")
    bob = broker.connect(grant=Grant(caps=frozenset(caps))).register("bob")
    ann.heard()
    return ann, bob


@pytest.mark.parametrize(("group_id", "peer_id", "field"), [("work", "laptop", "group_id"), ("home", "phone", "peer_id")])
def test_a_register_outside_the_grant_is_refused_by_the_field_and_the_client_stays_where_it_is(
    group_id: str, peer_id: str, field: str
) -> None:
    broker = Broker()
    (ann,) = broker.join("ann", group_id="home")
    bob = broker.connect(grant=HOME).register("laptop", "home")
    ann.heard()
    bob.heard()
    bob.says(Register(peer_id, group_id, None, "7"))
    (error,) = bob.told()
    assert isinstance(error, ErrorEvent)
    assert (error.code, error.temporary, error.reference.id) == ("not_allowed", False, "7")
    assert error.says.startswith(f"{field} ")
    bob.relay("offer", "ann")
    assert ann.heard() == [("offer", "laptop", b"")]


def test_a_register_within_the_grant_joins() -> None:
    bob = Broker().connect(grant=HOME).register("laptop", "team-a")
    assert bob.heard() == [(LIST,)]


def test_a_refused_register_has_told_nobody_and_started_no_group() -> None:
    broker = Broker()
    broker.connect(grant=HOME).register("laptop", "work")
    assert (broker.metrics["groups"], broker.metrics["registers"]) == (0, 0)


def test_to_guess_what_is_allowed_takes_as_much_of_the_rate_as_to_register() -> None:
    conduct = CONDUCT._replace(registers=Rate(1, 3))
    broker = Broker(peer=PEER_RULES._replace(conduct=conduct))
    bob = broker.connect(grant=HOME)
    for number in range(5):
        bob.register("laptop", f"guess {number}")
    assert [code for _, code, _ in bob.heard()] == ["not_allowed"] * 3 + ["rate_limited"] * 2


def test_a_refused_register_is_audited_with_what_it_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "actors.audit"):
        Broker().connect("acme", grant=HOME).register("laptop", "work")
    told = vars(caplog.records[0])
    assert told["message"] == "register refused"
    assert [told[name] for name in ("tenant", "reason", "group", "peer", "address")] == [
        "acme",
        "group_id",
        "work",
        "laptop",
        "192.0.2.1:5",
    ]


@pytest.mark.parametrize("kind", ["offer", "answer", "candidate", "message"])
def test_without_relay_nothing_is_sent_to_one_peer(kind: str) -> None:
    ann, bob = capable_of(Cap.LIST, Cap.BROADCAST)
    bob.heard()
    bob.says(relay(kind, "ann"))
    (error,) = bob.told()
    assert isinstance(error, ErrorEvent)
    assert (error.code, error.reference.type, error.reference.target_id) == ("not_allowed", kind, "ann")
    assert "'relay'" in error.says
    bob.relay("message", None, b"all")
    assert ann.heard() == [("message", "bob", b"all")]


def test_without_broadcast_nothing_is_sent_to_the_group() -> None:
    ann, bob = capable_of(Cap.LIST, Cap.RELAY)
    bob.heard()
    bob.relay("message", None, b"all")
    assert bob.heard() == [(ERROR, "not_allowed", None)]
    bob.relay("message", "ann", b"you")
    assert ann.heard() == [("message", "bob", b"you")]


def test_without_list_nobody_is_seen_and_offers_come_all_the_same() -> None:
    ann, bob = capable_of(Cap.RELAY)
    assert bob.heard() == [(LIST,)]
    (cay,) = ann.broker.join("cay")
    cay.relay("offer", "bob", b"1")
    cay.leave()
    assert bob.heard() == [("offer", "cay", b"1")]
    assert ann.heard() == [(JOINED, "cay"), (LEFT, "cay", "left")]
    bob.relay("answer", "ann", b"2")
    assert ann.heard() == [("answer", "bob", b"2")]


def test_a_connection_ends_when_its_token_does() -> None:
    broker = Broker()
    (ann,) = broker.join("ann")
    bob = broker.connect(grant=Grant(expires=broker.clock.wall() + 30)).register("bob")
    ann.heard()
    for _ in range(29):
        broker.pass_time(1)
        bob.pong()
    ends = [bob.outbox.closed]
    broker.pass_time(1)
    assert [*ends, bob.outbox.closed] == [None, CloseCode.NOT_AUTHENTICATED]
    assert bob.outbox.says == "the token has expired"
    assert ann.heard() == [(LEFT, "bob", "lost")]


def test_a_token_expires_by_the_time_of_day_at_the_next_deadline_when_that_was_set_forward() -> None:
    broker = Broker()
    bob = broker.connect(grant=Grant(expires=broker.clock.wall() + 3600)).register("bob")
    broker.clock.wall_offset += 3600
    broker.pass_time(PEER_RULES.liveness.ping_interval)
    assert bob.outbox.closed is CloseCode.NOT_AUTHENTICATED


def test_a_token_lives_longer_when_the_time_of_day_was_set_back() -> None:
    broker = Broker()
    bob = broker.connect(grant=Grant(expires=broker.clock.wall() + 30)).register("bob")
    broker.clock.wall_offset -= 10
    broker.pass_time(39)
    assert bob.outbox.closed is None
    broker.pass_time(1)
    assert bob.outbox.closed is CloseCode.NOT_AUTHENTICATED


def test_a_connection_without_an_end_outlives_any_token() -> None:
    broker = Broker()
    bob = broker.connect(grant=Grant()).register("bob")
    for _ in range(100):
        broker.pass_time(30)
        bob.pong()
    assert bob.outbox.closed is None
