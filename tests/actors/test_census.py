"""What operators ask of the actors: on real ones, stepped by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from actors.census import CountTenants, FindPeer, GroupCount, ListGroups, ListPeers, PeerState, Remove, Reply, TenantCount
from actors.events import Message
from actors.messages import GroupKey, Seen
from actors.reasons import CloseCode, ErrorCode, MailboxFull
from tests.broker import LEFT, Broker, group_of

KEY = GroupKey("", "g")


@pytest.fixture
def broker() -> Broker:
    return Broker()


def asked(broker: Broker, question: Callable[[Reply], Message]) -> Any:  # noqa: ANN401 - whatever is replied
    """The one reply to a question."""
    replies: list[Any] = []
    broker.directory.tell(question(replies.append))
    broker.run()
    (reply,) = replies
    return reply


def test_a_node_without_groups_has_no_tenants(broker: Broker) -> None:
    assert asked(broker, CountTenants) == ()


def test_groups_and_peers_are_counted_by_tenant(broker: Broker) -> None:
    broker.join("a", "b")
    broker.join("a", group_id="h")
    broker.join("a", tenant="acme")
    assert sorted(asked(broker, CountTenants)) == [TenantCount("", 2, 3), TenantCount("acme", 1, 1)]


def test_groups_are_listed_by_tenant_in_pages_that_follow_each_other(broker: Broker) -> None:
    for group_id in ("c", "a", "b"):
        broker.join("x", "y", group_id=group_id)
    broker.join("x", group_id="aa", tenant="acme")
    assert asked(broker, lambda reply: ListGroups("", "", 2, reply)) == (GroupCount("a", 2), GroupCount("b", 2))
    assert asked(broker, lambda reply: ListGroups("", "b", 2, reply)) == (GroupCount("c", 2),)
    assert asked(broker, lambda reply: ListGroups("acme", "", 2, reply)) == (GroupCount("aa", 1),)


def test_peers_are_listed_by_id_with_what_their_group_knows_of_them(broker: Broker) -> None:
    second, first = broker.join("b", "a")
    broker.pass_time(3)
    second.heartbeat()
    broker.pass_time(2)
    page = asked(broker, lambda reply: ListPeers(KEY, reply, "", 10))
    a = PeerState("a", "192.0.2.2:5", away=False, silent=5.0, sequence=2, age=5.0, peer=first.peer)
    assert page == (a, PeerState("b", "192.0.2.1:5", away=False, silent=2.0, sequence=1, age=5.0, peer=second.peer))
    assert [peer.peer_id for peer in asked(broker, lambda reply: ListPeers(KEY, reply, "a", 1))] == ["b"]


def test_lists_can_be_searched_in_capitals_or_small_letters(broker: Broker) -> None:
    broker.join("Anna", "bob", "joann")
    broker.join("x", group_id="Home")
    found = asked(broker, lambda reply: ListPeers(KEY, reply, "", 10, "ann"))
    assert [peer.peer_id for peer in found] == ["Anna", "joann"]
    assert asked(broker, lambda reply: ListGroups("", "", 10, reply, "hOM")) == (GroupCount("Home", 1),)
    assert asked(broker, lambda reply: ListGroups("", "", 10, reply, "homes")) == ()


def test_one_peer_is_found_or_not(broker: Broker) -> None:
    _, b = broker.join("a", "b")
    broker.pass_time(4)
    (found,) = asked(broker, lambda reply: FindPeer(KEY, reply, "b"))
    assert found == PeerState("b", "192.0.2.2:5", away=False, silent=4.0, sequence=2, age=4.0, peer=b.peer)
    assert asked(broker, lambda reply: FindPeer(KEY, reply, "c")) == ()


def test_a_peer_that_is_away_is_listed_as_that(broker: Broker) -> None:
    broker.join("a")
    broker.pass_time(61)
    (peer,) = asked(broker, lambda reply: ListPeers(KEY, reply, "", 10))
    assert peer.away


@pytest.mark.parametrize(
    "question",
    [lambda to: ListPeers(KEY, to, "", 10), lambda to: Remove(KEY, to), lambda to: FindPeer(KEY, to, "a")],
    ids=["list", "remove", "find"],
)
def test_a_group_that_there_is_not_is_told_so(broker: Broker, question: Callable[[Reply], Message]) -> None:
    broker.join("a", group_id="h")
    assert asked(broker, question) is ErrorCode.NOT_REGISTERED


def test_a_peer_that_is_removed_is_closed_with_4410_and_seen_to_leave(broker: Broker) -> None:
    a, b = broker.join("a", "b")
    assert asked(broker, lambda reply: Remove(KEY, reply, "a")) == 1
    assert a.outbox.closed is CloseCode.KICKED
    assert b.outbox.closed is None
    assert b.heard() == [(LEFT, "a", "kicked")]


def test_a_removed_peer_is_heard_no_more(broker: Broker) -> None:
    a, b = broker.join("a", "b")
    asked(broker, lambda reply: Remove(KEY, reply, "a"))
    b.heard()
    a.relay("message", "b")
    assert b.heard() == []


def test_all_of_a_group_can_be_removed_and_the_group_ends(broker: Broker) -> None:
    members = broker.join("a", "b", "c")
    (other,) = broker.join("a", group_id="h")
    assert asked(broker, lambda reply: Remove(KEY, reply)) == 3
    assert [member.outbox.closed for member in members] == [CloseCode.KICKED] * 3
    assert other.outbox.closed is None
    assert asked(broker, CountTenants) == (TenantCount("", 1, 1),)


def test_a_peer_that_there_is_not_is_not_removed(broker: Broker) -> None:
    broker.join("a")
    assert asked(broker, lambda reply: Remove(KEY, reply, "b")) == 0


def test_a_group_that_fails_on_a_question_says_so_and_goes_on(broker: Broker) -> None:
    a, b = broker.join("a", "b")

    def fail(reply: object) -> None:
        if not isinstance(reply, ErrorCode):
            raise ZeroDivisionError
        replies.append(reply)

    replies: list[ErrorCode] = []
    broker.directory.tell(ListPeers(KEY, fail, "", 10))
    broker.run()
    assert replies == [ErrorCode.INTERNAL]
    b.heard()
    a.relay("message", "b", b"1")
    assert b.heard() == [("message", "a", b"1")]


def test_a_flooded_group_still_answers() -> None:
    broker = Broker(mailbox=2)
    a, b = broker.join("a", "b")
    group = group_of(a)
    group.tell(Seen(b.peer, "b"))
    group.tell(Seen(b.peer, "b"))
    with pytest.raises(MailboxFull):
        group.tell(Seen(b.peer, "b"))
    assert asked(broker, lambda reply: ListPeers(KEY, reply, "", 10))[1].peer_id == "b"
