"""Terms: on what a connection was let in, decided before its PeerActor exists and for as long as it lives."""

from typing import NamedTuple

from actors.grant import EVERYTHING, Grant

__all__ = ["Terms"]


class Terms(NamedTuple):
    """`tenant` is whose groups it may see, "" for the default one; `address` is where it comes from, as logs show it."""

    tenant: str
    address: str
    grant: Grant = EVERYTHING
