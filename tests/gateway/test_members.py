import msgpack
import pytest

from actors.events import Format
from gateway.members import Malformed, Member, TooDeep, TooMany, read_members
from gateway.translation import Pairs


def test_each_json_member_has_its_value_and_its_untouched_text() -> None:
    members = read_members(Format.JSON, b' { "a" : 1.50 , "b":[ 1,{"c":null}] ,"\\u0064":"\\ud800"}\r\n')
    assert members == {
        "a": Member(1.5, b"1.50"),
        "b": Member([1.0, Pairs([("c", None)])], b'[ 1,{"c":null}]'),
        "d": Member("\ud800", b'"\\ud800"'),
    }


def test_each_msgpack_member_has_its_value_and_its_untouched_bytes() -> None:
    raw = b"\x82\xa1a\xd2\x00\x00\x00\x01\xd9\x01b\x91\xc0"  # neither in its shortest form
    assert read_members(Format.MSGPACK, raw) == {"a": Member(1, b"\xd2\x00\x00\x00\x01"), "b": Member([None], b"\x91\xc0")}


@pytest.mark.parametrize("form", list(Format))
def test_an_object_of_more_elements_than_it_may_have_is_not_read(form: Format) -> None:
    data = b'{"a":[1,2,3,4,5,6,7]}' if form is Format.JSON else b"\x81\xa1a\x97\x01\x02\x03\x04\x05\x06\x07"
    assert list(read_members(form, data, 8)) == list(read_members(form, data)) == ["a"]
    with pytest.raises(TooMany):
        read_members(form, data, 7)


@pytest.mark.parametrize("header", [b"\x81", b"\xde\x00\x01", b"\xdf\x00\x00\x00\x01"])
def test_a_msgpack_map_may_be_headed_in_three_ways(header: bytes) -> None:
    assert read_members(Format.MSGPACK, header + b"\xa1a\x01") == {"a": Member(1, b"\x01")}


@pytest.mark.parametrize(("form", "data"), [(Format.JSON, b"{ }"), (Format.MSGPACK, b"\x80")])
def test_an_empty_object_has_no_members(form: Format, data: bytes) -> None:
    assert read_members(form, data) == {}


def test_of_doubled_keys_the_last_one_counts() -> None:
    assert read_members(Format.JSON, b'{"a":1,"b":2,"a":3}')["a"] == Member(3.0, b"3")
    assert read_members(Format.MSGPACK, b"\x82\xa1a\x01\xa1a\x02")["a"] == Member(2, b"\x02")


def test_msgpack_keys_that_are_no_strings_are_left_out_whatever_they_are() -> None:
    data = b"\x85" + b"\x90\x01" + b"\x80\x01" + b"\xc4\x01a\x01" + b"\x05\x01" + b"\xa1a\x02"
    assert read_members(Format.MSGPACK, data) == {"a": Member(2, b"\x02")}


def test_a_number_of_any_length_is_a_number() -> None:
    assert read_members(Format.JSON, b'{"a":' + b"9" * 50_000 + b"}")["a"].raw == b"9" * 50_000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("  ", "not JSON: "),
        ("[]", "expected an object, got an array"),
        ("1e5 ", "expected an object, got a number"),
        ('"{}"', "expected an object, got a string"),
        ("[] []", "not JSON: more than one value, the second at index 3"),
        ("{} x", "not JSON: more than one value, the second at index 3"),
        ("{", "not JSON: "),
        ('{"a"', "not JSON: expected ':' at index 4"),
        ('{"a":', "not JSON: "),
        ('{"a":1', "not JSON: expected '}' at index 6"),
        ('{"a":1,', "not JSON: "),
        ('{"a":1,}', "not JSON: "),
        ('{"a":1]', "not JSON: expected '}' at index 6"),
        ('{"a":1 "b":2}', "not JSON: expected '}' at index 7"),
        ("{1:2}", "not JSON: expected a key, got a number"),
        ("{null:2}", "not JSON: expected a key, got null"),
        ("{a:2}", "not JSON: "),
        ('{"a":NaN}', "not JSON: NaN is no JSON number"),
        ('{"a":[Infinity]}', "not JSON: Infinity is no JSON number"),
        ('{"a":01}', "not JSON: expected '}'"),
        ('{"a":"\t"}', "not JSON: "),
        ('{"a":"\\x"}', "not JSON: "),
        ("{'a':1}", "not JSON: "),
        ("\ufeff{}", "not JSON: "),
        ("{}\x00", "not JSON: more than one value"),
        ("\x0b{}", "not JSON: "),
    ],
)
def test_what_is_not_one_json_object_is_malformed(text: str, says: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_members(Format.JSON, text.encode())
    assert str(refused.value).startswith(says)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"\x90", "expected an object, got an array"),
        (b"\xc7\x01\x05x", "expected an object, got an extension type"),
        (b"\x81\xa1a", "not one whole MessagePack value"),
        (b"\x81\xa1a\x01\xc0", "not one whole MessagePack value"),
        (b"\xc1", "not one whole MessagePack value"),
        (b"\xdf\xff\xff\xff\xff\xa1a\x01", "not one whole MessagePack value"),
        (b"\x81\xa1a\xc7\x05\xff12345", "not one whole MessagePack value"),
        (b"\x81\xa1\xff\x01", "a string that is not UTF-8"),
    ],
)
def test_what_is_not_one_msgpack_map_is_malformed(data: bytes, says: str) -> None:
    with pytest.raises(Malformed) as refused:
        read_members(Format.MSGPACK, data)
    assert str(refused.value).startswith(says)


@pytest.mark.parametrize(
    ("form", "data"),
    [
        (Format.JSON, b'{"a":' + b"[" * 60_000),
        (Format.JSON, b"[" * 60_000),
        (Format.JSON, b'{"a":' * 12_000),
        (Format.MSGPACK, b"\x81\xa1a" + b"\x91" * 60_000 + b"\xc0"),
        (Format.MSGPACK, b"\x91" * 60_000),
    ],
)
def test_what_is_nested_without_end_is_too_deep(form: Format, data: bytes) -> None:
    with pytest.raises(TooDeep):
        read_members(form, data)


def test_what_the_msgpack_library_would_allocate_for_is_refused_before() -> None:
    with pytest.raises(Malformed, match="not one whole MessagePack value"):
        read_members(Format.MSGPACK, b"\x81\xa1a" + b"\xdd\x00\x00\xf0\x00" * 600)


def test_a_large_map_is_read_whole() -> None:
    data = msgpack.packb({f"k{number}": number for number in range(20_000)})
    assert len(read_members(Format.MSGPACK, data)) == 20_000
