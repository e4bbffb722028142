"""The payload of a register: the one payload that the server reads (``docs/protocol.md``: Client to server)."""

import msgspec
from msgspec import Raw, Struct

from actors.events import Format, Reference
from actors.messages import BadMessage, Register
from actors.reasons import ErrorCode
from gateway.gate import id_fault, kind
from gateway.members import Malformed, Member, read_members
from gateway.translation import Unrepresentable, json_to_msgpack, msgpack_to_json

__all__ = ["read_register"]

_LONGEST_SESSION = 64  # twice what the server gives out

_FIX = "send an object with the strings peer_id and group_id"


def read_register(form: Format, payload: bytes | None, *, id_: str | None, id_length: int, metadata_bytes: int) -> Register | BadMessage:
    """Read what a client that registers says of itself; keys beyond the known ones are for later versions and are left out.

    The metadata of the result is JSON text that has a MessagePack form too, so that any list with this peer can be written in both.
    """
    reference = Reference(id=id_, type="register")
    try:
        if payload is None:
            raise Malformed("missing")  # noqa: TRY301 - the same answer as for a payload that is something else
        members = _read_plain(form, payload) or read_members(form, payload)
        peer_id = _id("peer_id", members.get("peer_id"), id_length)
        group_id = _id("group_id", members.get("group_id"), id_length)
        metadata = _metadata(form, members.get("metadata"), metadata_bytes)
        ice = _flag("ice", members.get("ice"))
        session = _session(members.get("session"))
    except Malformed as fault:
        return BadMessage(ErrorCode.BAD_REGISTER, f"payload: {fault}; {_FIX}", reference)
    except Unrepresentable as fault:
        says = f"{fault.at('payload.metadata')}; send what both JSON and MessagePack can say"
        return BadMessage(ErrorCode.BAD_REGISTER, says, reference)
    except _Refused as fault:
        return BadMessage(fault.code, str(fault), reference)
    return Register(peer_id, group_id, metadata, id_, ice, session)


class _Plain(Struct, gc=False):
    """A payload as nearly all are: two strings. What is wrong with another, and what its metadata says, tells the slow reading."""

    peer_id: str
    group_id: str
    metadata: Raw = Raw()
    ice: bool = False
    session: str = ""


_PLAIN_JSON = msgspec.json.Decoder(_Plain)
_PLAIN_MSGPACK = msgspec.msgpack.Decoder(_Plain)


def _read_plain(form: Format, payload: bytes) -> dict[str, Member] | None:
    """The members, in 0.5 us instead of the 20 of `read_members`. None: they are to be read by that."""
    try:
        plain = (_PLAIN_JSON if form is Format.JSON else _PLAIN_MSGPACK).decode(payload)
    except (ValueError, RecursionError):
        return None
    if bytes(plain.metadata):
        return None
    members = {"peer_id": plain.peer_id, "group_id": plain.group_id, "ice": plain.ice, "session": plain.session}
    return {name: Member(value, b"") for name, value in members.items()}


class _Refused(Exception):
    """A member is not what it must be."""

    def __init__(self, says: str, code: ErrorCode = ErrorCode.BAD_REGISTER) -> None:
        super().__init__(says)
        self.code = code


def _id(name: str, member: Member | None, longest: int) -> str:
    field = f"payload.{name}"
    if member is None:
        raise _Refused(f"{field}: missing; {_FIX}")
    if not isinstance(member.value, str):
        raise _Refused(f"{field}: expected a string, got {kind(member.value)}; {_FIX}")
    fault = id_fault(field, member.value, longest)
    if fault:
        raise _Refused(fault)
    return member.value


def _flag(name: str, member: Member | None) -> bool:
    if member is None or isinstance(member.value, bool):
        return member is not None and bool(member.value)
    raise _Refused(f"payload.{name}: expected true or false, got {kind(member.value)}; leave it out for false")


def _session(member: Member | None) -> str | None:
    """What cannot be a session is the same as a wrong one, which is the same as none; v1 does not know the key at all."""
    value = member.value if member is not None else None
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_SESSION and value.isascii() else None


def _metadata(form: Format, member: Member | None, most: int) -> bytes | None:
    if member is None:
        return None
    text = member.raw if form is Format.JSON else msgpack_to_json(member.raw)
    if len(text) > most:
        raise _Refused(f"payload.metadata: {len(text)} bytes of JSON; send at most {most}", ErrorCode.TOO_LARGE)
    if form is Format.JSON:
        json_to_msgpack(text)  # for what it refuses
    return text
