"""What is no message of the protocol: each is answered once, with the name of the field; nobody else hears of it; the connection stays."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import msgpack
import pytest

from tests.integration.client import Client, PackedClient
from tests.integration.server import Server
from tests.sources import ROOT

TOLERANT = {"limits.errors": 1000, "limits.messages_burst": 1000, "limits.registers_burst": 1000}
"""So that a table of bad messages can go over one connection. `test_conduct` has the limits themselves."""

RELAYS = ("offer", "answer", "candidate", "message")
TYPES = (*RELAYS, "heartbeat", "leave", "register")
NO_STRINGS: tuple[object, ...] = (0, 1.5, True, False, [], ["witness"], {}, {"witness": "witness"}, [None])
BAD_IDS = {
    "NUL": "\0",
    "a newline": "wit\nness",
    "an escape sequence": "\x1b[2J",
    "DEL": "witness\x7f",
    "a C1 control": "\x9b2J",
    "129 characters": "x" * 129,
    "10,000 characters": "é" * 10_000,
}
HALVES = ("\ud800", "wit\udfffness", "\udc00\ud800")
VECTORS: dict[str, list[dict[str, Any]]] = json.loads((ROOT / "tests/vectors/envelopes.json").read_text())

both_encodings = pytest.mark.parametrize("kind", [Client, PackedClient])


@pytest.fixture
def server(besiege: Callable[..., Server]) -> Server:
    return besiege(TOLERANT)


def refused(server: Server, group: str, kind: type[Client], messages: Iterable[bytes], code: str, says: str) -> None:
    """Send each as a peer of a group; each is answered with one error that begins with `says`, and a peer of the group hears nothing."""
    witness, attacker = server.connect(Client), server.connect(kind)
    witness.register("witness", group)
    attacker.register("attacker", group)
    witness.hear("peer_joined")
    for data in messages:
        attacker.send(data)
        error = attacker.refused(code)
        assert error.payload["message"].startswith(says), (data[:200], error)
    attacker.assert_silence()
    witness.assert_silence()


# --- Fields ---


@both_encodings
@pytest.mark.parametrize("field", ["source_id", "target_id", "id", "type"])
@pytest.mark.parametrize("type_", TYPES)
def test_a_field_that_is_no_string_is_named(server: Server, group: str, kind: type[Client], type_: str, field: str) -> None:
    whole = {"type": type_, "target_id": "witness", "payload": {"peer_id": "other", "group_id": group}}
    messages = [json_or_packed(kind, {**whole, field: value}) for value in NO_STRINGS]
    refused(server, group, kind, messages, "bad_message", f"{field}: expected a string, got ")


@both_encodings
@pytest.mark.parametrize("field", ["source_id", "target_id", "id"])
@pytest.mark.parametrize("type_", [*RELAYS, "heartbeat", "leave"])
def test_an_id_that_is_none_is_named(server: Server, group: str, kind: type[Client], type_: str, field: str) -> None:
    messages = [json_or_packed(kind, {"type": type_, "target_id": "witness", field: value}) for value in BAD_IDS.values()]
    refused(server, group, kind, messages, "bad_message", f"{field}: ")


@both_encodings
@pytest.mark.parametrize("field", ["peer_id", "group_id"])
def test_a_register_with_a_bad_id_joins_nothing(server: Server, group: str, kind: type[Client], field: str) -> None:
    payload = {"peer_id": "other", "group_id": group}
    bad = (*BAD_IDS.values(), *NO_STRINGS, None, "")
    messages = [json_or_packed(kind, {"type": "register", "payload": {**payload, field: value}}) for value in bad]
    refused(server, group, kind, messages, "bad_register", f"payload.{field}: ")


@pytest.mark.parametrize("half", HALVES, ids=ascii)
@pytest.mark.parametrize("field", ["source_id", "target_id", "id"])
def test_half_of_a_surrogate_pair_is_no_part_of_an_id(server: Server, group: str, field: str, half: str) -> None:
    messages = [json.dumps({"type": type_, "target_id": "witness", field: half}).encode() for type_ in RELAYS]
    refused(server, group, Client, messages, "bad_message", f"{field}: has a lone surrogate")


@pytest.mark.parametrize("half", HALVES, ids=ascii)
def test_half_of_a_surrogate_pair_in_messagepack_is_not_utf_8(server: Server, group: str, half: str) -> None:
    whole = {"type": "message", "target_id": "witness"}
    fields = ("type", "source_id", "target_id", "id")
    messages = [msgpack.packb({**whole, field: half}, unicode_errors="surrogatepass") for field in fields]
    refused(server, group, PackedClient, messages, "bad_message", "message: ")
    messages = [msgpack.packb({**whole, "payload": [half]}, unicode_errors="surrogatepass")]
    refused(server, f"{group} 2", PackedClient, messages, "bad_message", "payload: a string that is not UTF-8")


@both_encodings
@pytest.mark.parametrize("type_", ["offer", "answer", "candidate"])
def test_what_is_for_one_peer_must_say_for_whom(server: Server, group: str, kind: type[Client], type_: str) -> None:
    messages = [json_or_packed(kind, {"type": type_, "payload": 1, **target}) for target in ({}, {"target_id": ""}, {"target_id": None})]
    refused(server, group, kind, messages, "bad_message", "target_id: missing")


@both_encodings
def test_a_register_whose_payload_is_no_object_joins_nothing(server: Server, group: str, kind: type[Client]) -> None:
    payloads: tuple[object, ...] = (None, 1, "", "peer_id", [], [{}], True)
    messages = [json_or_packed(kind, {"type": "register", "payload": payload}) for payload in payloads]
    refused(server, group, kind, messages, "bad_register", "payload: expected an object, got ")


@both_encodings
def test_a_register_without_its_fields_joins_nothing(server: Server, group: str, kind: type[Client]) -> None:
    refused(server, group, kind, [json_or_packed(kind, {"type": "register"})], "bad_register", "payload: missing")
    for field, rest in (("peer_id", {"group_id": group}), ("group_id", {"peer_id": "other"})):
        message = json_or_packed(kind, {"type": "register", "payload": rest})
        refused(server, f"{group} {field}", kind, [message], "bad_register", f"payload.{field}: missing")


# --- Types ---


@both_encodings
@pytest.mark.parametrize("type_", ["peer_list", "peer_joined", "peer_left", "error", "welcome", "ack", "goaway"])
def test_nobody_speaks_as_the_server(server: Server, group: str, kind: type[Client], type_: str) -> None:
    payload = {"peers": [], "peer": {"id": "witness", "group_id": group}, "reason": "left", "code": "internal"}
    targets: tuple[dict[str, str], ...] = ({}, {"target_id": "witness"}, {"target_id": "witness", "source_id": ""})
    messages = [json_or_packed(kind, {"type": type_, "payload": payload, **target}) for target in targets]
    refused(server, group, kind, messages, "unknown_type", f'type: "{type_}" is none that a client sends')


@both_encodings
def test_a_type_that_nobody_knows_is_refused(server: Server, group: str, kind: type[Client]) -> None:
    types = ("OFFER", "Offer", "offer ", " offer", "offer\0", "offer\n", "candidates", "__class__", "../offer", "\u202eoffer", "x" * 10_000)
    messages = [json_or_packed(kind, {"type": type_, "target_id": "witness"}) for type_ in types]
    refused(server, group, kind, messages, "unknown_type", "type: ")


# --- The vectors, through the socket ---


@pytest.mark.parametrize(
    "vector", [vector for vector in VECTORS["from_client"] if vector["is"] == "error"], ids=lambda vector: vector["name"]
)
def test_each_bad_vector_is_answered_as_it_says(server: Server, group: str, vector: dict[str, Any]) -> None:
    kind, data = (Client, vector["json"].encode()) if "json" in vector else (PackedClient, bytes.fromhex(vector["msgpack"]))
    witness, attacker = server.connect(Client), server.connect(kind)
    witness.register("witness", group)
    attacker.register("attacker", group)
    witness.hear("peer_joined")
    attacker.send(data)
    error, expected = attacker.hear("error").payload, vector["fields"]
    assert (error["code"], error["ref"]) == (expected["code"], expected["ref"])
    assert error["message"].startswith(expected["message"])
    attacker.assert_silence()
    witness.assert_silence()


@pytest.mark.parametrize(
    "vector", [vector for vector in VECTORS["from_client"] if vector["is"] == "relay"], ids=lambda vector: vector["name"]
)
def test_each_odd_but_good_vector_is_relayed_as_it_is(server: Server, group: str, vector: dict[str, Any]) -> None:
    kind, data = (Client, vector["json"].encode()) if "json" in vector else (PackedClient, bytes.fromhex(vector["msgpack"]))
    hearer, speaker = server.connect(kind), server.connect(kind)
    fields = vector["fields"]
    hearer.register(fields["target_id"] or "hearer", group)
    speaker.register(fields["source_id"] or "speaker", group)
    hearer.hear("peer_joined")
    speaker.send(data)
    message = hearer.hear(fields["type"])
    assert (message.source_id, message.target_id) == (speaker.peer_id, fields["target_id"] or "")
    if fields["payload"] is not None:
        expected = fields["payload"].encode() if kind is Client else bytes.fromhex(fields["payload"])
        assert expected in (message.raw.encode() if isinstance(message.raw, str) else message.raw)
    speaker.assert_silence()


def json_or_packed(kind: type[Client], message: object) -> bytes:
    """One message in the encoding of a kind of client."""
    packed: bytes = json.dumps(message).encode() if kind.form == "json" else msgpack.packb(message)
    return packed
