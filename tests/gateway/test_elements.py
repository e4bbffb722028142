"""Counts are compared with those of independent readers, `tests/fuzz/values.py`, on the spot and for whatever hypothesis makes up."""

import json

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actors.events import Format
from gateway.elements import bare, crowded, too_many
from tests.fuzz.values import elements, read

both = pytest.mark.parametrize("form", list(Format))


def written(form: Format, value: object, indent: int | None = None) -> bytes:
    packed: bytes = json.dumps(value, indent=indent).encode() if form is Format.JSON else msgpack.packb(value)
    return packed


def assert_has(count: int, form: Format, data: bytes) -> None:
    """Fail unless it has so many elements, no more and no less."""
    assert [crowded(form, data, most) for most in range(count + 2)] == [True] * count + [False] * 2, data


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("1", 0),
        ('"a,b,[{,"', 0),
        ("[]", 0),
        ("[ \n]", 0),
        ("{}", 0),
        ('[""]', 1),
        ('[",,,,[[[["]', 1),
        (r'["\",\"[",2]', 2),
        (r'["\\",2]', 2),
        (r'{"\\\",[":{"":""}}', 2),
        ("[[],[],{}]", 3),
        ("[[ ] , { } ]", 2),
        ('{"a":{"b":[1,2]}}', 4),
        ('{"a":1,"a":2}', 2),
        ("[[[[]]]]", 3),
    ],
)
def test_items_and_members_of_json_are_counted_and_nothing_in_strings_is(text: str, count: int) -> None:
    assert_has(count, Format.JSON, text.encode())


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"\x01", 0),
        (b"\xa3\x93\x93\x93", 0),
        (b"\x90", 0),
        (b"\x91\x91\x90", 2),
        (b"\x82\xa1a\x01\xa1a\x02", 2),
        (b"\x81\x92\x01\x02\x81\x03\x04", 4),
        (b"\xdc\x00\x02\xc0\xc0", 2),
        (b"\xdd\x00\x00\x00\x02\xc2\xc3", 2),
        (b"\xde\x00\x01\xc0\xc0", 1),
        (b"\xdf\x00\x00\x00\x01\xc0\xc0", 1),
        (
            b"\x9d"
            + bytes.fromhex(
                "cc90 cd9090 ce90909090 cf9090909090909090 d090 d19090 d290909090 d39090909090909090 ca90909090 cb9090909090909090"
            )
            + b"\x7f\xe0\xff",
            13,
        ),
        (
            b"\x9a"
            + bytes.fromhex("d40190 d5019090 d60190909090 d7019090909090909090 d80190909090909090909090909090909090")
            + bytes.fromhex("c7020190 90 c800020190 90 c9000000020190 90 c40190 c5000190"),
            10,
        ),
        (b"\x94" + bytes.fromhex("c60000000190 d90190 da000190 db0000000190"), 4),
    ],
)
def test_items_and_members_of_msgpack_are_counted_behind_every_kind_of_value(data: bytes, count: int) -> None:
    assert_has(count, Format.MSGPACK, data)


def test_a_declared_length_counts_before_what_it_declares_is_looked_at() -> None:
    assert crowded(Format.MSGPACK, b"\xdd\x00\x00\xff\xff" + b"\xc1" * 0xFFFF, 4096)


@both
def test_the_limit_itself_is_allowed(form: Format) -> None:
    values: list[object] = [[0] * 4096, [[]] * 4096, [{"": 0}] * 2048, {str(key): 0 for key in range(4096)}, ["é"] * 4096]
    for value in values:
        assert not crowded(form, written(form, value), 4096)
        assert crowded(form, written(form, [value]), 4096)


def test_a_long_text_full_of_signs_is_one_element() -> None:
    for text in (",", "[{", '"', "\\", '\\"', "\\\\,"):
        assert not crowded(Format.JSON, json.dumps([text * 30_000]).encode(), 1)


def test_bare_text_has_a_value_where_a_string_was() -> None:
    assert bare(rb'{"a\"":"[","\\":["",1]}') == b"{0:0,0:[0,1]}"


def test_what_is_wrong_is_said_with_the_field_and_the_fix() -> None:
    assert too_many("payload", 16) == "payload: more than 16 array items and object members in all; send fewer at a time"


TEXTS = st.text('[]{},:"\\ é', max_size=4)
LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
ONLY_MSGPACK = (
    st.binary(max_size=300) | st.text(min_size=30, max_size=300) | st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=20))
)


def trees(leaves: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=20) | st.dictionaries(TEXTS, inner, max_size=20))


@given(trees(LEAVES), st.sampled_from([None, 0, 1]))
@example(["", [""], {"": ""}], 1)
def test_the_count_is_that_of_other_readers_in_both_encodings(value: object, indent: int | None) -> None:
    for form in Format:
        data = written(form, value, indent)
        assert_has(elements(read(form, data)), form, data)


@given(trees(LEAVES | ONLY_MSGPACK))
def test_no_value_of_msgpack_is_passed_over_wrongly(value: object) -> None:
    data = written(Format.MSGPACK, value)
    assert_has(elements(read(Format.MSGPACK, data)), Format.MSGPACK, data)
