"""What a grant lets a connection do."""

import pytest

from actors.grant import EVERYTHING, Cap, Grant


@pytest.mark.parametrize(
    ("groups", "group_id", "may"),
    [
        (("home",), "home", True),
        (("home",), "homes", False),
        (("home",), "Home", False),
        (("home", "work"), "work", True),
        (("team-*",), "team-", True),
        (("team-*",), "team-a", True),
        (("team-*",), "team", False),
        (("team-*",), "a team-", False),
        (("team-*",), "team-*", True),
        (("*",), "anything", True),
        (("a*b",), "a*b", True),
        (("a*b",), "acb", False),
        ((), "home", False),
    ],
)
def test_a_group_is_named_or_begins_as_a_name_with_a_star(groups: tuple[str, ...], group_id: str, may: bool) -> None:
    grant = Grant(groups)
    assert grant.may_join(group_id, "anyone") is may
    assert grant.outside(group_id, "anyone") == (None if may else "group_id")


def test_a_fixed_id_is_the_only_one_and_the_group_is_judged_first() -> None:
    grant = Grant(("home",), "laptop")
    assert grant.may_join("home", "laptop")
    assert grant.outside("home", "phone") == "peer_id"
    assert grant.outside("work", "phone") == "group_id"


@pytest.mark.parametrize(
    ("caps", "target_id", "lacks"),
    [
        ({Cap.RELAY}, "b", None),
        ({Cap.RELAY}, None, Cap.BROADCAST),
        ({Cap.BROADCAST}, None, None),
        ({Cap.BROADCAST, Cap.LIST}, "b", Cap.RELAY),
        (set(), "b", Cap.RELAY),
        (set(Cap), None, None),
    ],
)
def test_what_a_message_takes_depends_on_whom_it_is_for(caps: set[Cap], target_id: str | None, lacks: Cap | None) -> None:
    assert Grant(caps=frozenset(caps)).lacks(target_id) is lacks


def test_only_who_may_say_everything_speaks_freely() -> None:
    assert EVERYTHING.speaks_freely
    assert Grant(caps=frozenset({Cap.RELAY, Cap.BROADCAST})).speaks_freely
    assert not Grant(caps=frozenset({Cap.RELAY, Cap.LIST})).speaks_freely
    assert not Grant(caps=frozenset({Cap.BROADCAST})).speaks_freely
