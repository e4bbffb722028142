"""Terms: on what a connection was let in, decided before its PeerActor exists and for as long as it lives."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from actors.ports import IceServers

__all__ = ["Terms"]


class Terms(NamedTuple):
    """`tenant` is whose groups it may see, "" for the default one; `address` is where it comes from, as logs show it.

    `ice` makes the list of ICE servers for a peer; None where there are none.
    """

    tenant: str
    address: str
    ice: "IceServers | None" = None
