import json

import msgpack
import pytest

from actors.events import Format, Reference
from actors.messages import BadMessage, Register
from actors.reasons import ErrorCode
from gateway.registration import read_register

FIX = "send an object with the strings peer_id and group_id"


def read(form: Format, payload: bytes | None) -> Register | BadMessage:
    return read_register(form, payload, id_="7", id_length=8, metadata_bytes=20)


def packed(form: Format, value: object) -> bytes:
    return json.dumps(value).encode() if form is Format.JSON else msgpack.packb(value)


def refused(form: Format, value: object) -> str:
    bad = read(form, packed(form, value))
    assert isinstance(bad, BadMessage)
    assert (bad.code, bad.about) == (ErrorCode.BAD_REGISTER, Reference("7", "register"))
    return bad.says


both = pytest.mark.parametrize("form", list(Format))


@both
def test_a_register_needs_a_peer_id_and_a_group_id_and_no_more(form: Format) -> None:
    assert read(form, packed(form, {"peer_id": "a", "group_id": "g"})) == Register("a", "g", None, "7")


@both
@pytest.mark.parametrize("more", [{}, {"metadata": {"n": 1}}])
def test_who_wants_ice_servers_says_so(form: Format, more: dict[str, object]) -> None:
    for wanted in (True, False):
        register = read(form, packed(form, {"peer_id": "a", "group_id": "g", "ice": wanted, **more}))
        assert isinstance(register, Register)
        assert register.ice is wanted


@both
@pytest.mark.parametrize(("value", "name"), [(1, "a number"), ("true", "a string"), (None, "null"), ({}, "an object")])
def test_a_flag_that_is_none_is_refused_by_its_name(form: Format, value: object, name: str) -> None:
    says = refused(form, {"peer_id": "a", "group_id": "g", "ice": value})
    assert says == f"payload.ice: expected true or false, got {name}; leave it out for false"


@both
def test_keys_that_nobody_knows_yet_are_allowed(form: Format) -> None:
    assert read(form, packed(form, {"peer_id": "a", "session": 1, "group_id": "g", "PEER_ID": []})) == Register("a", "g", None, "7")


@both
def test_each_id_is_judged_with_its_place(form: Format) -> None:
    ids = {"peer_id": "a", "group_id": "g"}
    for name in ids:
        field = f"payload.{name}"
        assert refused(form, {key: value for key, value in ids.items() if key != name}) == f"{field}: missing; {FIX}"
        assert refused(form, ids | {name: None}) == f"{field}: expected a string, got null; {FIX}"
        assert refused(form, ids | {name: ["a"]}) == f"{field}: expected a string, got an array; {FIX}"
        assert refused(form, ids | {name: ""}) == f"{field}: empty; send 1 to 8 characters"
        assert refused(form, ids | {name: "x" * 9}) == f"{field}: 9 characters; send 1 to 8"
        assert refused(form, ids | {name: "\x00"}) == f"{field}: has a control character (U+0000) at index 0; send an id without it"


@both
def test_a_payload_that_is_no_object_is_refused(form: Format) -> None:
    assert refused(form, ["a", "g"]) == f"payload: expected an object, got an array; {FIX}"
    assert refused(form, None) == f"payload: expected an object, got null; {FIX}"


@both
def test_a_register_without_payload_is_refused(form: Format) -> None:
    assert read(form, None) == BadMessage(ErrorCode.BAD_REGISTER, f"payload: missing; {FIX}", Reference("7", "register"))


def test_json_metadata_is_kept_as_it_was_written() -> None:
    payload = b'{"peer_id":"a","group_id":"g","metadata":  { "n" : 1.50 } }'
    assert read(Format.JSON, payload) == Register("a", "g", b'{ "n" : 1.50 }', "7")


def test_msgpack_metadata_becomes_json_text() -> None:
    payload = packed(Format.MSGPACK, {"peer_id": "a", "group_id": "g", "metadata": {"n": [1, 1.5, "é"]}})
    assert read(Format.MSGPACK, payload) == Register("a", "g", '{"n":[1,1.5,"é"]}'.encode(), "7")


@pytest.mark.parametrize("text", ["1e999", "18446744073709551616", '"\\ud800"', '{"a":1,"a":2}'])
def test_json_metadata_that_no_msgpack_list_could_hold_is_refused(text: str) -> None:
    bad = read(Format.JSON, b'{"peer_id":"a","group_id":"g","metadata":%b}' % text.encode())
    assert isinstance(bad, BadMessage)
    assert bad.code is ErrorCode.BAD_REGISTER
    assert bad.says.startswith("payload.metadata")
    assert bad.says.endswith("; send what both JSON and MessagePack can say")


@pytest.mark.parametrize("metadata", [b"x", {1: 2}, float("nan"), [msgpack.Timestamp(1)], msgpack.ExtType(1, b"")])
def test_msgpack_metadata_that_no_json_list_could_hold_is_refused(metadata: object) -> None:
    says = refused(Format.MSGPACK, {"peer_id": "a", "group_id": "g", "metadata": metadata})
    assert says.startswith("payload.metadata")
    assert says.endswith("has no JSON form; send what both JSON and MessagePack can say")


@both
def test_metadata_may_be_as_large_as_configured_and_no_larger(form: Format) -> None:
    just, over = (packed(form, {"peer_id": "a", "group_id": "g", "metadata": "x" * size}) for size in (18, 19))
    assert read(form, just) == Register("a", "g", b'"' + b"x" * 18 + b'"', "7")
    says = "payload.metadata: 21 bytes of JSON; send at most 20"
    assert read(form, over) == BadMessage(ErrorCode.TOO_LARGE, says, Reference("7", "register"))


@both
def test_a_session_is_read_and_what_can_be_none_is_as_if_there_were_none(form: Format) -> None:
    ids = {"peer_id": "a", "group_id": "g"}
    assert read(form, packed(form, ids | {"session": "5e55"})) == Register("a", "g", None, "7", session="5e55")
    assert read(form, packed(form, ids | {"session": "5e55", "metadata": 1})) == Register("a", "g", b"1", "7", session="5e55")
    for nonsense in (None, "", 5, ["5e55"], "s" * 65, "é"):
        assert read(form, packed(form, ids | {"session": nonsense})) == Register("a", "g", None, "7")
