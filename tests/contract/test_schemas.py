"""The schemas and the codec agree, on every vector of tests/vectors/envelopes.json."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from actors import events
from actors.events import Format
from actors.messages import BadMessage
from gateway.ice import IceServer, IceServers, TurnSecret
from gateway.wire import Decoder, WireLimits
from tests.contract.judge import BEYOND, fault, kinds

ENVELOPES = json.loads((Path(__file__).parents[1] / "vectors" / "envelopes.json").read_text())
DECODER = Decoder(WireLimits())


# The messages that tell of each event. A new event has to find its place here, and so in the document.
TOLD_AS = {
    events.PeerList: {"peer_list"},
    events.PeerJoined: {"peer_joined"},
    events.PeerLeft: {"peer_left"},
    events.ErrorEvent: {"error"},
    events.Relayed: {"offer", "answer", "candidate", "message"},
    events.Welcome: {"welcome"},
    events.Ack: {"ack"},
    events.GoAway: {"goaway"},
}


def is_json(text: str) -> bool:
    """Whether it is JSON at all: a schema is about values."""
    try:
        json.loads(text, parse_constant=int)
    except ValueError:
        return False
    return True


def vectors(section: str) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in ENVELOPES[section] if is_json(vector.get("json", "{"))]


@pytest.mark.parametrize("vector", vectors("from_client"))
def test_what_a_client_sends_is_taken_if_and_only_if_the_schema_allows_it(vector: dict[str, Any]) -> None:
    read = DECODER.decode(Format.JSON, vector["json"].encode())
    if isinstance(read, BadMessage) and read.says.startswith(BEYOND):
        return
    assert (fault("client", json.loads(vector["json"])) is not None) == isinstance(read, BadMessage), vector


@pytest.mark.parametrize("vector", vectors("to_client"))
def test_what_the_server_writes_is_what_the_schema_allows(vector: dict[str, Any]) -> None:
    assert fault("server", json.loads(vector["json"])) is None


def test_the_ice_servers_of_a_list_are_what_the_schema_allows() -> None:
    turn = TurnSecret(("turn:turn.example.org",), b"secret", 60)
    servers = json.loads(IceServers([IceServer(("stun:stun.example.org",))], turn)("a", 1_800_000_000.0))
    frame = {"type": "peer_list", "source_id": "", "target_id": "", "payload": {"peers": [], "ice_servers": servers}}
    assert len(servers) == 2
    assert fault("server", frame) is None
    servers[0]["url"] = servers[0].pop("urls")[0]
    assert fault("server", frame)


def test_every_event_is_told_by_a_message_that_the_document_has() -> None:
    assert set(get_args(events.Event)) == set(TOLD_AS)
    assert set(kinds("v2 server")) == set().union(*TOLD_AS.values())
    assert set(kinds("server")) == set(kinds("v2 server")) - {"welcome", "ack", "goaway"}


@pytest.mark.parametrize(
    ("sender", "frame"),
    [
        ("client", {"type": "offer", "payload": 1}),
        ("client", {"type": "offer", "target_id": "x" * 129}),
        ("client", {"type": "message", "id": "a\n"}),
        ("client", {"type": "message", "id": 1}),
        ("client", {"type": "register"}),
        ("client", {"type": "register", "payload": {"peer_id": "a"}}),
        ("client", {"type": "peer_list"}),
        ("client", []),
        ("v2 server", {"type": "peer_joined", "source_id": "", "payload": {"peer": {}}}),
        ("v2 server", {"type": "ack", "payload": {"id": "1", "status": "lost"}}),
        ("v2 server", {"type": "peer_list", "payload": {"peers": []}}),
        ("server", {"type": "peer_list", "source_id": "", "target_id": "", "payload": {"peers": None}}),
        ("server", {"type": "peer_list", "source_id": "", "payload": {"peers": []}}),
        ("server", {"type": "peer_list", "source_id": "", "target_id": "", "payload": {"peers": []}, "more": 1}),
        ("server", {"type": "offer", "source_id": "", "target_id": "a"}),
        ("server", {"type": "offer", "source_id": "b", "target_id": ""}),
        (
            "server",
            {"type": "error", "source_id": "", "target_id": "", "payload": {"code": "odd", "message": "m", "temporary": True, "ref": {}}},
        ),
    ],
)
def test_what_is_wrong_is_found(sender: str, frame: object) -> None:
    assert fault(sender, frame)
