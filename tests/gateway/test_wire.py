"""The vectors are for authors of clients too; what is beside them here are bounds, and roads that only this implementation has."""

import json
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgpack
import pytest

from actors.events import (
    Ack,
    AckStatus,
    ErrorEvent,
    Event,
    Format,
    GoAway,
    PeerInfo,
    PeerJoined,
    PeerLeft,
    PeerList,
    Place,
    Profile,
    Reference,
    Relayed,
    Welcome,
)
from actors.messages import BadMessage, Heartbeat, Inbound, Leave, Register, Relay
from actors.reasons import ErrorCode, LeaveReason
from gateway.wire import Decoder, Unrepresentable, WireLimits, encode

if TYPE_CHECKING:
    from actors.runtime import BrokerRef

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "envelopes.json").read_text())
DECODER = Decoder(WireLimits())
NOBODY = cast("BrokerRef", None)  # the codec never speaks to a sender


def named(section: str) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in VECTORS[section]]


def frame_of(vector: dict[str, Any]) -> tuple[Format, bytes]:
    return (Format.JSON, vector["json"].encode()) if "json" in vector else (Format.MSGPACK, bytes.fromhex(vector["msgpack"]))


def meaning(inbound: Inbound, form: Format) -> dict[str, Any]:
    """What a vector says of a frame."""
    match inbound:
        case BadMessage(code, says, about):
            ref = {name: getattr(about, name) for name in ("id", "type", "target_id") if getattr(about, name) is not None}
            return {"is": "error", "fields": {"code": code.value, "message": says, "ref": ref}}
        case Relay():
            payload = inbound.payload and (inbound.payload.decode() if form is Format.JSON else inbound.payload.hex())
            fields = {name: getattr(inbound, name) for name in ("type", "target_id", "source_id", "id")}
            return {"is": "relay", "fields": {**fields, "payload": payload}}
        case Register():
            metadata = inbound.metadata and inbound.metadata.decode()
            ids = {name: getattr(inbound, name) for name in ("peer_id", "group_id", "id")}
            return {"is": "register", "fields": {**ids, "metadata": metadata}}
        case Heartbeat() | Leave():
            name = "leave" if isinstance(inbound, Leave) else "heartbeat"
            return {"is": name, "fields": {"source_id": inbound.source_id, "id": inbound.id}}


@pytest.mark.parametrize("vector", named("from_client"))
def test_a_frame_from_a_client_means_what_its_vector_says(vector: dict[str, Any]) -> None:
    form, data = frame_of(vector)
    found = meaning(DECODER.decode(form, data), form)
    expected = {"is": vector["is"], "fields": vector["fields"]}
    if found["is"] == "error" and found["fields"]["message"].startswith(vector["fields"].get("message", "-")):
        found["fields"]["message"] = vector["fields"]["message"]
    assert found == expected


def peer_of(vector: dict[str, Any]) -> PeerInfo:
    metadata = vector.get("metadata")
    return PeerInfo(vector["id"], vector["group_id"], vector["last_seen"], metadata and metadata.encode())


def event_of(vector: dict[str, Any]) -> Event:
    match vector["is"]:
        case "peer_list":
            return PeerList(tuple(map(peer_of, vector["peers"])))
        case "peer_joined":
            return PeerJoined(peer_of(vector["peer"]), {})
        case "peer_left":
            return PeerLeft(peer_of(vector["peer"]), LeaveReason(vector["reason"]), {})
        case "error":
            reference = Reference(**vector["ref"])
            return ErrorEvent(ErrorCode(vector["code"]), vector["says"], vector["temporary"], reference, vector.get("retry_after_ms"))
        case _:
            payload = vector.get("payload")
            return relayed(
                payload and payload.encode(), Format.JSON, **{key: vector.get(key) for key in ("type", "source_id", "target_id", "id")}
            )


