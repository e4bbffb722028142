"""JSON and MessagePack peers in one group: each hears its own encoding, and what has no form in the other is told to the sender."""

import msgpack
import pytest

from tests.integration.client import Client, PackedClient
from tests.integration.server import Server

PAYLOADS = [
    {"sdp": "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n", "type": "offer"},
    {"candidate": "candidate:1", "sdp_mid": None, "sdp_mline_index": 0},
    [1, -1, 2**63, -(2**63), 2**64 - 1, 1.5, -0.25, True, False],
    "grüße 👋",
    {"nested": [{"deeper": [[]]}, {}]},
    0,
]

UNREPRESENTABLE = {
    "binary": {"blob": b"\x00\x01"},
    "an extension": {"list": [1, msgpack.ExtType(5, b"x")]},
    "a timestamp": {"at": msgpack.Timestamp(1, 2)},
    "not a number": [float("nan")],
    "infinity": float("inf"),
    "a key that is a number": {1: "one"},
}


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize(("speaks", "hears"), [(Client, PackedClient), (PackedClient, Client), (PackedClient, PackedClient)])
def test_a_message_arrives_in_the_encoding_of_its_receiver(
    server: Server, group: str, speaks: type[Client], hears: type[Client], payload: object
) -> None:
    speaker, hearer = server.connect(speaks), server.connect(hears)
    hearer.register("hearer", group)
    speaker.register("speaker", group)
    assert hearer.hear("peer_joined").peer == "speaker"
    for type_ in ("offer", "message"):
        speaker.say(type_, "hearer", payload)
        message = hearer.hear(type_)
        assert message.payload == payload
        assert repr(message.payload) == repr(payload), "1 and 1.0 are equal, and not the same"


def test_lists_joins_and_leaves_are_told_in_the_encoding_of_the_register(server: Server, group: str) -> None:
    packed, plain = server.connect(PackedClient), server.connect(Client)
    assert packed.register("packed", group, metadata={"name": "ä", "ports": [1]}) == []
    (peer,) = plain.register("plain", group, metadata={"n": 1.5})
    assert (peer["id"], peer["metadata"]) == ("packed", {"name": "ä", "ports": [1]})
    assert packed.hear("peer_joined").payload["peer"]["metadata"] == {"n": 1.5}
    plain.leave_politely()
    assert packed.hear("peer_left").peer == "plain"


@pytest.mark.parametrize("case", UNREPRESENTABLE)
def test_what_has_no_json_form_is_told_to_its_sender_and_to_nobody_else(server: Server, group: str, case: str) -> None:
    packed, plain = server.connect(PackedClient), server.connect(Client)
    packed.register("packed", group)
    plain.register("plain", group)
    packed.hear("peer_joined")
    packed.say("message", "plain", UNREPRESENTABLE[case], id="m1")
    error = packed.refused("unrepresentable")
    assert error.payload["ref"] == {"id": "m1", "type": "message", "target_id": "plain"}
    assert not error.payload["temporary"]
    plain.assert_silence()
    packed.assert_silence()


@pytest.mark.parametrize("case", ["binary", "an extension", "a timestamp"])
def test_what_has_no_json_form_still_reaches_a_messagepack_peer(server: Server, group: str, case: str) -> None:
    speaker, packed, plain = server.connect(PackedClient), server.connect(PackedClient), server.connect(Client)
    for client, name in ((packed, "packed"), (plain, "plain"), (speaker, "speaker")):
        client.register(name, group)
    packed.hear("peer_joined")
    packed.hear("peer_joined")
    plain.hear("peer_joined")
    speaker.say("message", payload=UNREPRESENTABLE[case])
    assert packed.hear("message").payload == UNREPRESENTABLE[case]
    assert speaker.refused("unrepresentable").payload["ref"] == {"type": "message", "target_id": "plain"}
    plain.assert_silence()


@pytest.mark.parametrize("text", ["18446744073709551616", '"\\ud800"', '{"a":1,"a":2}'])
def test_what_has_no_messagepack_form_is_told_to_its_sender(server: Server, group: str, text: str) -> None:
    packed, plain = server.connect(PackedClient), server.connect(Client)
    packed.register("packed", group)
    plain.register("plain", group)
    packed.hear("peer_joined")
    plain.send(f'{{"type":"offer","target_id":"packed","payload":{text}}}'.encode())
    plain.refused("unrepresentable")
    packed.assert_silence()


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x81", b"\x92\x01\x02", b"\xdf\xff\xff\xff\xff", b"\x81\xa4type\xc0", b"\xd9\xff"])
def test_bad_messagepack_is_answered_and_closes_nothing(server: Server, group: str, data: bytes) -> None:
    packed = server.connect(PackedClient)
    packed.register("packed", group)
    packed.send(data)
    assert packed.refused("bad_message").payload["message"]
    packed.assert_silence()
