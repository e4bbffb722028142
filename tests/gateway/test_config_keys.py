from typing import Annotated, Literal

import pytest
from msgspec import NODEFAULT, Meta, Struct

from gateway.config_keys import InvalidValue, Key, keys_of, section_of, sections_of
from gateway.config_text import Secret


class Lock(Struct, frozen=True):
    code: Secret


class Door(Struct, frozen=True):
    wait: Annotated[float, Meta(ge=0, le=9, extra={"unit": "seconds"}, description="how long")] = 1.0
    lock: Lock | None = None


class Safe(Struct, frozen=True):
    code: Secret = Secret("")


class House(Struct, frozen=True):
    door: Door = Door()


def key(kind: object) -> Key:
    return Key(("door", "value"), kind, NODEFAULT)


def test_a_tree_lists_its_keys_in_the_order_of_its_fields() -> None:
    wait, code = keys_of(House)

    assert (wait.path, wait.name, wait.variable) == (("door", "wait"), "door.wait", "PSYNC_DOOR__WAIT")
    assert (wait.unit, wait.description, wait.default, wait.required) == ("seconds", "how long", 1.0, False)
    assert (code.name, code.variable, code.required) == ("door.lock.code", "PSYNC_DOOR__LOCK__CODE", True)
    assert (code.unit, code.description) == ("", "")


def test_a_tree_lists_its_sections_and_which_may_be_absent() -> None:
    assert list(sections_of(House)) == [(("door",), False), (("door", "lock"), True)]


def test_an_annotation_names_a_section_or_a_value() -> None:
    assert section_of(Door) == (Door, False)
    assert section_of(Lock | None) == (Lock, True)
    assert section_of(Annotated[int, Meta(ge=1)]) == (None, False)
    assert section_of(Literal["a"]) == (None, False)


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (float, 25, 25.0),
        (int, 5, 5),
        (bool, False, False),
        (tuple[str, ...], ["a"], ("a",)),
        (tuple[str, ...], [], ()),
        (Secret, "hunter2", Secret("hunter2")),
    ],
)
def test_a_value_of_toml_is_taken_as_what_it_is(kind: object, raw: object, value: object) -> None:
    taken = key(kind).convert(raw)

    assert taken == value
    assert type(taken) is type(value)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (int, True),
        (float, True),
        (int, 5.0),
        (int, "5"),
        (bool, 1),
        (str, 5),
        (float, float("nan")),
        (float, float("inf")),
        pytest.param(float, 10**400, id="huge"),
        (tuple[str, ...], "a"),
        (tuple[str, ...], ["a", 5]),
        (int, {"a": 1}),
        (str, "\udc80"),
    ],
)
def test_a_value_of_toml_of_another_type_is_refused(kind: object, raw: object) -> None:
    with pytest.raises(InvalidValue, match="expected"):
        key(kind).convert(raw)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (int, "5", 5),
        (float, "5", 5.0),
        (float, "1e-3", 0.001),
        (bool, "true", True),
        (bool, "0", False),
        (str, "5", "5"),
        (Literal["a", "b"], "b", "b"),
        (tuple[str, ...], "a, b", ("a", "b")),
        (tuple[str, ...], '["a", "b,c"]', ("a", "b,c")),
        (tuple[str, ...], "", ()),
        (tuple[int, ...], "1,2", (1, 2)),
        (Secret, "hunter2", Secret("hunter2")),
    ],
)
def test_text_is_read_by_the_type_of_its_key(kind: object, text: str, value: object) -> None:
    taken = key(kind).parse(text)

    assert taken == value
    assert type(taken) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (int, "abc"),
        (int, ""),
        (int, " 5"),
        (int, "5.5"),
        (float, "nan"),
        (float, "inf"),
        (bool, "maybe"),
        (Literal["a", "b"], "c"),
        (tuple[str, ...], '["a"'),
        (str, "\udcff"),
        (Secret, ""),
        (Secret, "\udcff"),
    ],
)
def test_text_that_is_no_such_value_is_refused(kind: object, text: str) -> None:
    with pytest.raises(InvalidValue, match="expected"):
        key(kind).parse(text)


def test_every_wrong_item_of_a_list_is_told_by_its_place() -> None:
    with pytest.raises(InvalidValue) as caught:
        key(tuple[int, ...]).convert([1, "a", 3, True])

    assert str(caught.value) == "item 2: expected an integer, got the string 'a'; item 4: expected an integer, got the boolean true"


@pytest.mark.parametrize("raw", [5, ["hunter2"], "hunter2\udcff"])
def test_a_wrong_secret_is_refused_without_showing_it(raw: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        key(Secret).convert(raw)

    assert "hunter2" not in str(caught.value)
    assert str(caught.value).startswith("expected text that is not empty")


def test_a_secret_that_need_not_be_may_be_left_empty() -> None:
    (code,) = keys_of(Safe)
    assert not code.required
    assert code.parse("") == code.convert("") == Secret("")
    assert code.parse("hunter2") == Secret("hunter2")
    with pytest.raises(InvalidValue):
        code.convert(5)