def relayed(payload: bytes | None, form: Format, **fields: Any) -> Relayed:  # noqa: ANN401 - whatever fields the test is about
    values = {"type": "message", "source_id": "a", "target_id": "b", **fields}
    return Relayed(payload=payload, format=form, sender=NOBODY, **values)


@pytest.mark.parametrize("vector", named("to_client"))
def test_an_event_is_written_as_its_vector_says_in_both_encodings(vector: dict[str, Any]) -> None:
    event = event_of(vector["event"])
    assert encode(event, Format.JSON).decode() == vector["json"]
    assert encode(event, Format.MSGPACK).hex() == vector["msgpack"]


@pytest.mark.parametrize("vector", named("unrepresentable"))
def test_a_payload_that_the_receiver_s_encoding_cannot_say_is_refused_with_its_place(vector: dict[str, Any]) -> None:
    form, payload = frame_of(vector)
    other = Format.MSGPACK if form is Format.JSON else Format.JSON
    with pytest.raises(Unrepresentable) as refused:
        encode(relayed(payload, form), other)
    assert str(refused.value) == vector["message"]


@pytest.mark.parametrize("vector", named("unrepresentable"))
def test_the_same_payload_reaches_receivers_of_its_own_encoding_untouched(vector: dict[str, Any]) -> None:
    form, payload = frame_of(vector)
    assert payload in encode(relayed(payload, form), form)


def test_every_error_frame_of_the_vectors_is_an_object_that_a_v1_client_survives() -> None:
    refused = [DECODER.decode(*frame_of(vector)) for vector in VECTORS["from_client"] if vector["is"] == "error"]
    assert len(refused) > 50
    for bad in refused:
        assert isinstance(bad, BadMessage)
        frame = json.loads(encode(ErrorEvent(bad.code, bad.says, temporary=False, reference=bad.about), Format.JSON))
        assert (frame["type"], frame["source_id"], frame["target_id"]) == ("error", "", "")


def test_size_is_that_of_the_whole_message_on_both_roads() -> None:
    fast, slow = b'{"type":"message","payload":"x"}\n', b'{"type":"message","payload":"\\ud800"}\n'
    sizes = [getattr(DECODER.decode(Format.JSON, data), "size", None) for data in (fast, slow)]
    assert sizes == [len(fast), len(slow)]


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 64, 200])
@pytest.mark.parametrize("form", list(Format))
def test_payloads_of_either_encoding_may_be_as_deep_as_configured_and_no_deeper(form: Format, depth: int) -> None:
    decoder = Decoder(WireLimits(json_depth=depth))
    inbound = [decoder.decode(form, nested(form, levels)) for levels in (depth, depth + 1)]
    assert [type(message) for message in inbound] == [Relay, BadMessage]


