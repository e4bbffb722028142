"""Target: `gateway/wire.py` and what belongs to it. What holds for any content of a text or binary frame.

An input is a byte, whose lowest bit says which (0: text), and the content. The hypothesis tests share the judges, not the inputs.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgpack

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
from actors.reasons import LeaveReason
from gateway.wire import Decoder, Unrepresentable, WireLimits, encode
from tests.fuzz.envelope_mutation import mutate_json, mutate_msgpack
from tests.fuzz.message_judge import are_ids, expected_kinds
from tests.fuzz.mutation import Havoc, Random
from tests.fuzz.values import Members, elements, in_both, read, read_json, same

__all__ = ["MODULES", "check", "check_message", "forwarded", "mutate", "seeds"]

MODULES = (
    "gateway.wire",
    "gateway.gate",
    "gateway.elements",
    "gateway.members",
    "gateway.registration",
    "gateway.translation",
    "gateway.announcement",
)

LIMITS = WireLimits(json_depth=8, elements=12, id_length=16, metadata_bytes=64)
"""Narrow, so that short inputs meet all of them."""

VECTORS = Path(__file__).parents[1] / "vectors" / "envelopes.json"

KEYS = {"type", "source_id", "target_id", "id", "payload"}


def check(data: bytes) -> None:
    form = (Format.JSON, Format.MSGPACK)[data[0] & 1] if data else Format.JSON
    check_message(form, data[1:])


def check_message(form: Format, data: bytes, limits: WireLimits = LIMITS) -> Inbound:
    """Fail unless it is taken for what independent readers take it for, and no client is shown anything harmful; return what it is."""
    found = Decoder(limits).decode(form, data)
    if form is Format.JSON and not _is_utf8(data):
        return found  # the frame engine lets none of it through
    expected = expected_kinds(form, data, limits)
    assert isinstance(found, expected), f"{found}, expected {expected}"
    match found:
        case Relay():
            _check_relay(found, data, limits)
        case Register():
            _check_register(found, limits)
        case BadMessage():
            _check_bad(found, limits)
        case Heartbeat() | Leave():
            assert are_ids(limits, found.source_id, found.id)
        case _:
            raise AssertionError(f"nothing that comes from a frame: {found}")
    return found


def forwarded(relay: Relay, form: Format) -> bytes:
    """The frame that its target gets."""
    return encode(Relayed(relay.type, "s", relay.target_id, relay.payload, relay.format, cast("Any", None), relay.id), form)


# --- What others are shown of it ---


def _check_relay(relay: Relay, data: bytes, limits: WireLimits) -> None:
    assert are_ids(limits, relay.source_id, relay.target_id, relay.id)
    assert relay.payload is None or relay.payload in data, "as it was written"
    frame = forwarded(relay, relay.format)
    own = _check_frame(relay.format, frame)
    _check_relay_to_v2(relay, own)
    assert (own.get("id"), own["target_id"], own["source_id"]) == (relay.id, relay.target_id or "", "s")
    if relay.payload is None:
        assert "payload" not in own
        return
    assert frame.endswith(relay.payload + (b"}" if relay.format is Format.JSON else b""))
    other = Format.MSGPACK if relay.format is Format.JSON else Format.JSON
    try:
        translated: bytes | None = forwarded(relay, other)
    except Unrepresentable as refused:
        translated = None
        str(refused).encode()  # it is told to the sender
    assert elements(own["payload"]) <= limits.elements
    assert in_both(own["payload"]) == (translated is not None)
    if translated is not None:
        assert same(_check_frame(other, translated)["payload"], own["payload"])


def _check_relay_to_v2(relay: Relay, to_v1: dict[str, Any]) -> None:
    """A v2 client gets the same, without what is empty."""
    told = Relayed(relay.type, "s", relay.target_id, relay.payload, relay.format, cast("Any", None), relay.id)
    members = read(relay.format, encode(told, relay.format, Profile.V2))
    assert isinstance(members, Members)
    assert same(members.last(), {name: member for name, member in to_v1.items() if member != "" or name == "payload"})


def _check_register(register: Register, limits: WireLimits) -> None:
    assert are_ids(limits, register.peer_id, register.group_id, register.id)
    assert register.metadata is None or len(register.metadata) <= limits.metadata_bytes
    info = PeerInfo(register.peer_id, register.group_id, 0.0, register.metadata)
    for form in Format:
        peers = [
            _shown(PeerList((info,)), form)["payload"].last()["peers"][0],
            _shown(PeerJoined(info, {}), form)["payload"].last()["peer"],
            _shown(PeerLeft(info, LeaveReason.LOST, {}), form)["payload"].last()["peer"],
        ]
        for peer in peers:
            assert peer[:2] == [("id", register.peer_id), ("group_id", register.group_id)]
            assert [name for name, _ in peer[2:]] == ["last_seen", *["metadata"] * (register.metadata is not None)]
            assert register.metadata is None or same(peer[3][1], read_json(register.metadata))
        _check_ice(register, form)
        _check_own_to_v2(register, info, form)


def _check_ice(register: Register, form: Format) -> None:
    """ICE servers are what they were, in either profile: their credentials have the id of the peer in them."""
    servers = [{"urls": ["turn:192.0.2.1"], "username": f"7:{register.peer_id}", "credential": "c"}]
    own = Place(register.peer_id, register.group_id, "s", 1)
    for listed in (
        _shown(PeerList((), ice_servers=json.dumps(servers).encode()), form)["payload"].last(),
        _shown_to_v2(PeerList((), own, ice_servers=json.dumps(servers).encode()), form),
    ):
        assert listed["ice_servers"] == [list(server.items()) for server in servers]


def _check_own_to_v2(register: Register, info: PeerInfo, form: Format) -> None:
    """What a v2 client alone is told; nothing in it is empty."""
    id_, own = register.id or "1", Place(register.peer_id, register.group_id, register.session or "s", 1)
    listed = _shown_to_v2(PeerList((info,), own, resumed=True), form)
    assert listed["self"] == [("id", own.id), ("group_id", own.group_id), ("session", own.session), ("sequence", 1)]
    assert listed["resumed"] is True
    joined, left = PeerJoined(info, {}), PeerLeft(info, LeaveReason.LOST, {})
    assert _shown_to_v2(joined, form)["peer"] == _shown_to_v2(left, form)["peer"] == listed["peers"][0]
    assert _shown_to_v2(Ack(id_, AckStatus.QUEUED), form) == {"id": id_, "status": "queued"}
    assert _shown_to_v2(GoAway("draining", 2, 1), form) == {"reason": "draining", "deadline_ms": 2, "reconnect_after_ms": 1}
    assert _shown_to_v2(Welcome(id_, 1, 2, {"errors": 3}), form)["connection_id"] == id_


def _shown_to_v2(event: Event, form: Format) -> dict[str, Any]:
    members = read(form, encode(event, form, Profile.V2))
    assert isinstance(members, Members)
    assert [name for name, _ in members] == ["type", "payload"]
    payload: dict[str, Any] = members.last()["payload"].last()
    return payload


def _check_bad(bad: BadMessage, limits: WireLimits) -> None:
    assert len(bad.says) < 500
    about = bad.about
    assert are_ids(limits, about.id, about.target_id, about.type)
    for form in Format:
        error = _shown(ErrorEvent(bad.code, bad.says, temporary=False, reference=about), form)["payload"].last()
        assert error["message"] == bad.says
        reference = error["ref"].last()
        assert Reference(reference.get("id"), reference.get("type"), reference.get("target_id")) == about


def _shown(event: Event, form: Format) -> dict[str, Any]:
    return _check_frame(form, encode(event, form))


def _check_frame(form: Format, frame: bytes) -> dict[str, Any]:
    """The members of a frame that no client is harmed by: every key once, none that is not known, the first three strings."""
    members = read(form, frame)
    assert isinstance(members, Members)
    found = members.last()
    assert len(found) == len(members)
    assert set(found) <= KEYS
    assert all(isinstance(found[name], str) for name in ("type", "source_id", "target_id"))
    return found


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


# --- Inputs ---


def mutate(data: bytes, size: int, random: Random, havoc: Havoc) -> bytes:
    """Change the content token by token, or member by member; now and then any byte of it."""
    if not data or random.random() < 0.2:
        return havoc(data, size)
    change = mutate_msgpack if data[0] & 1 else mutate_json
    return (data[:1] + change(data[1:], random, havoc))[:size]


def seeds() -> Iterator[bytes]:
    """What clients send in the vectors, and payloads that one encoding cannot say."""
    vectors = json.loads(VECTORS.read_text())
    for vector in vectors["from_client"]:
        content = vector["json"].encode() if "json" in vector else bytes.fromhex(vector["msgpack"])
        if len(content) <= 1024:
            yield bytes(["msgpack" in vector]) + content
    for vector in vectors["unrepresentable"]:
        yield from _with_payload(vector["json"].encode() if "json" in vector else None, bytes.fromhex(vector.get("msgpack", "")))
    yield from _with_payload(None, b"\x91\xa1\xff")
    for packed in (
        b"\xdc\x00\x0c" + b"\xc0" * 12,
        b"\xde\x00\x06" + b"\xa1k\x90" * 6,
        b"\x92\xd9\x0c" + b"\x93" * 12 + b"\xc7\x02\x01\x93\x93",
    ):
        yield from _with_payload(None, packed)
    for metadata in ({"n": [1, -0.5, None], "é": "€"}, "x" * LIMITS.metadata_bytes):
        message = {"type": "register", "id": "1", "payload": {"peer_id": "a", "group_id": "g", "metadata": metadata}}
        yield b"\x00" + json.dumps(message).encode()
        yield b"\x01" + msgpack.packb(message)


def _with_payload(text: bytes | None, packed: bytes) -> Iterator[bytes]:
    if text is None:
        yield b"\x01\x82" + msgpack.packb("type") + msgpack.packb("message") + msgpack.packb("payload") + packed
    else:
        yield b'\x00{"type":"message","payload":%b}' % text
