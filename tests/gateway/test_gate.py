import json

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from actors.events import Format
from gateway.elements import too_many
from gateway.gate import _json_depth, id_fault, kind, payload_fault, too_deep
from gateway.translation import Pairs

ELEMENTS = 4096
TOO_DEEP = "payload: nested deeper than 64 arrays and objects; send it flatter"


@pytest.mark.parametrize(
    "value", ["a", "x" * 128, "é", "host-1.local", "a b", "\xa0", "\u2028", "\u200d", "😀" * 128, "\ue000", "\U0010ffff"]
)
def test_an_id_may_be_any_text_without_control_characters(value: str) -> None:
    assert id_fault("id", value, 128) is None


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("", "id: empty; send 1 to 128 characters"),
        ("😀" * 129, "id: 129 characters; send 1 to 128"),
        ("\0", "id: has a control character (U+0000) at index 0; send an id without it"),
        ("ab\x1f", "id: has a control character (U+001F) at index 2; send an id without it"),
        ("\x7f", "id: has a control character (U+007F) at index 0; send an id without it"),
        ("é\x80", "id: has a control character (U+0080) at index 1; send an id without it"),
        ("\x9f", "id: has a control character (U+009F) at index 0; send an id without it"),
        ("\ud800", "id: has a lone surrogate (U+D800) at index 0; send an id without it"),
        ("a\udfff", "id: has a lone surrogate (U+DFFF) at index 1; send an id without it"),
    ],
)
def test_what_is_wrong_with_an_id_is_said_with_its_field_and_the_fix(value: str, says: str) -> None:
    assert id_fault("id", value, 128) == says


@given(st.characters())
def test_an_id_that_python_can_print_has_nothing_forbidden(character: str) -> None:
    """The codec lets printable ids pass unexamined."""
    assert id_fault("id", character, 1) is None or not character.isprintable()


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("", "a string"),
        (True, "a boolean"),
        (1, "a number"),
        (1.5, "a number"),
        ([], "an array"),
        (Pairs(), "an object"),
        (None, "null"),
        (b"", "binary"),
        (msgpack.Timestamp(0), "a timestamp"),
        (msgpack.ExtType(1, b""), "an extension type"),
    ],
)
def test_a_value_has_the_name_that_a_client_would_use(value: object, name: str) -> None:
    assert kind(value) == name


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("0", 0),
        ('"[[["', 0),
        ("[]", 1),
        ("[[],[],{}]", 2),
        ('{"a":{"b":[]}}', 3),
        (r'["\"[[[["]', 1),
        (r'["\\",["]"]]', 2),
        (r'["\\\"[",["\\\\[\\"]]', 2),
        ('{"[":"]","{":["}"]}', 2),
    ],
)
def test_only_brackets_outside_strings_are_levels(text: str, depth: int) -> None:
    assert _json_depth(text.encode(), 0) == depth
    faults = [payload_fault(Format.JSON, text.encode(), limit, ELEMENTS) for limit in range(1, 5)]
    assert faults == [None if depth <= limit else too_deep("payload", limit) for limit in range(1, 5)]


