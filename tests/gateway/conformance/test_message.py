"""What a server says is read in the form that is demanded, and strictly."""

import msgpack
import pytest

from gateway.conformance.connection import Heard, Unmet
from gateway.conformance.message import demand, dumps, member, parsed, type_of


def test_a_message_as_demanded_comes_back_decoded() -> None:
    assert demand("a", Heard("text", b'{"type":"x","n":1}'), {"type": "x"}, "json") == {"type": "x", "n": 1}
    assert demand("a", Heard("binary", msgpack.packb({"type": "x"})), {"type": "x"}, "msgpack") == {"type": "x"}


@pytest.mark.parametrize(
    ("heard", "form", "says"),
    [
        (Heard("text", b'{"type":"y"}'), "json", 'a received a text frame {"type":"y"}: message.type: "y", not "x"'),
        (Heard("text", b"{}"), "msgpack", 'a: a text frame {}, not {"type": "x"} in MessagePack'),
        (Heard("binary", b"\x80"), "json", 'a: a binary frame 80, not {"type": "x"} in JSON'),
        (Heard("text", b'{"type":NaN}'), "json", "which cannot be read: NaN is no JSON number"),
        (Heard("text", b"{"), "json", "which cannot be read"),
        (Heard("text", b'"\xff"'), "json", 'a: a text frame "\ufffd", which cannot be read'),
        (Heard("text", b'"\x00a\x00"\x00'), "json", "which cannot be read"),
        (Heard("text", b"[" * 100_000), "json", "which cannot be read: nested too deeply"),
        (Heard("binary", b"\xc1"), "msgpack", "which cannot be read"),
        (Heard("close", b"\x03\xea"), "json", "a: closed with 1002"),
        (Heard("end", b"TCP was closed"), "json", "a: the connection ended: TCP was closed"),
    ],
)
def test_anything_else_is_told(heard: Heard, form: str, says: str) -> None:
    with pytest.raises(Unmet) as unmet:
        demand("a", heard, {"type": "x"}, "json" if form == "json" else "msgpack")
    assert says in str(unmet.value)


def test_json_keeps_what_is_valid_and_odd() -> None:
    assert parsed('"\\ud800"') == "\ud800"


def test_a_member_is_found_by_its_path_and_is_a_string() -> None:
    assert member({"payload": {"self": {"session": "s"}}}, "payload.self.session") == "s"
    values: tuple[object, ...] = ({"payload": {"self": {"session": 1}}}, {"payload": []})
    for value in values:
        with pytest.raises(Unmet, match=r"payload\.self\.session is no string"):
            member(value, "payload.self.session")


def test_the_type_of_a_message_is_known_if_it_has_one() -> None:
    heard = (
        Heard("text", b'{"type":"x"}'),
        Heard("binary", b"\x81\xa4type\xa1x"),
        Heard("text", b"[]"),
        Heard("text", b"{"),
        Heard("close", b""),
    )
    assert [type_of(each) for each in heard] == ["x", "x", None, None, None]


def test_a_message_is_written_without_white_space() -> None:
    assert dumps({"a": [1, 2]}) == b'{"a":[1,2]}'
