"""What cannot be translated, and the words for it, is in the vectors (`unrepresentable`), which `test_wire.py` reads."""

import json
import math
import struct

import msgpack
import pytest

from gateway.translation import Pairs, Unrepresentable, json_to_msgpack, metadata_to_msgpack, msgpack_to_json, unpack


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        ("true", True),
        ("0", 0),
        ("1.0", 1.0),
        ("1E2", 100.0),
        ("0.1", 0.1),
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        ("1.00000000000000000001", 1.0),
        ("0e-400", 0.0),
        ("1e22", 1e22),
        ('"\\u0000\\ud83d\\ude00é"', "\0😀é"),
        ('{"b":1,"a":[{}]}', {"b": 1, "a": [{}]}),
    ],
)
def test_json_becomes_the_msgpack_value_that_it_means(text: str, value: object) -> None:
    found = msgpack.unpackb(json_to_msgpack(text.encode()))
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\xc0", "null"),
        (b"\xd3" + b"\xff" * 8, "-1"),
        (b"\xcf" + b"\xff" * 8, "18446744073709551615"),
        (b"\xca" + struct.pack(">f", 0.5), "0.5"),
        (b"\xcb" + struct.pack(">d", 1.0), "1.0"),
        (b"\xcb" + struct.pack(">d", 0.1), "0.1"),
        (b"\xd9\x02\xc3\xa9", '"é"'),
        (b"\xa2\x00\x22", '"\\u0000\\""'),
        (b"\xde\x00\x02\xa1b\x90\xa1a\x80", '{"b":[],"a":{}}'),
    ],
)
def test_msgpack_becomes_the_json_text_that_it_means(data: bytes, text: str) -> None:
    assert msgpack_to_json(data).decode() == text


def test_zero_keeps_its_sign_both_ways() -> None:
    assert math.copysign(1, msgpack.unpackb(json_to_msgpack(b"-0.0"))) == -1
    assert math.copysign(1, msgpack.unpackb(json_to_msgpack(b"-0"))) == -1
    assert msgpack_to_json(json_to_msgpack(b"-0.0")) == b"-0.0"


def test_a_payload_as_deep_as_any_configuration_allows_is_translated_both_ways() -> None:
    deep = b'[{"a":' * 128 + b"0" + b"}]" * 128
    assert msgpack_to_json(json_to_msgpack(deep)) == deep


@pytest.mark.parametrize("digits", ["9" * 21, "-" + "9" * 21, "9" * 60_000])
def test_an_integer_of_any_length_is_refused_and_never_computed(digits: str) -> None:
    with pytest.raises(Unrepresentable, match="payload: an integer beyond 64 bits has no MessagePack form"):
        json_to_msgpack(digits.encode())


@pytest.mark.parametrize("digits", ["1e-400", "-0.001e-330", "9e-99999"])
def test_a_number_that_would_become_zero_is_refused(digits: str) -> None:
    with pytest.raises(Unrepresentable, match="payload: a number this close to zero has no MessagePack form"):
        json_to_msgpack(digits.encode())


def test_a_place_is_told_in_short_however_long_its_keys_are() -> None:
    text = b'{"%b":[' % (b"k" * 1000) + b'{"a":' * 20 + b"1e999" + b"}" * 20 + b"]}"
    with pytest.raises(Unrepresentable) as refused:
        json_to_msgpack(text)
    expected = "payload['" + "k" * 32 + "'][0].a.a.a.a.a.a…: a number that is not finite has no MessagePack form"
    assert str(refused.value) == expected


def test_a_place_can_be_told_under_another_name() -> None:
    with pytest.raises(Unrepresentable) as refused:
        msgpack_to_json(msgpack.packb({"é\n": b""}))
    assert refused.value.at("payload.metadata") == "payload.metadata['\\xe9\\n']: binary has no JSON form"


def test_maps_are_read_as_pairs_and_nothing_of_them_is_hashed() -> None:
    assert unpack(b"\x82\x90\x01\xa1a\x80") == Pairs([([], 1), ("a", Pairs())])


def test_metadata_is_translated_like_a_payload() -> None:
    text = b'{"os":"linux"}'
    assert metadata_to_msgpack(text) == metadata_to_msgpack(text) == json_to_msgpack(text)


def test_metadata_that_is_remembered_is_bounded() -> None:
    for number in range(3000):
        metadata_to_msgpack(json.dumps(number).encode())
    assert metadata_to_msgpack.cache_info().currsize <= 2048
