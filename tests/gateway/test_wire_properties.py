"""What holds for every message, with the standard library's JSON and the msgpack library as judges that had no part in the reading."""

import json
import math
from typing import Any, NoReturn, cast

import msgpack
from hypothesis import example, given
from hypothesis import strategies as st

from actors.events import Format, Relayed
from actors.messages import BadMessage, Register, Relay
from gateway.gate import id_fault
from gateway.wire import Decoder, Unrepresentable, WireLimits, encode

DECODER = Decoder(WireLimits())
DEPTH = 64

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TEXT_WITH_HALVES = st.text(max_size=8)
INTEGERS = st.integers(-(2**63), 2**64 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def trees(leaves: st.SearchStrategy[Any], keys: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=12)


REPRESENTABLE = trees(st.none() | st.booleans() | INTEGERS | FLOATS | TEXT, TEXT)
ANY_JSON = trees(st.none() | st.booleans() | st.integers() | FLOATS | TEXT_WITH_HALVES, TEXT_WITH_HALVES)
ONLY_MSGPACK = st.binary(max_size=4) | st.floats(allow_nan=False) | st.builds(msgpack.ExtType, st.integers(0, 127), st.binary(max_size=4))
ANY_MSGPACK = trees(st.none() | st.booleans() | INTEGERS | TEXT | ONLY_MSGPACK, TEXT | INTEGERS | st.binary(max_size=4))
OFTEN_MESSAGE = st.sampled_from(["message"] * 6 + ["offer", "register", "heartbeat", "peer_list", ""])
MAYBE_ID = st.none() | st.sampled_from(["", "b", "é", "\x00", "x" * 129]) | TEXT


@st.composite
def written(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> tuple[Any, bytes]:
    """A JSON value and one of the ways to write it."""
    value = draw(values)
    text = json.dumps(value, ensure_ascii=True, indent=draw(st.sampled_from([None, 0, 1])))
    return value, (text if draw(st.booleans()) else _unescaped(text)).encode()


def _unescaped(text: str) -> str:
    """Write what can be written in UTF-8 without an escape."""
    plain = json.dumps(json.loads(text), ensure_ascii=False)
    return plain if plain.isprintable() else text


ENVELOPES = st.fixed_dictionaries({"type": OFTEN_MESSAGE}, optional={"target_id": MAYBE_ID, "id": MAYBE_ID, "extra": ANY_JSON})
PIECES = st.sampled_from(
    [b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"NaN", b"1e999", b"\\ud800", b"-", b"0", b"\n", b'"type":', b"\xff", b"\x00"]
)


@st.composite
def damaged(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """A message with a few bytes lost, doubled or put in."""
    data = draw(whole)
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.integers(0, 3))
        data = data[:start] + draw(PIECES | st.just(data[start:end] * 2) | st.binary(max_size=2)) + data[end:]
    return data


@st.composite
def json_messages(draw: st.DrawFn) -> bytes:
    envelope = draw(ENVELOPES)
    if draw(st.booleans()):
        envelope["payload"] = (
            draw(ANY_JSON) if envelope["type"] != "register" else {"peer_id": draw(MAYBE_ID), "group_id": "g", "metadata": draw(ANY_JSON)}
        )
    return json.dumps(envelope).encode()


@st.composite
def msgpack_messages(draw: st.DrawFn) -> bytes:
    envelope: dict[str, Any] = {"type": draw(OFTEN_MESSAGE), "target_id": draw(st.none() | TEXT)}
    payload = draw(ANY_MSGPACK)
    envelope["payload"] = payload if envelope["type"] != "register" else {"peer_id": "a", "group_id": "g", "metadata": payload}
    return msgpack.packb(envelope)


def forwarded(relay: Relay, form: Format) -> bytes:
    return encode(Relayed(relay.type, "s", relay.target_id, relay.payload, relay.format, cast("Any", None), relay.id), form)


def no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def strict(text: bytes) -> Any:  # noqa: ANN401 - any JSON value
    return json.loads(text.decode(), parse_constant=no_constant)


def levels(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(levels, inner), default=0)


def same(one: object, other: object) -> bool:
    """Equal in kind and sign too: 1 is not 1.0, True is not 1, -0.0 is not 0.0; keys in the same order."""
    return repr(one) == repr(other)


@given(written(ANY_JSON))
@example(("\ud800", b'"\\ud800"'))
def test_a_json_payload_is_relayed_byte_for_byte(payload: tuple[Any, bytes]) -> None:
    value, text = payload
    relay = DECODER.decode(Format.JSON, b'{"type":"message","payload":%b}' % text)
    assert isinstance(relay, Relay)
    assert relay.payload == text
    frame = forwarded(relay, Format.JSON)
    assert frame == b'{"type":"message","source_id":"s","target_id":"","payload":%b}' % text
    assert same(strict(frame)["payload"], value)


@given(ANY_MSGPACK)
def test_a_msgpack_payload_is_relayed_byte_for_byte(value: object) -> None:
    raw = msgpack.packb(value)
    relay = DECODER.decode(Format.MSGPACK, msgpack.packb({"type": "message"}).replace(b"\x81", b"\x82", 1) + msgpack.packb("payload") + raw)
    assert isinstance(relay, Relay)
    assert relay.payload == raw
    assert forwarded(relay, Format.MSGPACK).endswith(b"\xa7payload" + raw)


@given(written(REPRESENTABLE))
def test_what_both_encodings_say_means_the_same_in_both(payload: tuple[Any, bytes]) -> None:
    value, text = payload
    relay = DECODER.decode(Format.JSON, b'{"type":"message","payload":%b}' % text)
    assert isinstance(relay, Relay)
    there = msgpack.unpackb(forwarded(relay, Format.MSGPACK))
    assert same(there["payload"], value)
    returned = DECODER.decode(Format.MSGPACK, msgpack.packb({"type": "message", "payload": there["payload"]}))
    assert isinstance(returned, Relay)
    assert same(strict(forwarded(returned, Format.JSON))["payload"], value)


@given(ANY_MSGPACK)
def test_msgpack_is_translated_to_equal_json_or_not_at_all(value: object) -> None:
    relay = DECODER.decode(Format.MSGPACK, msgpack.packb({"type": "message", "payload": value}))
    assert isinstance(relay, Relay)
    try:
        frame = forwarded(relay, Format.JSON)
    except Unrepresentable:
        assert not said_by_json(value)
    else:
        assert said_by_json(value)
        assert same(strict(frame)["payload"], value)


def said_by_json(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and said_by_json(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(said_by_json, value))
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, bytes | msgpack.ExtType)


@given(damaged(json_messages()))
@example(b'{"type":"message","payload":"\\ud800"}')
@example(b'{"type":"message","payload":' + b"[" * 64 + b"]" * 64 + b"}")
@example(b'{"type":"message","payload":' + b"[" * 65 + b"]" * 65 + b"}")
def test_json_is_taken_exactly_when_the_standard_library_takes_it_and_the_fields_are_good(data: bytes) -> None:
    found = DECODER.decode(Format.JSON, data)
    try:
        message = strict(data)
    except ValueError:
        message = None
    if isinstance(message, dict) and message.get("type") == "message":
        good = all(is_id(message.get(field)) for field in ("source_id", "target_id", "id")) and levels(message.get("payload")) <= DEPTH
        assert isinstance(found, Relay if good else BadMessage)
    if not isinstance(message, dict):
        try:
            data.decode()
        except UnicodeDecodeError:
            return  # the frame engine lets none of it through
        assert isinstance(found, BadMessage)


def is_id(value: object) -> bool:
    return value is None or (isinstance(value, str) and (not value or id_fault("id", value, 128) is None))


@given(damaged(json_messages()))
def test_a_json_relay_that_is_taken_is_a_frame_that_a_v1_client_survives(data: bytes) -> None:
    relay = DECODER.decode(Format.JSON, data)
    if not isinstance(relay, Relay) or not is_utf8(data):
        return
    frame = strict(forwarded(relay, Format.JSON))
    assert {type(frame[field]) for field in ("type", "source_id", "target_id")} == {str}
    assert set(frame) <= {"type", "source_id", "target_id", "id", "payload"}


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(damaged(msgpack_messages()))
def test_a_msgpack_relay_that_is_taken_is_a_frame_that_any_client_can_read(data: bytes) -> None:
    relay = DECODER.decode(Format.MSGPACK, data)
    if not isinstance(relay, Relay):
        return
    pairs = msgpack.unpackb(forwarded(relay, Format.MSGPACK), object_pairs_hook=list, strict_map_key=False)
    frame = dict(pairs)
    assert {type(frame[field]) for field in ("type", "source_id", "target_id")} == {str}
    try:
        strict(forwarded(relay, Format.JSON))
    except Unrepresentable as refused:
        assert str(refused).encode().startswith(b"payload")  # noqa: PT017 - either is right; what is refused can be told


@given(damaged(json_messages()) | damaged(msgpack_messages()) | st.binary(max_size=64))
def test_no_bytes_at_all_make_the_decoder_raise(data: bytes) -> None:
    for form in Format:
        found = DECODER.decode(form, data)
        if isinstance(found, Register) and found.metadata is not None:
            strict(found.metadata)
        elif isinstance(found, BadMessage):
            assert len(found.says) < 500
            found.says.encode()
