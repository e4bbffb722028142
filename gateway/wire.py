"""The codec: contents of frames into the actors' messages, their events into contents of frames (``docs/protocol.md``: Envelope). No I/O.

A relay is taken apart and rebuilt around its payload, whose bytes are never touched: the envelope that the receiver reads has only keys
that were understood here. What belongs to it::

    announcement  what the server itself says: peer_list, peer_joined, peer_left, error
    gate          what an id and a payload must be
    members       the slow reading: for registers, and to tell what is wrong
    registration  the payload of a register
    elements      how much is in a value, counted before it is read
    translation   payloads from JSON to MessagePack and back
"""

from collections.abc import Callable

import msgspec
from msgspec import Raw

from actors.events import Event, Format, Profile, Reference, Relayed
from actors.messages import BadMessage, Heartbeat, Inbound, Leave, Relay
from actors.reasons import ErrorCode
from gateway.announcement import announcement
from gateway.elements import too_many
from gateway.gate import id_fault, kind, payload_fault, too_deep
from gateway.members import Malformed, Member, TooDeep, TooMany, read_members
from gateway.registration import read_register
from gateway.translation import Unrepresentable, json_to_msgpack, msgpack_to_json

__all__ = ["Decoder", "Unrepresentable", "WireLimits", "encode"]

_JSON, _V1 = Format.JSON, Profile.V1  # reading a member of an enum takes longer than the comparison that it is for
_TARGETED = frozenset({"offer", "answer", "candidate"})
_RELAYED = _TARGETED | {"message"}
_KNOWN = "register, offer, answer, candidate, message, heartbeat or leave"
_FIX = {_JSON: 'send one JSON object with a string "type"', Format.MSGPACK: 'send one MessagePack map with a string "type"'}


class WireLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a client's message may be, beside its size, which the frame engine bounds (``docs/protocol.md``: Envelope)."""

    json_depth: int = 64
    """Levels of arrays and objects in a payload of either encoding, 1 to 256: beyond, Python's own recursion limit would decide."""

    elements: int = 2048
    """Array items and object members in a payload, in all: what it costs to read."""

    id_length: int = 128
    """Characters of a peer, group or message id."""

    metadata_bytes: int = 1024
    """Bytes of a peer's metadata as JSON text."""


# --- From a client ---


class _Envelope(msgspec.Struct, gc=False):
    """What is read of a client's message. Unknown keys (a case variant is one) are dropped; of a key that comes twice the last counts."""

    type: str | None = None
    source_id: str | None = None
    target_id: str | None = None
    id: str | None = None
    payload: Raw = Raw()  # empty bytes: no payload


_read_json = msgspec.json.Decoder(_Envelope).decode
# msgspec and not the msgpack library: it never believes a declared length (`gateway.translation.unpack` tells what the library does), and
# takes 0.15 us with the payload's bytes left as they are. The library's unpacker takes 2.2 when the payload's place has to be found.
_read_msgpack = msgspec.msgpack.Decoder(_Envelope).decode


