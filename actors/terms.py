"""Terms: on what a connection was let in, decided before its PeerActor exists and for as long as it lives."""

from typing import NamedTuple

from actors.events import Profile

__all__ = ["Terms"]


class Terms(NamedTuple):
    """`tenant` is whose groups it may see, "" for the default one; `address` is where it comes from, as logs show it.

    `connection_id` is what its log lines have in common; only a v2 client is told, and for others it is left out.
    """

    tenant: str
    address: str
    profile: Profile = Profile.V1
    connection_id: str = ""
