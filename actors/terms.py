"""Terms: on what a connection was let in, decided before its PeerActor exists and for as long as it lives."""

from typing import TYPE_CHECKING, NamedTuple

from actors.events import Profile
from actors.grant import EVERYTHING, Grant

if TYPE_CHECKING:
    from actors.ports import IceServers

__all__ = ["Terms"]


class Terms(NamedTuple):
    """`tenant` is whose groups it may see, "" for the default one; `address` is where it comes from, as logs show it.

    `connection_id` is what its log lines have in common; only a v2 client is told, and for others it is left out.
    `ice` makes the list of ICE servers for a peer; None where there are none.
    """

    tenant: str
    address: str
    profile: Profile = Profile.V1
    connection_id: str = ""
    grant: Grant = EVERYTHING
    ice: "IceServers | None" = None
