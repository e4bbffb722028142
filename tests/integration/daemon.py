"""The PSync daemon of the field, as the server sees it (`docs/protocol.md`): what it writes, and what it does with what it hears."""

import json
from datetime import UTC, datetime

from tests.integration.client import Client
from tests.integration.strict import Message

__all__ = ["Daemon"]


class Daemon(Client):
    r"""A client that ends each frame with \n, writes every member of its message type, and offers to everyone in each list that it gets.

    Attributes:
        offers: whom it has offered to, in order; it never checks whether there is a link already.
        met: whom it was told of when they joined.
        links: whom it has a link with: its offer was answered, or it has answered one.
    """

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type] # as the base class
        self.offers: list[str] = []
        self.met: list[str] = []
        self.links: list[str] = []

    def encode(self, message: object) -> bytes:
        assert isinstance(message, dict)
        whole = {"type": "", "source_id": self.peer_id, "target_id": "", "payload": None, **message}
        return json.dumps(whole).encode() + b"\n"

    def next(self) -> Message:
        message = super().next()
        if message.type == "peer_list":
            for peer in message.payload["peers"]:
                self.offer(peer["id"])
        elif message.type == "peer_joined":
            self.met.append(message.peer)
        return message

    def offer(self, peer_id: str) -> None:
        self.offers.append(peer_id)
        self.say("offer", peer_id, {"sdp": f"v=0 {self.peer_id} to {peer_id}\r\n", "type": "offer"})

    def link(self) -> None:
        """Hear an offer of someone it has met and answer it, or hear the answer to an own one. Others may join meanwhile."""
        message = self.next()
        while message.type == "peer_joined":
            message = self.next()
        if message.type == "offer":
            assert message.source_id in self.met, message
            self.say("answer", message.source_id, {"sdp": f"v=0 {self.peer_id} answers\r\n", "type": "answer"})
        else:
            assert message.type == "answer", message
            assert message.source_id in self.offers, message
        self.links.append(message.source_id)

    def heartbeat(self) -> None:
        """What it sends once it has something to sync."""
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        self.say("heartbeat", payload={"timestamp": now, "root_hash": "9f86d081884c7d659a2feaa0c55ad015"})
