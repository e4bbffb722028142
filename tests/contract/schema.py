"""JSON Schemas of what is on the wire, made from the structures that the codec writes and reads, and from the tables of codes."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from actors.reasons import CLOSES, ERRORS, LeaveReason
from gateway.config import Config

__all__ = ["Schema", "closed", "codes", "const", "of_struct", "ref", "schemas"]

Schema: TypeAlias = dict[str, Any]

_LEAVE_REASONS = {
    LeaveReason.LEFT: "it sent leave, registered elsewhere, or closed its connection with a close frame",
    LeaveReason.LOST: "its connection broke, was closed by the server, or was a ghost whose id another one took",
    LeaveReason.AWAY: "it is silent; its connection is still open and it may come back",
    LeaveReason.REPLACED: "another connection took its id",
    LeaveReason.KICKED: "an operator removed it",
}


def const(value: object, description: str = "") -> Schema:
    """Exactly this value."""
    return {"const": value} | ({"description": description} if description else {})


def ref(name: str) -> Schema:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def of_struct(struct: type[msgspec.Struct], members: Mapping[str, Schema], description: str = "", *, but: Iterable[str] = ()) -> Schema:
    """The schema of a structure: which keys there are, and which always, says the structure; what is in them, `members`.

    Raises:
        LookupError: a key of the one is none of the other, `but` for those that are left out.

    """
    fields = [field for field in msgspec.structs.fields(struct) if field.encode_name not in but]
    if differing := {field.encode_name for field in fields} ^ set(members):
        raise LookupError(f"{struct.__name__}: {', '.join(sorted(differing))}")
    required = [field.encode_name for field in fields if field.required]
    schema: Schema = {"type": "object", "properties": {field.encode_name: members[field.encode_name] for field in fields}}
    return ({"description": description} if description else {}) | schema | ({"required": required} if required else {})


def codes(kind: str, description: str, values: Mapping[Any, str]) -> Schema:
    """An enumeration with a sentence for each value."""
    return {"description": description, "type": kind, "oneOf": [const(value, says) for value, says in values.items()]}


def schemas() -> dict[str, Schema]:
    """What several messages share, by name."""
    longest = Config().limits.id_length
    forbidden = {"not": {"pattern": r"[\u0000-\u001f\u007f-\u009f\ud800-\udfff]"}}
    identifier = {"type": "string", "minLength": 1, "maxLength": longest, **forbidden}
    return {
        "Id": {
            "description": "Of a peer, a group or a message. Compared exactly; no control characters and no lone surrogates. "
            "The length, in code points, is the default of limits.id_length.",
            **identifier,
        },
        "OptionalId": {"description": "Empty and null stand for absent.", "anyOf": [ref("Id"), {"enum": ["", None]}]},
        "Opaque": {
            "description": "Any value. Between JSON peers its text arrives byte for byte. Nested at most limits.json_depth levels, with at "
            "most limits.elements array items and object members in all, which no schema can say.",
        },
        "Time": {
            "description": "RFC 3339 in UTC with three decimals.",
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        },
        "LeaveReason": codes("string", "Why a peer left.", {reason.value: _LEAVE_REASONS[reason] for reason in LeaveReason}),
        "ErrorCode": codes("string", "What failed; programs look at this.", {code.value: _of_error(code) for code in ERRORS}),
        "CloseCode": codes("integer", "The status of the server's close frame.", {code.value: _of_close(code) for code in CLOSES}),
    }


def _of_error(code: Any) -> str:  # noqa: ANN401 - a key of the table
    words = ERRORS[code]
    return f"{words.says}. {'Temporary: the same message may succeed later' if words.temporary else 'Final: the same message never will'}."


def _of_close(code: Any) -> str:  # noqa: ANN401 - a key of the table
    words = CLOSES[code]
    advice = {
        "-": "Reconnect if the server is still needed",
        "no": "Do not reconnect: the same client would be closed again",
        "backoff": "Reconnect with backoff and full jitter",
        "slot": "Reconnect in the slot that was given, or with backoff",
        "new token": "Reconnect with a new token",
    }
    return f"{words.says}. {advice[words.reconnect]}."


def closed(schema: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """The same without keys that it does not name: a client must allow them, and this server sends none."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(part) for key, part in schema.items()}
    return inner | {"additionalProperties": False} if isinstance(schema.get("properties"), dict) else inner
