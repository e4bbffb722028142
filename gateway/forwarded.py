"""What HTTP proxies say of the client they speak for: `Forwarded` (RFC 7239) and `X-Forwarded-For`, read from the right. Sans-I/O.

Each proxy appends whom it got the request from, so only what stands right of the first address that is no trusted proxy's was written by
one; all to the left of it may be the client's invention.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from gateway.networks import Networks, ip_of

__all__ = ["MOST_HOPS", "Node", "Told", "client_behind"]

_LAST_PORT = 65_535

MOST_HOPS = 32
"""Proxies in a row that are believed. No real chain is so long."""

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# One pair of an element with the delimiter behind it. Values are taken without quotes also where RFC 7239 wants them, as around a port:
# proxies leave them out.
_PAIR = re.compile(rf'[ \t]*(?:({_NAME})=(?:"((?:[^"\\]|\\.)*)"|([^\s",;\\]+)))?[ \t]*(;|,|\Z)')
_ESCAPED = re.compile(r"\\(.)")
_PORT = r"(?::(?:([0-9]{1,5})|_[0-9A-Za-z._-]+))?"
_NODE = re.compile(rf"(?:\[([0-9A-Fa-f:.]{{2,45}})\]|([0-9.]{{7,15}})){_PORT}")
_BARE_IPV6 = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_HIDDEN = re.compile(rf"(?:[Uu][Nn][Kk][Nn][Oo][Ww][Nn]|_[0-9A-Za-z._-]+){_PORT}")


class Node(NamedTuple):
    """One end of a connection; port 0 where nobody told it."""

    host: str
    port: int


class Told(NamedTuple):
    """Who the client is, as far as trusted proxies say so.

    `fault` is empty, or a word for metrics why nothing beyond `node` is believed: `malformed`; `hidden`, because a proxy keeps the address
    to itself (`unknown`, `_name`, no `for`); `hops`, more than `MOST_HOPS`; `both`, two headers that name two clients.
    """

    node: Node
    fault: str = ""


class _Fault(ValueError):
    """A node or a header that names no address; the text is the word for metrics."""


def client_behind(proxy: Node, environ: Mapping[str, Any], trusted: Networks) -> Told:
    """The client that a trusted `proxy` speaks for, by the headers in a WSGI environment; without any it is the proxy itself.

    The two headers are never mixed. A proxy that writes one of them passes on what a client sent as the other, and nothing shows which is
    which: where both are there, they must name the same client, or the proxy is all that is known.
    """
    told = [_walk(proxy, environ[name], nodes, trusted) for name, nodes in _HEADERS if name in environ]
    if not told:
        return Told(proxy)
    if any(other.node.host != told[0].node.host for other in told):
        return Told(proxy, "both")
    return told[0]


def _walk(proxy: Node, value: str, nodes_of: Callable[[str], list[str]], trusted: Networks) -> Told:
    last = proxy
    try:
        nodes = nodes_of(value)
        for text in nodes[: -MOST_HOPS - 1 : -1]:
            last = _node(text)
            if last.host not in trusted:
                return Told(last)
    except _Fault as fault:
        return Told(last, str(fault))
    return Told(last, "hops" if len(nodes) > MOST_HOPS else "")


def _listed(value: str) -> list[str]:
    """The nodes of `X-Forwarded-For`. Empty elements count for nothing (RFC 9110 section 5.6.1)."""
    return [text for element in value.split(",") if (text := element.strip(" \t"))]


def _forwarded(value: str) -> list[str]:
    """The `for` of each element of `Forwarded`; empty where there is none. One fault spoils all: quotes may hide where elements end."""
    return [element.get("for", "") for element in _elements(value) if element]


def _elements(value: str) -> Iterator[dict[str, str]]:
    """The elements (RFC 7239 section 4), by parameter in lower case."""
    element: dict[str, str] = {}
    at, ended = 0, False
    while not ended:
        match = _PAIR.match(value, at)
        if match is None:
            raise _Fault("malformed")
        name, quoted, plain, delimiter = match.groups()
        if name is not None:
            if name.lower() in element:
                raise _Fault("malformed")
            element[name.lower()] = plain if quoted is None else _ESCAPED.sub(r"\1", quoted)
        if delimiter != ";":
            yield element
            element = {}
        at, ended = match.end(), not delimiter


def _node(text: str) -> Node:
    """One node (RFC 7239 section 6), with its port if it has one; IPv6 also without brackets, as `X-Forwarded-For` has it."""
    if not text or _HIDDEN.fullmatch(text):
        raise _Fault("hidden")
    match = _NODE.fullmatch(text)
    if match is not None:
        host, port = match[1] or match[2], int(match[3] or 0)
    elif _BARE_IPV6.fullmatch(text):
        host, port = text, 0
    else:
        raise _Fault("malformed")
    ip = ip_of(host)
    if ip is None or port > _LAST_PORT or (match is not None and match[1] is not None and ":" not in host):
        raise _Fault("malformed")
    return Node(str(ip), port)


_HEADERS = (("HTTP_FORWARDED", _forwarded), ("HTTP_X_FORWARDED_FOR", _listed))
