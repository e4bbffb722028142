import json

import msgpack
import pytest

from gateway.bench.dialect import Heard, Packed, Signal
from gateway.bench.frames import BINARY, TEXT
from gateway.bench.template import Unexpected


def test_a_peer_registers_as_the_protocol_has_it() -> None:
    assert Signal().path("a", "g") == "/ws"
    [hello] = Signal().hello("a", "g")
    assert json.loads(hello) == {"type": "register", "payload": {"peer_id": "a", "group_id": "g"}}
    assert Signal().welcomes(b'{"type":"peer_list","payload":{"peers":[]}}')
    assert not Signal().welcomes(b'{"type":"peer_joined"}')


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("offer", {"type": "offer", "sdp": "v=0"}),
        ("answer", {"type": "answer", "sdp": "v=0"}),
        ("candidate", {"candidate": "v=0", "sdpMid": "0", "sdpMLineIndex": 0}),
    ],
)
def test_descriptions_and_candidates_are_as_browsers_make_them(kind: str, payload: dict[str, object]) -> None:
    said = json.loads(Signal().relay(kind, "b", "v=0"))
    assert said == {"type": kind, "target_id": "b", "payload": payload}
    assert Signal().read(json.dumps(said | {"source_id": "a"}).encode()) == Heard("a", kind, "v=0")


def test_a_message_to_the_group_has_no_target() -> None:
    assert "target_id" not in json.loads(Signal().relay("message", None, "v=0"))


def test_the_servers_own_words_are_no_relay_and_its_errors_are_told() -> None:
    assert Signal().read(b'{"type":"peer_joined","source_id":"","payload":{}}') is None
    with pytest.raises(Unexpected, match="the server says: no such peer"):
        Signal().read(b'{"type":"error","source_id":"","payload":{"message":"no such peer"}}')


def test_messagepack_says_the_same_in_binary() -> None:
    assert (Signal.opcode, Packed.opcode) == (TEXT, BINARY)
    assert msgpack.unpackb(Packed().relay("offer", "b", "v=0")) == json.loads(Signal().relay("offer", "b", "v=0"))
    assert Packed().read(msgpack.packb({"type": "answer", "source_id": "a", "payload": {"sdp": "v=0"}})) == Heard("a", "answer", "v=0")
