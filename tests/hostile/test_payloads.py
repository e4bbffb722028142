"""What breaks parsers: numbers, depth, doubled keys, lengths that are not there. Refused with the reason, or relayed as it is."""

import json
import struct
from collections.abc import Callable

import pytest

from tests.integration.client import Client, PackedClient
from tests.integration.server import Server

TOLERANT = {"limits.errors": 1000, "limits.messages_burst": 1000, "limits.registers_burst": 1000}
DIGITS = "7" * 5000
"""More than Python's `int()` takes from a string."""

DEEP = 24_000
FLOOD_KIB = 16_384
"""What the server may grow by while it refuses bombs that declare 64 GiB."""


@pytest.fixture
def server(besiege: Callable[..., Server]) -> Server:
    return besiege(TOLERANT)


def meet(server: Server, group: str, kind: type[Client], hears: type[Client] = Client) -> tuple[Client, Client]:
    """An attacker, and a witness that is in its group and has heard of it."""
    witness, attacker = server.connect(hears), server.connect(kind)
    witness.register("witness", group)
    attacker.register("attacker", group)
    witness.hear("peer_joined")
    return attacker, witness


def refused(attacker: Client, witness: Client, data: bytes, code: str, says: str) -> None:
    attacker.send(data)
    error = attacker.refused(code)
    assert error.payload["message"].startswith(says), (data[:200], error)
    attacker.assert_silence()
    witness.assert_silence()


# --- Numbers ---


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "01", "-01", "0x10", "+1", ".5", "1.", "1e", "1_000", "- 1", "\u0661"])
def test_what_is_no_number_in_json_is_refused_wherever_it_is(server: Server, group: str, text: str) -> None:
    attacker, witness = meet(server, group, Client)
    for place in ('{"type":"message","payload":%s}', '{"type":"message","payload":{"deep":[%s]}}', '{"type":"message","unknown":%s}'):
        refused(attacker, witness, (place % text).encode(), "bad_message", "message: not JSON")
    register = '{"type":"register","payload":{"peer_id":"attacker","group_id":"g","metadata":%s}}'
    refused(attacker, witness, (register % text).encode(), "bad_message", "message: not JSON")


@pytest.mark.parametrize(
    "text", ["1e999", "-1e999", "1e-999", DIGITS, f"-{DIGITS}", f"0.{DIGITS}", f"1e{DIGITS}"], ids=lambda text: text[:8]
)
def test_a_number_that_no_reader_holds_is_relayed_as_it_is_written_and_translated_by_nobody(server: Server, group: str, text: str) -> None:
    attacker, witness = meet(server, group, Client)
    packed = server.connect(PackedClient)
    packed.register("packed", group)
    attacker.hear("peer_joined")
    witness.hear("peer_joined")
    attacker.send(b'{"type":"message","target_id":"witness","payload":{"n":%s}}' % text.encode())
    assert b'"payload":{"n":%s}}' % text.encode() in witness.line.frame()[1]  # as bytes: Python's reader refuses some of them, too
    attacker.send(b'{"type":"message","target_id":"packed","payload":%s}' % text.encode())
    if text.startswith("0."):
        assert packed.hear("message").payload == float(text)
    else:
        attacker.refused("unrepresentable")
    packed.assert_silence()
    refused(attacker, witness, b'{"type":"message","id":%s}' % text.encode(), "bad_message", "id: expected a string, got a number")


# --- Depth ---


def nested(opens: bytes, closes: bytes) -> bytes:
    return opens * DEEP + closes * DEEP