@pytest.mark.parametrize("brackets", [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
def test_json_is_judged_at_the_very_level(brackets: tuple[bytes, bytes]) -> None:
    per_round = sum(map(brackets[0].count, (b"[", b"{")))
    just, over = (brackets[0] * n + b"[0]" + brackets[1] * n for n in (62 // per_round, 64 // per_round))
    assert payload_fault(Format.JSON, just, 64, ELEMENTS) is None
    assert payload_fault(Format.JSON, over, 64, ELEMENTS) == TOO_DEEP


def test_many_brackets_that_are_not_nested_are_no_depth() -> None:
    assert payload_fault(Format.JSON, b"[" + b"[]," * 20_000 + b"{}]", 2, 20_001) is None
    assert payload_fault(Format.MSGPACK, b"\xdd\x00\x00\x4e\x20" + b"\x90" * 20_000, 2, 20_000) is None


@pytest.mark.parametrize("form", list(Format))
def test_a_payload_of_too_many_elements_is_told_before_its_depth(form: Format) -> None:
    just, over = ([[0] * (most - 1)] for most in (ELEMENTS, ELEMENTS + 1))
    faults = [
        payload_fault(form, json.dumps(value).encode() if form is Format.JSON else msgpack.packb(value), 1, ELEMENTS)
        for value in (just, over)
    ]
    assert faults == [too_deep("payload", 1), too_many("payload", ELEMENTS)]


MSGPACK_PAYLOADS = {
    "shallow": {"sdp": "v=0", "n": [1, -1.5, None, True, {"a": {"b": 1}}]},
    "deep": [[[[[[1]]]]]],
    "binary": {"data": b"\xff\x00"},
    "an extension": [msgpack.ExtType(5, b"x")],
    "a timestamp": {"at": msgpack.Timestamp(2**40, 1)},
    "other keys": {1: 2, None: 3, b"b": 4, 1.5: 5},
    "not finite": [float("nan"), float("inf")],
}


@pytest.mark.parametrize("payload", MSGPACK_PAYLOADS.values(), ids=MSGPACK_PAYLOADS)
def test_msgpack_may_say_among_its_own_what_json_cannot(payload: object) -> None:
    assert payload_fault(Format.MSGPACK, msgpack.packb(payload), 64, ELEMENTS) is None


def test_a_map_key_may_be_an_array_or_a_map() -> None:
    assert payload_fault(Format.MSGPACK, b"\x82\x90\x01\x80\x02", 2, ELEMENTS) is None


@pytest.mark.parametrize("head", [b"\x91", b"\x81\x01", b"\x81\xa1a"])
def test_msgpack_is_judged_at_the_very_level(head: bytes) -> None:
    assert payload_fault(Format.MSGPACK, head * 63 + b"\x90", 64, ELEMENTS) is None
    assert payload_fault(Format.MSGPACK, head * 64 + b"\x90", 64, ELEMENTS) == TOO_DEEP
    assert payload_fault(Format.MSGPACK, head * 2000 + b"\x90", 64, ELEMENTS) == TOO_DEEP


def test_levels_inside_map_keys_count() -> None:
    assert payload_fault(Format.MSGPACK, b"\x81\x91\x91\x90\x01", 3, ELEMENTS) == too_deep("payload", 3)
    assert payload_fault(Format.MSGPACK, b"\x81\x91\x91\x90\x01", 4, ELEMENTS) is None


@pytest.mark.parametrize(
    "payload", [b"\xa1\xff", b"\x81\xa1\xff\x01", b"\x81\xa1a\xa3\xed\xa0\x80", b"\x91" * 9 + b"\xa1\xff", b"\x81\xc0\xa1\xff"]
)
def test_a_msgpack_string_that_is_not_utf8_is_told(payload: bytes) -> None:
    assert payload_fault(Format.MSGPACK, payload, 64, ELEMENTS) == "payload: a string that is not UTF-8; send what is not text as binary"


@pytest.mark.parametrize("payload", [b"\xc7\x05\xff12345", b"\xd7\xff" + b"\xff" * 8])
def test_a_timestamp_that_is_none_is_told(payload: bytes) -> None:
    assert str(payload_fault(Format.MSGPACK, payload, 64, ELEMENTS)).startswith("payload: not MessagePack: ")


def level_of(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(level_of, inner), default=0)


TREES = st.recursive(
    st.none() | st.text('[]{}"\\'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('[\\"', max_size=2), inner, max_size=3),
)


@given(TREES, st.integers(1, 6))
@example([[[[]]]], 3)
def test_both_encodings_of_a_value_are_judged_alike(value: object, limit: int) -> None:
    texts = {Format.JSON: json.dumps(value).encode(), Format.MSGPACK: msgpack.packb(value)}
    expected = too_deep("payload", limit) if level_of(value) > limit else None
    assert {form: payload_fault(form, text, limit, ELEMENTS) for form, text in texts.items()} == dict.fromkeys(texts, expected)
