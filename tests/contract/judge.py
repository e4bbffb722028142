"""Holds frames against the schemas of docs/asyncapi.yaml; AsyncAPI's own dialect is JSON Schema, draft 7."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft7Validator

from tests.contract.asyncapi import document
from tests.contract.messages import MESSAGES
from tests.contract.schema import closed

__all__ = ["BEYOND", "fault", "kinds"]

BEYOND = ("payload: nested deeper", "payload: more than", "payload.metadata")
"""How the server's words begin about what no schema can say: how much is in a payload, and whether it has a form in the other encoding."""


@cache
def kinds(sender: str) -> Mapping[str, Draft7Validator]:
    """What judges each kind of message of this sender. What the server sends may have no key that the document does not name."""
    components = document()["components"]
    if sender != "client":
        components = closed(components)
    payloads = {message.kind: components["messages"][message.name]["payload"] for message in MESSAGES if message.sender == sender}
    return {kind: Draft7Validator({**payload, "components": components}) for kind, payload in payloads.items()}


def fault(sender: str, frame: Any) -> str | None:  # noqa: ANN401 - whatever was on the wire
    """What is wrong with a decoded frame; None when the document allows it."""
    kind = frame.get("type") if isinstance(frame, dict) else None
    judge = kinds(sender).get(kind) if isinstance(kind, str) else None
    if judge is None:
        return f"no message of the {sender}: {kind!r}"
    return next((f"{error.json_path}: {error.message}" for error in judge.iter_errors(frame)), None)
