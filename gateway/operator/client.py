"""Client: what operators are told of one connection."""

from typing import NamedTuple

from gateway.connection import Connection

__all__ = ["Client"]


class Client(NamedTuple):
    """How a peer is connected, and how many bytes wait to be written to it."""

    profile: str
    format: str
    outbox_bytes: int

    @classmethod
    def of(cls, connection: Connection) -> "Client":
        """As it is at this moment."""
        outbox = connection.outbox
        return cls(connection.subprotocol.profile.value, outbox.format.value, outbox.waiting)