def nested(form: Format, levels: int) -> bytes:
    if form is Format.JSON:
        return b'{"type":"message","payload":%b}' % (
            b'[{"a":' * (levels // 2) + b"[]" * (levels % 2) + b"0" * (1 - levels % 2) + b"}]" * (levels // 2)
        )
    payload = b"\x91\x81\xa1a" * (levels // 2) + (b"\x90" if levels % 2 else b"\x00")
    return b"\x82\xa4type\xa7message\xa7payload" + payload


MANY = "payload: more than 16 array items and object members in all; send fewer at a time"


def enveloped(form: Format, type_: str, payload: object, *, slowly: bool) -> bytes:
    """One message; `slowly`: with what the fast decoder leaves to the exact reading, in a key that counts as one more of the envelope's."""
    if form is Format.MSGPACK:
        return msgpack.packb({"type": type_, "payload": payload} | ({7: 0} if slowly else {}))
    return json.dumps({"type": type_, "payload": payload} | ({"x": "\ud800"} if slowly else {})).encode()


@pytest.mark.parametrize("slowly", [False, True])
@pytest.mark.parametrize("form", list(Format))
def test_a_payload_may_have_as_many_elements_as_configured_and_no_more_on_both_roads(form: Format, *, slowly: bool) -> None:
    decoder = Decoder(WireLimits(elements=16))
    ids = {"peer_id": "a", "group_id": "g"}
    relays = [decoder.decode(form, enveloped(form, "message", [[0] * count], slowly=slowly)) for count in (15, 16)]
    registers = [decoder.decode(form, enveloped(form, "register", ids | {"x": [0] * count}, slowly=slowly)) for count in (13, 14)]
    assert [type(message) for message in relays + registers] == [Relay, BadMessage, Register, BadMessage]
    says = [message.says for message in relays + registers if isinstance(message, BadMessage)]
    assert says == [MANY, MANY]


@pytest.mark.parametrize("form", list(Format))
def test_what_is_dropped_is_counted_only_where_it_has_to_be_read(form: Format) -> None:
    decoder = Decoder(WireLimits(elements=16))
    assert isinstance(decoder.decode(form, enveloped(form, "leave", [0] * 20, slowly=False)), Leave)
    refused = decoder.decode(form, enveloped(form, "leave", [0] * 20, slowly=True))
    assert refused == BadMessage(ErrorCode.BAD_MESSAGE, MANY.replace("payload", "message"))


@pytest.mark.parametrize("length", [1, 5, 300])
def test_ids_may_be_as_long_as_configured_and_no_longer(length: int) -> None:
    decoder = Decoder(WireLimits(id_length=length))
    offers = (b'{"type":"offer","target_id":"%b"}' % (b"x" * size) for size in (length, length + 1))
    assert [type(decoder.decode(Format.JSON, offer)) for offer in offers] == [Relay, BadMessage]


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"type":"message","payload":' + b"[", b'{"x":' + b"["])
@pytest.mark.parametrize(
    ("times", "says"),
    [
        (2000, "message: nested deeper than 64 arrays and objects; send it flatter"),
        (24_000, "message: more than 2048 array items and object members in all; send fewer at a time"),
        (65_536, "message: more than 2048 array items and object members in all; send fewer at a time"),
    ],
)
def test_a_frame_of_nothing_but_openings_is_refused_in_json(opening: bytes, times: int, says: str) -> None:
    head, last = opening[:-1], opening[-1:]
    refused = DECODER.decode(Format.JSON, (opening * times if opening == b'{"a":' else head + last * times)[:65_536])
    assert isinstance(refused, BadMessage)
    assert (refused.code, refused.says) == (ErrorCode.BAD_MESSAGE, says)


@pytest.mark.parametrize("opening", [b"\x91", b"\x81", b"\x81\xa1a", b"\x82\xa4type\xa7message\xa7payload\x91"])
def test_a_frame_of_nothing_but_openings_is_refused_in_msgpack(opening: bytes) -> None:
    data = (opening + opening[-1:] * 65_536)[:65_536] if opening[-1:] != b"a" else opening * 20_000
    refused = DECODER.decode(Format.MSGPACK, data)
    assert isinstance(refused, BadMessage)
    assert refused.says == "message: nested deeper than 64 arrays and objects; send it flatter"


@pytest.mark.parametrize("place", ["payload", "type", "extra"])
def test_declared_lengths_cost_no_memory_before_they_are_there(place: str) -> None:
    key = msgpack.packb(place)
    bomb = b"\x82\xa1x\x01" + key + b"\xdd\x00\x00\xf0\x00" * 600
    bomb += b"\x01" * (65_536 - len(bomb))
    tracemalloc.start()
    try:
        refused = DECODER.decode(Format.MSGPACK, bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(refused, BadMessage)
    assert peak < 1_000_000


def test_what_is_dropped_need_not_be_flat() -> None:
    deep = b"[" * 100 + b"]" * 100
    assert isinstance(DECODER.decode(Format.JSON, b'{"type":"message","extra":%b}' % deep), Relay)
    assert isinstance(DECODER.decode(Format.JSON, b'{"type":"heartbeat","payload":%b}' % deep), Heartbeat)


def test_text_that_is_not_utf8_never_raises_even_though_the_frame_engine_lets_none_through() -> None:
    refused = DECODER.decode(Format.JSON, b'{"type":"offer\xff"}')
    assert isinstance(refused, BadMessage)
    assert refused.says.startswith("message: a string that is not UTF-8")


def test_a_payload_that_was_checked_nowhere_is_bounded_when_it_is_translated() -> None:
    for payload, form, other in (
        (b"[" * 5000 + b"]" * 5000, Format.JSON, Format.MSGPACK),
        (b"\x91" * 1000 + b"\x90", Format.MSGPACK, Format.JSON),
    ):
        with pytest.raises(Unrepresentable, match="payload: nested too deeply"):
            encode(relayed(payload, form), other)


def test_reading_a_hostile_frame_takes_a_bounded_time() -> None:
    """All three take 0.01 s; what grows with the square of a frame's length takes seconds."""
    chains = b"[" + (b"[" * 63 + b"]" * 63 + b",") * 32 + b"1]"
    frames = [
        b'{"type":"message","payload":%b}' % payload
        for payload in (chains, b"[" + b'"\\ud800",' * 2000 + b"1]", b'"' + b"\\\\" * 32_000 + b'"')
    ]
    start = time.process_time()
    for frame in frames:
        assert isinstance(DECODER.decode(Format.JSON, frame), Relay)
    assert time.process_time() - start < 1


V2 = Profile.V2


def test_a_v2_client_is_told_nothing_that_is_empty() -> None:
    error = ErrorEvent(ErrorCode.INTERNAL, "why", temporary=True, reference=Reference())
    assert list(json.loads(encode(error, Format.JSON, V2))) == ["type", "payload"]
    assert list(msgpack.unpackb(encode(error, Format.MSGPACK, V2))) == ["type", "payload"]
    to_all = relayed(b"1", Format.JSON, target_id=None)
    assert encode(to_all, Format.JSON, V2) == b'{"type":"message","source_id":"a","payload":1}'
    to_one = relayed(None, Format.JSON, id="7")
    assert encode(to_one, Format.JSON, V2) == b'{"type":"message","source_id":"a","target_id":"b","id":"7"}'


def test_the_messages_that_are_v2_s_own_are_written_as_the_contract_has_them() -> None:
    welcome = Welcome("c1", 25_000, 60_000, {"message_bytes": 65_536})
    assert encode(welcome, Format.JSON, V2) == (
        b'{"type":"welcome","payload":{"connection_id":"c1","heartbeat":{"interval_ms":25000,"expire_ms":60000},'
        b'"limits":{"message_bytes":65536}}}'
    )
    assert encode(Ack("7", AckStatus.QUEUED), Format.JSON, V2) == b'{"type":"ack","payload":{"id":"7","status":"queued"}}'
    own = Place("a", "g", "5e55", 3)
    payload = b'"payload":{"peers":[],"self":{"id":"a","group_id":"g","session":"5e55","sequence":3}'
    assert encode(PeerList((), own), Format.JSON, V2) == b'{"type":"peer_list",' + payload + b"}}"
    assert encode(PeerList((), own, resumed=True), Format.JSON, V2) == b'{"type":"peer_list",' + payload + b',"resumed":true}}'
    assert msgpack.unpackb(encode(PeerList((), own, resumed=True), Format.MSGPACK, V2))["payload"]["resumed"] is True


def test_a_goaway_is_written_as_the_contract_has_it() -> None:
    payload = b'{"reason":"draining","deadline_ms":2000,"reconnect_after_ms":1000}'
    assert encode(GoAway("draining", 2000, 1000), Format.JSON, V2) == b'{"type":"goaway","payload":' + payload + b"}"
