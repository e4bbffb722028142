import datetime as dt
import tomllib
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from gateway.config_text import Secret, expected, got, render, split, toml

Port = Annotated[int, Meta(ge=1, le=9)]


class Files(Struct, frozen=True):
    key: str = "k"


class Door(Struct, frozen=True):
    token: Secret = Secret("hunter2")
    url: str = "redis://user:hunter3@cache/0"
    name: str = "front"
    files: Files | None = None


class House(Struct, frozen=True):
    door: Door = Door()


SHOWN: dict[str, Callable[[Secret], str]] = {
    "repr": repr,
    "str": str,
    "ascii": ascii,
    "format": "{}".format,
    "padded": "{!r:>40}".format,
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - one of the ways in which it could leak
    "in a list": lambda secret: str([secret]),
    "in a struct": lambda secret: repr(Door(token=secret)),
}


@pytest.mark.parametrize("way", SHOWN)
def test_a_secret_shows_its_value_nowhere(way: str) -> None:
    text = SHOWN[way](Secret("hunter2"))

    assert "hunter2" not in text
    assert "***" in text


def test_a_secret_is_not_encoded_by_accident() -> None:
    with pytest.raises(TypeError):
        msgspec.json.encode(Door())


def test_a_secret_reveals_its_value_when_asked() -> None:
    assert Secret("hunter2").reveal() == "hunter2"


def test_a_secret_that_is_none_hides_nothing() -> None:
    assert not Secret("")
    assert toml(Secret("")) == '""'
    assert Secret("hunter2")


def test_secrets_are_equal_when_their_values_are() -> None:
    assert {Secret("ä\udc80"), Secret("ä\udc80")} == {Secret("ä\udc80")}
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"


def test_a_config_is_rendered_with_its_secrets_masked() -> None:
    assert render(House()) == ('[door]\ntoken = "***"\nurl = "redis://***@cache/0"\nname = "front"\n\n# [door.files] is not set\n')


def test_a_config_is_rendered_with_its_secrets_only_on_request() -> None:
    text = render(House(Door(files=Files())), masked=False)

    assert tomllib.loads(text) == {
        "door": {"token": "hunter2", "url": "redis://user:hunter3@cache/0", "name": "front", "files": {"key": "k"}}
    }


@given(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.lists(st.text(st.characters(exclude_categories=["Cs"]))).map(tuple),
    )
)
def test_a_value_reads_back_as_itself(value: object) -> None:
    read = tomllib.loads(f"value = {toml(value, masked=False)}")["value"]

    assert (tuple(read) if isinstance(read, list) else read) == value
    assert type(read) is (list if isinstance(value, tuple) else type(value))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (int, "an integer"),
        (bool, "true or false"),
        (str, "text"),
        (Port, "an integer from 1 to 9"),
        (Annotated[Port, Meta(extra={"unit": "doors"})], "an integer from 1 to 9 (doors)"),
        (Annotated[float, Meta(ge=0.5, le=2, extra={"unit": ""})], "a number from 0.5 to 2"),
        (Annotated[str, Meta(min_length=1)], "text that is not empty"),
        (Annotated[str, Meta(pattern="^a$", title="the letter a")], "the letter a"),
        (Literal["a", "b"], 'one of "a", "b"'),
        (tuple[Port, ...], "a list, each item an integer from 1 to 9"),
    ],
)
def test_what_a_key_takes_is_said_in_words(kind: object, words: str) -> None:
    assert expected(kind) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "the boolean true"),
        (5, "the number 5"),
        (5.5, "the number 5.5"),
        pytest.param(1 << 20_000, "an integer of 20001 bits", id="huge"),
        ("abc", "the string 'abc'"),
        ("\x1b[2J\n", r"the string '\x1b[2J\n'"),
        ("a" * 61, f"the string '{'a' * 60}'…"),
        ("redis://user:hunter2@cache", "the string 'redis://***@cache'"),
        ([1], "a list"),
        ({"a": 1}, "a table"),
        (dt.date(2020, 1, 1), "a date or time"),
    ],
)
def test_what_came_is_said_in_words(value: object, words: str) -> None:
    assert got(value) == words


def test_an_annotation_is_split_into_its_type_and_what_is_said_about_it() -> None:
    assert split(Port) == (int, (Meta(ge=1, le=9),))
    assert split(int) == (int, ())
