"""What a message should be taken for, by the words of `docs/protocol.md` and readers that had no part in the server."""

from typing import Any, TypeAlias

import msgpack

from actors.events import Format
from actors.messages import BadMessage, Heartbeat, Inbound, Leave, Register, Relay
from gateway.wire import WireLimits
from tests.fuzz.values import Members, elements, in_both, is_whole_msgpack, levels, read

__all__ = ["are_ids", "expected_kinds"]

TARGETED = {"offer", "answer", "candidate"}
JUDGED_DEPTH = 300
"""Beyond, all readers give up somewhere, each at a depth of its own."""

ENVELOPE_KEYS = 5

Kinds: TypeAlias = tuple[type[Inbound], ...]


def expected_kinds(form: Format, data: bytes, limits: WireLimits) -> Kinds:
    """One kind; some where the judges cannot tell."""
    if form is Format.MSGPACK and not is_whole_msgpack(data):
        return (BadMessage,)
    try:
        message = read(form, data)
        deep = levels(message) > JUDGED_DEPTH
    except (RecursionError, msgpack.StackError):
        deep, message = True, None
    except ValueError:
        # The library reads text in the values of unknown keys, too; we skip those.
        return (BadMessage,) if form is Format.JSON else (BadMessage, Relay, Register, Heartbeat, Leave)
    if deep:
        return BadMessage, Relay, Register, Heartbeat, Leave
    if not isinstance(message, Members):
        return (BadMessage,)
    kinds = _expected_of(message.last(), limits)
    # What is in unknown keys counts only where the server has to look into them.
    return kinds if elements(message) <= limits.elements + ENVELOPE_KEYS else (*kinds, BadMessage)


def _expected_of(message: dict[str, Any], limits: WireLimits) -> Kinds:
    ids = [message.get(name) for name in ("source_id", "target_id", "id")]
    if not all(id_ is None or id_ == "" or _is_id(id_, limits) for id_ in ids):
        return (BadMessage,)
    type_ = message.get("type")
    if type_ == "register":
        return _expected_register(message.get("payload"), limits)
    if type_ == "message" or (isinstance(type_, str) and type_ in TARGETED and message.get("target_id")):
        return (Relay,) if _is_bounded(message.get("payload"), limits) else (BadMessage,)
    return (Heartbeat,) if type_ == "heartbeat" else (Leave,) if type_ == "leave" else (BadMessage,)


def _expected_register(payload: object, limits: WireLimits) -> Kinds:
    """What is too long is for the text to say, whose spaces are not known here."""
    if not isinstance(payload, Members) or not _is_bounded(payload, limits):
        return (BadMessage,)
    members = payload.last()
    if not (_is_id(members.get("peer_id"), limits) and _is_id(members.get("group_id"), limits)):
        return (BadMessage,)
    if "metadata" not in members:
        return (Register,)
    return (Register, BadMessage) if in_both(members["metadata"]) else (BadMessage,)


def _is_bounded(payload: object, limits: WireLimits) -> bool:
    return levels(payload) <= limits.json_depth and elements(payload) <= limits.elements


def _is_id(value: object, limits: WireLimits) -> bool:
    """docs/protocol.md: Envelope."""
    if not isinstance(value, str) or not 1 <= len(value) <= limits.id_length:
        return False
    return all(character >= " " and not "\x7f" <= character <= "\x9f" and not "\ud800" <= character <= "\udfff" for character in value)


def are_ids(limits: WireLimits, *values: str | None) -> bool:
    return all(value is None or _is_id(value, limits) for value in values)
