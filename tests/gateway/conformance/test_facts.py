"""What a row leaves open is filled in, and nothing that was not kept."""

import pytest

from gateway.conformance.facts import LIMITS, Amount, Facts, Repeat
from gateway.wire import WireLimits


def facts() -> Facts:
    return Facts({**LIMITS, "id_length": 5, "challenge_timeout": 0.5}, "/ws")


def test_groups_are_those_of_one_row_alone() -> None:
    first, second = facts(), facts()
    names = {play.text(text) for play in (first, second) for text in ("$group", "$elsewhere")}
    assert len(names) == 4
    assert first.text("$group $path") == first.text("$group") + " /ws"


def test_what_is_too_long_to_be_written_out_is_made() -> None:
    assert facts().text(["<", Repeat("ab", 2), Repeat("x", Amount("id_length", -1)), ">"]) == "<ababxxxx>"


def test_a_count_is_a_number_or_as_much_as_a_limit_allows() -> None:
    assert facts().count(3) == 3
    assert facts().count(Amount("id_length")) == 5
    assert facts().count(Amount("id_length", 1)) == 6
    assert facts().seconds(Amount("challenge_timeout", 2)) == 2.5


def test_what_is_kept_is_named_later_in_texts_and_in_values() -> None:
    play = facts()
    play.keep("session", "s-1")
    assert play.text('{"session":"$session"}') == '{"session":"s-1"}'
    assert play.value({"$session": ["$session", 1, None, {"a": True}]}) == {"s-1": ["s-1", 1, None, {"a": True}]}


def test_a_token_has_a_name_if_one_was_given() -> None:
    assert Facts(LIMITS, "/ws", "t0ken").text("$path?token=$token") == "/ws?token=t0ken"
    with pytest.raises(LookupError):
        facts().text("$token")


def test_what_nobody_kept_is_a_mistake() -> None:
    with pytest.raises(LookupError):
        facts().text("$session")


def test_the_limits_are_those_of_the_server() -> None:
    limits = WireLimits()
    assert {name: LIMITS[name] for name in limits.__struct_fields__} == {name: getattr(limits, name) for name in limits.__struct_fields__}
