"""Dialect: how a peer registers and relays with one kind of server. The generator itself knows frames and bytes alone."""

import json
from typing import Any, NamedTuple, Protocol

import msgpack

from gateway.bench.frames import BINARY, TEXT
from gateway.bench.template import Unexpected

__all__ = ["Dialect", "Heard", "Packed", "Signal"]


class Heard(NamedTuple):
    """A relayed message as its receiver reads it."""

    source: str
    kind: str
    body: str


class Dialect(Protocol):
    """What the generator has to know of a server's protocol.

    Attributes:
        name: what people call it.
        opcode: of its messages: text or binary.
        answers: whether the server says something to one who has registered.
    """

    name: str
    opcode: int
    answers: bool

    def path(self, peer: str, group: str) -> str:
        """What to ask for in the handshake."""

    def hello(self, peer: str, group: str) -> tuple[bytes, ...]:
        """The messages that register; none when the path has said it all."""

    def welcomes(self, payload: bytes) -> bool:
        """Whether this message is the answer to `hello`."""

    def relay(self, kind: str, target: str | None, body: str) -> bytes:
        """A message with this body to one peer, or to all others of the group."""

    def read(self, payload: bytes) -> Heard | None:
        """The relayed message in this payload; None for the server's own (who has come, who has gone).

        Raises:
            Unexpected: the server tells of an error.

        """


class Signal:
    """This server's own protocol, v1, in JSON (docs/protocol.md)."""

    name = "json"
    opcode = TEXT
    answers = True

    def path(self, _peer: str, _group: str) -> str:
        """As the protocol has it."""
        return "/ws"

    def hello(self, peer: str, group: str) -> tuple[bytes, ...]:
        """A register."""
        return (self.encode({"type": "register", "payload": {"peer_id": peer, "group_id": group}}),)

    def welcomes(self, payload: bytes) -> bool:
        """The list of peers is the answer."""
        return self.decode(payload).get("type") == "peer_list"

    def relay(self, kind: str, target: str | None, body: str) -> bytes:
        """Descriptions and candidates as browsers make them; the server looks into none."""
        payload = {"candidate": body, "sdpMid": "0", "sdpMLineIndex": 0} if kind == "candidate" else {"type": kind, "sdp": body}
        message: dict[str, object] = {"type": kind, "payload": payload}
        return self.encode(message if target is None else message | {"target_id": target})

    def read(self, payload: bytes) -> Heard | None:
        """Every relayed message has its sender's id."""
        message = self.decode(payload)
        if message.get("type") == "error":
            raise Unexpected(f"the server says: {message['payload'].get('message')}")
        if not message.get("source_id"):
            return None
        body = message["payload"]
        return Heard(message["source_id"], message["type"], body["candidate" if message["type"] == "candidate" else "sdp"])

    def encode(self, message: dict[str, Any]) -> bytes:
        """One message as it goes out."""
        return json.dumps(message, separators=(",", ":")).encode()

    def decode(self, payload: bytes) -> dict[str, Any]:
        """One message as it came."""
        message: dict[str, Any] = json.loads(payload)
        return message


class Packed(Signal):
    """The same in MessagePack."""

    name = "msgpack"
    opcode = BINARY

    def encode(self, message: dict[str, Any]) -> bytes:
        """As above."""
        packed: bytes = msgpack.packb(message)
        return packed

    def decode(self, payload: bytes) -> dict[str, Any]:
        """As above."""
        message: dict[str, Any] = msgpack.unpackb(payload)
        return message
