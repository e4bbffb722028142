"""What holds for every message, with the standard library's JSON and the msgpack library as judges that had no part in the reading.

What holds for any bytes is in `tests/fuzz/wire.py`, which `make fuzz` asks too.
"""

import json
from typing import Any

import msgpack
from hypothesis import example, given
from hypothesis import strategies as st

from actors.events import Format
from actors.messages import Relay
from gateway.wire import Decoder, WireLimits
from tests.fuzz.values import same
from tests.fuzz.wire import check_message, forwarded

DECODER = Decoder(WireLimits())

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


@given(written(ANY_JSON))
@example(("\ud800", b'"\\ud800"'))
def test_a_json_payload_is_relayed_byte_for_byte(payload: tuple[Any, bytes]) -> None:
    value, text = payload
    relay = DECODER.decode(Format.JSON, b'{"type":"message","payload":%b}' % text)
    assert isinstance(relay, Relay)
    assert relay.payload == text
    frame = forwarded(relay, Format.JSON)
    assert frame == b'{"type":"message","source_id":"s","target_id":"","payload":%b}' % text
    assert same(json.loads(frame)["payload"], value)


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
    assert same(json.loads(forwarded(returned, Format.JSON))["payload"], value)


@given(ANY_MSGPACK)
def test_msgpack_is_translated_to_equal_json_or_not_at_all(value: object) -> None:
    assert isinstance(check_message(Format.MSGPACK, msgpack.packb({"type": "message", "payload": value}), WireLimits()), Relay)


@given(damaged(json_messages()))
@example(b'{"type":"message","payload":"\\ud800"}')
@example(b'{"type":"message","payload":' + b"[" * 64 + b"]" * 64 + b"}")
@example(b'{"type":"message","payload":' + b"[" * 65 + b"]" * 65 + b"}")
def test_json_is_taken_exactly_when_the_standard_library_takes_it_and_the_fields_are_good(data: bytes) -> None:
    check_message(Format.JSON, data, WireLimits())


@given(damaged(msgpack_messages()))
def test_msgpack_is_taken_exactly_when_the_library_takes_it_and_the_fields_are_good(data: bytes) -> None:
    check_message(Format.MSGPACK, data, WireLimits())


@given(damaged(json_messages()) | damaged(msgpack_messages()) | st.binary(max_size=64))
def test_no_bytes_at_all_make_the_decoder_raise(data: bytes) -> None:
    for form in Format:
        check_message(form, data, WireLimits())
