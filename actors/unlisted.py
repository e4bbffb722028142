"""An Outbox for a client that may not know who is in its group: what tells of others does not get through."""

from msgspec.structs import replace

from actors.events import Event, PeerJoined, PeerLeft, PeerList
from actors.grant import Cap, Grant
from actors.ports import Outbox
from actors.reasons import CloseCode, ErrorCode

__all__ = ["Unlisted", "heard_by"]


class Unlisted:
    """Empties every `peer_list` and keeps `peer_joined` and `peer_left` back (`docs/protocol.md`: Authentication and tenants)."""

    __slots__ = ("_outbox",)

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def send(self, event: Event) -> ErrorCode | None:
        """Pass on what does not tell who is there."""
        if isinstance(event, PeerJoined | PeerLeft):
            return None
        return self._outbox.send(replace(event, peers=()) if isinstance(event, PeerList) else event)

    def ping(self) -> None:
        """As the client's own."""
        self._outbox.ping()

    def close(self, code: CloseCode, says: str = "") -> None:
        """As the client's own."""
        self._outbox.close(code, says)


def heard_by(grant: Grant, outbox: Outbox) -> Outbox:
    """What a client with this grant is told through: its own outbox, unless it lacks the capability ``list``."""
    return outbox if Cap.LIST in grant.caps else Unlisted(outbox)