DEEP_JSON = {
    "arrays": nested(b"[", b"]"),
    "objects": b'{"":' * (DEEP // 2) + b"1" + b"}" * (DEEP // 2),
    "arrays that never end": b"[" * 2 * DEEP,
    "both": nested(b'[{"a":', b"}]")[: 2 * DEEP],
}
PLACES = {
    "as the message": b"%s",
    "as the payload": b'{"type":"message","payload":%s}',
    "as an unknown key": b'{"type":"message","unknown":%s}',
    "as an id": b'{"type":"message","id":%s}',
    "as metadata": b'{"type":"register","payload":{"peer_id":"a","group_id":"g","metadata":%s}}',
    "as the payload of a register": b'{"type":"register","payload":%s}',
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("deep", DEEP_JSON)
def test_deep_json_is_refused(server: Server, group: str, deep: str, place: str) -> None:
    attacker, witness = meet(server, group, Client)
    attacker.send(PLACES[place] % DEEP_JSON[deep])
    assert attacker.refused("bad_message").payload["message"].partition(":")[0] in {"message", "payload", "id"}
    attacker.assert_silence()
    witness.assert_silence()


PACKED_PLACES = {
    "as the message": b"%s",
    "as the payload": b"\x82\xa4type\xa7message\xa7payload%s",
    "as an unknown key": b"\x82\xa4type\xa7message\xa1x%s",
    "as the name of a key": b"\x82\xa4type\xa7message%s\x01",
    "as an id": b"\x82\xa4type\xa7message\xa2id%s",
    "as metadata": b"\x82\xa4type\xa8register\xa7payload\x83\xa7peer_id\xa1a\xa8group_id\xa1g\xa8metadata%s",
    "as the payload of a register": b"\x82\xa4type\xa8register\xa7payload%s",
}


@pytest.mark.parametrize("place", PACKED_PLACES)
@pytest.mark.parametrize("deep", [b"\x91" * DEEP + b"\x90", b"\x91" * 2 * DEEP, b"\x81\xa0" * DEEP + b"\x80", b"\x81\x90" * DEEP + b"\xc0"])
def test_deep_messagepack_is_refused(server: Server, group: str, deep: bytes, place: str) -> None:
    attacker, witness = meet(server, group, PackedClient)
    attacker.send(PACKED_PLACES[place] % deep)
    attacker.refused("bad_message")
    attacker.assert_silence()
    witness.assert_silence()


# --- Lengths that are not there ---

BOMBS = {
    "str": b"\xdb\xff\xff\xff\xff",
    "bin": b"\xc6\xff\xff\xff\xff",
    "array": b"\xdd\xff\xff\xff\xff",
    "map": b"\xdf\xff\xff\xff\xff",
    "ext": b"\xc9\xff\xff\xff\xff\x01",
    "arrays of arrays": b"\xdc\xff\xff" * 10_000,
    "maps of maps": b"\xde\xff\xff\xa0" * 10_000,
    "an array of almost all": b"\xdd\xff\xff\xff\xff" + b"\xc0" * 60_000,
}


@pytest.mark.parametrize("place", PACKED_PLACES)
def test_a_length_that_is_not_there_costs_nothing(server: Server, group: str, place: str) -> None:
    attacker, witness = meet(server, group, PackedClient)
    before = server.resident_kib()
    for bomb in BOMBS.values():
        refused(attacker, witness, PACKED_PLACES[place] % bomb, "bad_message", "message: ")
    assert server.resident_kib() - before < FLOOD_KIB


def test_an_envelope_that_declares_more_members_than_it_has_is_refused(server: Server, group: str) -> None:
    attacker, witness = meet(server, group, PackedClient)
    for count in (2, 2**16, 2**32 - 1):
        data = b"\xdf" + struct.pack("!I", count) + b"\xa4type\xa7message"
        refused(attacker, witness, data, "bad_message", "message: not one whole MessagePack value")


# --- Doubled keys ---

DOUBLED = {
    "type": ('{"type":"peer_left","payload":1,"type":"message","target_id":"witness"}', ""),
    "source_id": ('{"type":"message","source_id":"witness","source_id":"attacker","target_id":"witness","payload":1}', ""),
    "source_id, the false one last": ('{"type":"message","source_id":"attacker","source_id":"witness","payload":1}', "source_mismatch"),
    "source_id, escaped": ('{"type":"message","source_id":"attacker","source\\u005fid":"witness","payload":1}', "source_mismatch"),
    "source_id, in capitals": ('{"type":"message","SOURCE_ID":"witness","Source_Id":"witness","target_id":"witness","payload":1}', ""),
    "target_id": ('{"type":"message","target_id":"attacker","target_id":"witness","payload":1}', ""),
    "everything": (
        '{"type":"leave","type":"message","target_id":"x","target_id":"witness","source_id":"x","source_id":"attacker","payload":0,"payload":1}',
        "",
    ),
    "source_id in the payload": ('{"type":"message","target_id":"witness","payload":{"source_id":"witness","type":"peer_left"}}', ""),
}


@pytest.mark.parametrize("case", DOUBLED)
def test_a_key_that_comes_twice_deceives_nobody(server: Server, group: str, case: str) -> None:
    attacker, witness = meet(server, group, Client)
    text, code = DOUBLED[case]
    attacker.send(text.encode())
    if code:
        attacker.refused(code)
    else:
        # `read` of tests.integration.strict fails if any key of the envelope is there twice, or in another case.
        message = witness.hear("message")
        assert (message.source_id, message.target_id) == ("attacker", "witness")
    attacker.assert_silence()
    witness.assert_silence()


def test_a_key_that_comes_twice_in_messagepack_deceives_nobody(server: Server, group: str) -> None:
    attacker, witness = meet(server, group, PackedClient, PackedClient)
    head = b"\x84\xa4type\xa7message\xa9target_id\xa7witness"
    attacker.send(head + b"\xa9source_id\xa7witness\xa9source_id\xa8attacker")
    assert witness.hear("message").source_id == "attacker"
    attacker.send(head + b"\xa9source_id\xa8attacker\xa9source_id\xa7witness")
    attacker.refused("source_mismatch")
    attacker.assert_silence()
    witness.assert_silence()


def test_a_payload_cannot_break_out_of_its_envelope(server: Server, group: str) -> None:
    attacker, witness = meet(server, group, Client)
    for text in ('1}{"type":"peer_left"', '"}', '"\\"', "1]", "{}}", "1 1", '1,"source_id":"witness'):
        refused(
            attacker, witness, f'{{"type":"message","target_id":"witness","payload":{text}}}'.encode(), "bad_message", "message: not JSON"
        )


def test_payloads_that_look_like_envelopes_stay_payloads(server: Server, group: str) -> None:
    attacker, witness = meet(server, group, Client)
    payload = {"type": "peer_left", "source_id": "", "target_id": "", "payload": {"peer": {"id": "attacker"}, "reason": "left"}}
    attacker.say("message", "witness", payload)
    message = witness.hear("message")
    assert (message.source_id, message.payload) == ("attacker", payload)
    attacker.say("message", "witness", json.dumps(payload))
    assert witness.hear("message").payload == json.dumps(payload)