class Decoder:
    r"""Reads clients' messages; one serves all connections.

    A relay of 1250 bytes takes 1.2 us in JSON (0.5 msgspec, 0.15 the gate), 0.95 in MessagePack::

        python -m timeit -s "from gateway.wire import Decoder, WireLimits; from actors.events import Format; d = Decoder(WireLimits())" \
            -s "f = b'{\"type\":\"offer\",\"target_id\":\"b\",\"payload\":{\"sdp\":\"%s\"}}' % (b'x' * 1200)" "d.decode(Format.JSON, f)"
    """

    def __init__(self, limits: WireLimits) -> None:
        self._limits = limits
        self._id_length = limits.id_length
        self._depth = limits.json_depth
        self._elements = limits.elements

    def decode(self, form: Format, data: bytes) -> Inbound:
        """Read one message. Never raises: what is wrong comes back as a `BadMessage`.

        JSON must have been found to be UTF-8 as a whole; the frame engine does so.
        """
        try:
            envelope = _read_json(data) if form is _JSON else _read_msgpack(data)
        except (ValueError, RecursionError):
            return self._reread(form, data)
        return self._judge(form, envelope, len(data))

    def _judge(self, form: Format, envelope: _Envelope, size: int) -> Inbound:
        source_id, target_id, id_ = envelope.source_id, envelope.target_id, envelope.id
        longest = self._id_length
        # isprintable: true for no forbidden character, false for a few good ones; so most ids are judged in 0.04 us.
        if (
            (source_id and not (len(source_id) <= longest and source_id.isprintable()))
            or (target_id and not (len(target_id) <= longest and target_id.isprintable()))
            or (id_ and not (len(id_) <= longest and id_.isprintable()))
        ):
            fault = self._id_fault(envelope)
            if fault:
                return self._bad(envelope, fault)
        type_ = envelope.type
        if type_ not in _RELAYED:
            return self._served(form, envelope)
        if not target_id and type_ in _TARGETED:
            return self._bad(envelope, f"target_id: missing; send the id of the peer that this {type_} is for")
        payload = bytes(envelope.payload) or None
        fault = payload_fault(form, payload, self._depth, self._elements) if payload else None
        if fault:
            return self._bad(envelope, fault)
        # Clients with typed structures send empty strings for what they leave out.
        return Relay(type_, target_id or None, payload, form, size, source_id or None, id_ or None)

    def _served(self, form: Format, envelope: _Envelope) -> Inbound:
        """A message for the server itself."""
        match envelope.type:
            case "heartbeat":
                return Heartbeat(envelope.source_id or None, envelope.id or None)
            case "register":
                return self._register(form, envelope)
            case "leave":
                return Leave(envelope.source_id or None, envelope.id or None)
            case None | "":
                return self._bad(envelope, f"type: missing; {_FIX[form]}: {_KNOWN}")
        readable = self._reference(envelope).type
        named = f'"{readable}"' if readable else "this"
        says = f"type: {named} is none that a client sends; send {_KNOWN}"
        return self._bad(envelope, says, ErrorCode.UNKNOWN_TYPE)

    def _register(self, form: Format, envelope: _Envelope) -> Inbound:
        payload = bytes(envelope.payload) or None
        fault = payload_fault(form, payload, self._depth, self._elements) if payload else None
        if fault:
            return self._bad(envelope, fault)
        limits = self._limits
        return read_register(form, payload, id_=envelope.id or None, id_length=limits.id_length, metadata_bytes=limits.metadata_bytes)

    def _reread(self, form: Format, data: bytes) -> Inbound:
        try:
            members = read_members(form, data, self._elements + len(_Envelope.__struct_fields__))
        except TooMany:
            return BadMessage(ErrorCode.BAD_MESSAGE, too_many("message", self._elements))
        except TooDeep:
            return BadMessage(ErrorCode.BAD_MESSAGE, too_deep("message", self._depth))
        except Malformed as fault:
            return BadMessage(ErrorCode.BAD_MESSAGE, f"message: {fault}; {_FIX[form]}")
        fields = {name: members[name].value for name in ("type", "source_id", "target_id", "id") if name in members}
        texts = {name: value for name, value in fields.items() if isinstance(value, str)}
        payload = members.get("payload", Member(None, b""))
        envelope = _Envelope(**texts, payload=Raw(payload.raw))
        for name, value in fields.items():
            if value is not None and name not in texts:
                fix = f"{_FIX[form]}: {_KNOWN}" if name == "type" else "send a string, or leave it out where it is not needed"
                return self._bad(envelope, f"{name}: expected a string, got {kind(value)}; {fix}")
        return self._judge(form, envelope, len(data))

    def _id_fault(self, envelope: _Envelope) -> str | None:
        ids = {"source_id": envelope.source_id, "target_id": envelope.target_id, "id": envelope.id}
        faults = (id_fault(field, value, self._id_length) for field, value in ids.items() if value)
        return next(filter(None, faults), None)

    def _bad(self, envelope: _Envelope, says: str, code: ErrorCode = ErrorCode.BAD_MESSAGE) -> BadMessage:
        return BadMessage(code, says, self._reference(envelope))

    def _reference(self, envelope: _Envelope) -> Reference:
        """Only what has the form of an id: the rest could be long, or have no JSON form."""
        parts = (envelope.id, envelope.type, envelope.target_id)
        return Reference(*(part if part and not id_fault("", part, self._id_length) else None for part in parts))


# --- To a client ---


class _Frame(msgspec.Struct, gc=False, omit_defaults=True):
    """A message to a client. Empty `source_id` and `target_id` are written too: a v1 client stops reading for good without them."""

    type: str
    source_id: str
    target_id: str
    id: str | None = None
    payload: object = None


class _LeanFrame(msgspec.Struct, gc=False, omit_defaults=True):
    """The same for a v2 client: what is empty is left out."""

    type: str
    source_id: str = ""
    target_id: str = ""
    id: str | None = None
    payload: object = None


_write_json: Callable[[object], bytes] = msgspec.json.Encoder().encode
_write_msgpack: Callable[[object], bytes] = msgspec.msgpack.Encoder().encode


def encode(event: Event, form: Format, profile: Profile = _V1) -> bytes:
    """Write one event as the content of one frame.

    Raises:
        Unrepresentable: a relayed payload came in the other encoding and has no form in this one.

    """
    envelope = _Frame if profile is _V1 else _LeanFrame
    if isinstance(event, Relayed):
        payload = event.payload
        if payload is not None and event.format is not form:
            payload = msgpack_to_json(payload) if form is _JSON else json_to_msgpack(payload)
        # A `Raw` is copied as it stands. Joining the parts of JSON by hand is only 0.03 of 0.3 us faster.
        frame = envelope(event.type, event.source_id, event.target_id or "", event.id, None if payload is None else Raw(payload))
    else:
        type_, body = announcement(event, form)
        frame = envelope(type_, "", "", None, body)
    return _write_json(frame) if form is _JSON else _write_msgpack(frame)
