"""Where the token of a request is: in its `Authorization`, its query or among the subprotocols that it offers. Pure.

A browser cannot set headers and the PSync daemon can only choose its address, so that each of the three has its clients.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

__all__ = ["CREDENTIAL", "bearer_tokens"]

_SCHEME = "bearer"
CREDENTIAL = "bearer."
"""An offered subprotocol that begins so is none and is never echoed: browsers have no other header to carry a token in."""

_PARAMETER = "token"


def bearer_tokens(environ: Mapping[str, Any]) -> list[str]:
    """All tokens of a request, by its WSGI environment; more than one is for the caller to refuse (RFC 6750 section 2)."""
    return [*_of_header(environ), *_of_query(environ), *_of_offers(environ)]


def _of_header(environ: Mapping[str, Any]) -> Iterator[str]:
    scheme, space, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if space and scheme.lower() == _SCHEME:
        yield token.strip(" ")


def _of_query(environ: Mapping[str, Any]) -> Iterator[str]:
    query = environ.get("QUERY_STRING", "")
    if _PARAMETER in query:
        yield from (value for name, value in parse_qsl(query) if name == _PARAMETER)


def _of_offers(environ: Mapping[str, Any]) -> Iterator[str]:
    offers = (entry.strip() for entry in environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", "").split(","))
    return (name.removeprefix(CREDENTIAL) for name in offers if name.startswith(CREDENTIAL))
