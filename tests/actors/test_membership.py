from typing import cast

import pytest

from actors.membership import Member, Membership
from actors.runtime import BrokerRef


def connection() -> BrokerRef:
    """A connection is known by its identity alone."""
    return cast("BrokerRef", object())


ANN, BOB, EVE = connection(), connection(), connection()


def joined(*peers: tuple[str, BrokerRef]) -> Membership:
    membership = Membership()
    for sequence, (peer_id, peer) in enumerate(peers):
        membership.join(peer_id, peer, None, sequence, 0)
    return membership


def ids(members: list[Member]) -> list[str]:
    return [member.peer_id for member in members]


def test_others_are_everyone_else_in_the_order_of_their_joins() -> None:
    membership = joined(("b", BOB), ("a", ANN), ("e", EVE))
    assert ids(membership.others("a")) == ["b", "e"]
    assert ids(membership.others("nobody")) == ["b", "a", "e"]


def test_an_id_that_has_an_owner_is_not_given_again() -> None:
    membership = joined(("a", ANN))
    with pytest.raises(KeyError):
        membership.join("a", BOB, None, 1, 0)
    assert membership.owned("a", ANN) is not None


def test_a_loser_that_leaves_does_not_harm_the_owner() -> None:
    membership = joined(("a", ANN))
    assert membership.leave("a", BOB) is None
    assert membership.hide("a", BOB) is None
    assert membership.revive("a", BOB, 1, 0) is None
    assert ids(list(membership)) == ["a"]


def test_a_member_that_leaves_frees_its_id() -> None:
    membership = joined(("a", ANN))
    left = membership.leave("a", ANN)
    assert left is not None
    assert len(membership) == 0
    assert membership.find("a") is None
    assert membership.join("a", BOB, None, 1, 0).peer is BOB


def test_a_hidden_member_keeps_its_id_and_is_not_among_the_others() -> None:
    membership = joined(("a", ANN), ("b", BOB))
    hidden = membership.hide("a", ANN)
    assert hidden is not None
    assert hidden.away
    assert membership.others("b") == []
    assert membership.find("a") is hidden
    assert len(membership) == 2


def test_a_member_is_hidden_once() -> None:
    membership = joined(("a", ANN))
    membership.hide("a", ANN)
    assert membership.hide("a", ANN) is None


def test_a_member_that_comes_back_takes_the_last_place() -> None:
    membership = joined(("a", ANN), ("b", BOB))
    membership.hide("a", ANN)
    back = membership.revive("a", ANN, 7, 30)
    assert back is not None
    assert (back.sequence, back.last_seen, back.away) == (7, 30, False)
    assert ids(membership.others("nobody")) == ["b", "a"]


def test_a_member_that_was_not_hidden_does_not_come_back() -> None:
    membership = joined(("a", ANN))
    assert membership.revive("a", ANN, 7, 30) is None
    assert [member.sequence for member in membership] == [0]


def test_inherited_members_keep_their_places() -> None:
    before = joined(("b", BOB), ("a", ANN))
    after = Membership(tuple(before))
    assert ids(list(after)) == ["b", "a"]
    assert after.owned("a", ANN) is not None


@pytest.mark.parametrize(
    ("session", "claim", "shown"), [("s", "s", True), ("s", "t", False), ("s", "sé", False), ("s", None, False), (None, "s", False)]
)
def test_a_member_is_known_by_the_session_that_only_it_was_told(session: str | None, claim: str | None, *, shown: bool) -> None:
    member = Member("a", ANN, None, 1, 0.0)
    member.session = session
    assert member.is_shown(claim) == shown
