import math

import msgpack
import msgspec
import pytest

from psync_signal.envelope import NOTHING, Codec, Envelope, Format, Frame, Malformed, value_of

JSON, MSGPACK = Codec(Format.JSON), Codec(Format.MSGPACK)


def test_the_subprotocol_names_profile_and_format() -> None:
    assert [form.subprotocol for form in Format] == ["psync.v2.json", "psync.v2.msgpack"]


def test_json_is_written_as_text_without_what_is_absent() -> None:
    assert JSON.write(Envelope("leave")) == '{"type":"leave"}'
    assert JSON.write(Envelope("offer", target_id="bob", id="1", payload=JSON.raw(None))) == (
        '{"type":"offer","target_id":"bob","id":"1","payload":null}'
    )


def test_messagepack_is_written_as_bytes() -> None:
    frame = MSGPACK.write(Envelope("offer", target_id="bob", payload=MSGPACK.raw({"n": b"x"})))
    assert isinstance(frame, bytes)
    assert msgpack.unpackb(frame) == {"type": "offer", "target_id": "bob", "payload": {"n": b"x"}}


@pytest.mark.parametrize(
    ("codec", "frame"),
    [
        (JSON, '{"type":"message","source_id":"bob","new":1,"payload":[1]}'),
        (MSGPACK, msgpack.packb({"type": "message", "source_id": "bob", "payload": [1]})),
    ],
)
def test_what_is_read_is_the_message_without_keys_that_nobody_knows(codec: Codec, frame: Frame) -> None:
    envelope = codec.read(frame)
    assert (envelope.type, envelope.source_id, value_of(bytes(envelope.payload), codec.form)) == ("message", "bob", [1])


@pytest.mark.parametrize(
    ("codec", "frame"),
    [(JSON, ""), (JSON, "[]"), (JSON, "{}"), (JSON, '{"type":1}'), (JSON, b"{}"), (MSGPACK, b""), (MSGPACK, b"\x90"), (MSGPACK, "{}")],
)
def test_what_is_no_message_of_this_format_is_malformed(codec: Codec, frame: Frame) -> None:
    with pytest.raises(Malformed):
        codec.read(frame)


@pytest.mark.parametrize("text", [b'{"a" : 1.10,  "b":1e400,"a":"\\u00e9"}', b"[18446744073709551617]"])
def test_a_raw_payload_passes_byte_for_byte(text: bytes) -> None:
    frame = JSON.write(Envelope("message", payload=JSON.raw(msgspec.Raw(text))))
    assert bytes(JSON.read(frame).payload) == text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (rb'"a\ud800"', rb'"a\ufffd"'),
        (rb'"\uDFFFb"', rb'"\ufffdb"'),
        (rb'"\ud800\ud83d\ude00"', rb'"\ufffd\ud83d\ude00"'),
        (rb'"\\ud800\ud800"', rb'"\\ud800\ufffd"'),
    ],
)
def test_half_a_surrogate_pair_from_another_peer_is_replaced_and_harms_nobody(text: bytes, read: bytes) -> None:
    assert bytes(JSON.read(f'{{"type":"message","payload":{text.decode()}}}').payload) == read


def test_json_values_that_only_some_decoders_take_have_a_value() -> None:
    values = value_of(b'[1e400,"\\ud800",18446744073709551617]', Format.JSON)
    assert values == [math.inf, "\ud800", 18446744073709551617]


@pytest.mark.parametrize(
    ("codec", "value"), [(JSON, math.nan), (JSON, {1, 2}.__iter__()), (JSON, b"x"), (MSGPACK, 2**70), (MSGPACK, object())]
)
def test_what_a_format_cannot_say_is_malformed_and_named(codec: Codec, value: object) -> None:
    with pytest.raises(Malformed, match="payload: "):
        codec.raw(value)


def test_a_message_without_a_payload_is_not_one_with_null() -> None:
    absent, null = JSON.read('{"type":"message"}').payload, JSON.read('{"type":"message","payload":null}').payload
    assert [bytes(absent), bytes(null)] == [bytes(NOTHING), b"null"]
    assert [value_of(bytes(raw), Format.JSON) for raw in (absent, null)] == [None, None]


def test_a_payload_that_python_has_no_value_for_is_malformed() -> None:
    with pytest.raises(Malformed, match="payload: "):
        value_of(b"\x81\x81\x01\x02\x03", Format.MSGPACK)


def test_an_id_that_is_no_unicode_is_malformed() -> None:
    with pytest.raises(Malformed, match="id"):
        JSON.write(Envelope("message", target_id="\ud800"))
