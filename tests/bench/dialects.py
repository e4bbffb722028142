"""How peers register and relay with the other servers, as their own clients do."""

import json
from typing import Any

from gateway.bench.dialect import Heard
from gateway.bench.frames import TEXT

__all__ = ["Bare", "PeerJs", "YWebrtc"]


def packed(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def payload_of(kind: str, body: str) -> dict[str, object]:
    """Descriptions as browsers make them."""
    return {"type": kind, "sdp": body}


class PeerJs:
    """The protocol of PeerJS clients: ids are global, there are no groups; the path registers, the server says OPEN."""

    name = "peerjs"
    opcode = TEXT
    answers = True

    def path(self, peer: str, _group: str) -> str:
        return f"/peerjs?key=peerjs&id={peer}&token=t"

    def hello(self, _peer: str, _group: str) -> tuple[bytes, ...]:
        return ()

    def welcomes(self, payload: bytes) -> bool:
        return bool(json.loads(payload)["type"] == "OPEN")

    def relay(self, kind: str, target: str | None, body: str) -> bytes:
        return packed({"type": kind.upper(), "dst": target, "payload": payload_of(kind, body)})

    def read(self, payload: bytes) -> Heard | None:
        message = json.loads(payload)
        return Heard(message["src"], message["type"].lower(), message["payload"]["sdp"]) if "src" in message else None


class YWebrtc:
    """The protocol of y-webrtc clients, with a topic for each peer: so a relay is one delivery, as with the others.

    Its own clients share one topic, and each gets its own messages back. A ping, which is answered, tells that the subscription is there.
    """

    name = "y-webrtc"
    opcode = TEXT
    answers = True

    def path(self, _peer: str, _group: str) -> str:
        return "/"

    def hello(self, peer: str, _group: str) -> tuple[bytes, ...]:
        return packed({"type": "subscribe", "topics": [peer]}), packed({"type": "ping"})

    def welcomes(self, payload: bytes) -> bool:
        return bool(json.loads(payload)["type"] == "pong")

    def relay(self, kind: str, target: str | None, body: str) -> bytes:
        return packed({"type": "publish", "topic": target, "from": other(target or ""), "payload": payload_of(kind, body)})

    def read(self, payload: bytes) -> Heard | None:
        message = json.loads(payload)
        return Heard(message["from"], message["payload"]["type"], message["payload"]["sdp"]) if message["type"] == "publish" else None


class Bare:
    """What the floor understands: nothing. Who asks for the same path is paired; the messages are ours."""

    name = "bare"
    opcode = TEXT
    answers = False

    def path(self, _peer: str, group: str) -> str:
        return f"/{group}"

    def hello(self, _peer: str, _group: str) -> tuple[bytes, ...]:
        return ()

    def welcomes(self, _payload: bytes) -> bool:
        return False

    def relay(self, kind: str, target: str | None, body: str) -> bytes:
        return packed({"type": kind, "source_id": other(target or ""), "target_id": target, "payload": payload_of(kind, body)})

    def read(self, payload: bytes) -> Heard | None:
        message = json.loads(payload)
        return Heard(message["source_id"], message["type"], message["payload"]["sdp"])


def other(peer: str) -> str:
    """The other peer of a pair (`gateway.bench.pairs.pair`); servers that stamp no sender leave it to the client to say who it is."""
    return peer[:-1] + ("a" if peer.endswith("b") else "b")
