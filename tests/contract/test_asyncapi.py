"""docs/asyncapi.yaml is what the code says, and a sound AsyncAPI 3.0 document."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import yaml
from jsonschema import Draft7Validator

from actors.reasons import CLOSES, ERRORS, LeaveReason
from tests.contract.asyncapi import PATH, document, written
from tests.contract.judge import fault, kinds
from tests.contract.messages import MESSAGES
from tests.contract.schema import closed, const, of_struct

DOCUMENT: dict[str, Any] = yaml.safe_load(PATH.read_text())


def references(part: Any) -> Iterator[str]:  # noqa: ANN401 - any part of the document
    if isinstance(part, dict):
        yield from (target for key, target in part.items() if key == "$ref")
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from references(inner)


def resolve(target: str) -> Any:  # noqa: ANN401 - any part of the document
    part: Any = DOCUMENT
    for step in target.removeprefix("#/").split("/"):
        part = part[step]
    return part


def test_the_file_is_what_make_contract_writes() -> None:
    assert PATH.read_text() == written(), "the code and docs/asyncapi.yaml differ: run `make contract`"
    assert document() == DOCUMENT


# --- The rules of AsyncAPI 3.0, as far as this document goes ---


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    assert len(found) > 20
    for target in found:
        assert resolve(target), target


def test_the_document_has_what_every_document_must_have() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert all(isinstance(DOCUMENT["info"][key], str) for key in ("title", "version"))
    fixed = {"asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components"}
    assert {key for key in DOCUMENT if not key.startswith("x-")} <= fixed
    assert all({"host", "protocol"} <= set(server) for server in DOCUMENT["servers"].values())


def test_the_channels_are_the_two_addresses_and_name_their_parameters() -> None:
    assert {channel["address"] for channel in DOCUMENT["channels"].values()} == {"/ws", "/t/{tenant}/ws"}
    for channel in DOCUMENT["channels"].values():
        assert all("{" + name + "}" in channel["address"] for name in channel.get("parameters", {}))
        assert channel["address"].count("{") == len(channel.get("parameters", {}))


def test_an_operation_is_a_direction_of_a_channel_and_has_only_messages_of_it() -> None:
    sides = {(operation["action"], operation["channel"]["$ref"]) for operation in DOCUMENT["operations"].values()}
    assert sides == {(action, f"#/channels/{name}") for action in ("send", "receive") for name in DOCUMENT["channels"]}
    for operation in DOCUMENT["operations"].values():
        said = [message for message in MESSAGES if (message.sender == "client") == (operation["action"] == "receive")]
        wanted = [f"{operation['channel']['$ref']}/messages/{message.name}" for message in said]
        assert [message["$ref"] for message in operation["messages"]] == wanted


def test_every_schema_is_one() -> None:
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft7Validator.check_schema(schema)
    for message in DOCUMENT["components"]["messages"].values():
        Draft7Validator.check_schema(message["payload"])


# --- What it says ---


@pytest.mark.parametrize(("name", "values"), [("ErrorCode", list(ERRORS)), ("CloseCode", list(CLOSES)), ("LeaveReason", list(LeaveReason))])
def test_the_codes_are_those_of_the_server_and_each_has_a_sentence(name: str, values: list[object]) -> None:
    listed = DOCUMENT["components"]["schemas"][name]["oneOf"]
    assert [entry["const"] for entry in listed] == values
    assert all(entry["description"] for entry in listed)


def test_every_message_has_an_example_that_its_schema_allows() -> None:
    for message in MESSAGES:
        examples = DOCUMENT["components"]["messages"][message.name].get("examples", [])
        # What a peer hears in v2 is what it hears in v1 but for what is empty, and the page shows one of each sort.
        assert examples or message.sender == "v2 server", message.name
        assert [fault(message.sender, example["payload"]) for example in examples] == [None] * len(examples)


def test_the_limits_are_those_that_a_client_feels() -> None:
    limits = DOCUMENT["x-limits"]
    assert limits["message_bytes"]["default"] == 65_536
    assert all(limit["unit"] and limit["description"] for limit in limits.values())


# --- What makes it ---


def test_a_structure_and_its_schema_have_the_same_keys() -> None:
    struct = msgspec.defstruct("Struct", [("a", int), ("b", int, 0)])
    assert of_struct(struct, {"a": const(1), "b": const(2)})["required"] == ["a"]
    with pytest.raises(LookupError, match="Struct: b, c"):
        of_struct(struct, {"a": const(1), "c": const(2)})


def test_a_closed_schema_names_every_key() -> None:
    schema = closed({"type": "object", "properties": {"a": {"type": "object", "properties": {}}}, "oneOf": [{"properties": {}}]})
    assert not Draft7Validator(schema).is_valid({"b": 1})
    assert not Draft7Validator(schema).is_valid({"a": {"b": 1}})
    assert kinds("server") is kinds("server")
