"""The proxies that are trusted: whose word counts of who the client is, at the start of a connection and in the headers of its request."""

from collections.abc import Mapping, Sequence
from socket import MSG_PEEK
from typing import Any, NamedTuple

from actors.ports import Metrics
from gateway.forwarded import Node, client_behind
from gateway.networks import Networks
from gateway.proxy_protocol import MOST_BYTES, BadHeader, HeaderReader, Source

__all__ = ["Caller", "Proxies", "Unannounced"]


class Caller(NamedTuple):
    """Who is at the other end of a connection, as far as is known. `speaks_for_others`: a proxy whose headers tell who the client is."""

    host: str
    port: int
    speaks_for_others: bool = False


class Unannounced(Exception):
    """A connection that does not begin as `server.proxy_protocol` has it. `reason` is a word for metrics."""

    def __init__(self, reason: str, says: str) -> None:
        super().__init__(says)
        self.reason = reason


class Proxies:
    """The networks of `server.trusted_proxies`, and whether connections from them begin with a header of the PROXY protocol."""

    def __init__(self, networks: Sequence[str], metrics: Metrics, *, announced: bool) -> None:
        self._networks = Networks(networks)
        self._announced = announced
        self._metrics = metrics

    def caller(self, sock: Any, address: Sequence[Any]) -> Caller:  # noqa: ANN401 - gevent's sockets have no common type
        """Who calls from `address`, with the PROXY header read when there has to be one.

        Raises:
            Unannounced: there has to be one, and it is missing, bad, or from somebody who is not trusted.
            OSError: the connection fails meanwhile.

        """
        host, port = str(address[0]), int(address[1])
        trusted = bool(self._networks) and host in self._networks
        if not self._announced:
            return Caller(host, port, trusted)
        if not trusted:
            raise Unannounced("proxy_unlisted", "with server.proxy_protocol only server.trusted_proxies may connect")
        source = _read_header(sock)
        # The proxy passes bytes on, so whoever it does not name wrote the headers.
        return Caller(host, port) if source is None else Caller(source.host, source.port, source.host in self._networks)

    def client(self, caller: Caller, environ: Mapping[str, Any]) -> Caller:
        """The client by the headers of its request, if the caller speaks for others; else the caller itself."""
        if not caller.speaks_for_others:
            return caller
        told = client_behind(Node(caller.host, caller.port), environ, self._networks)
        if told.fault:
            self._metrics.increment("forwarded_faults", told.fault)
        return Caller(told.node.host, told.node.port)


def _read_header(sock: Any) -> Source | None:  # noqa: ANN401 - as above
    """Read the header and not a byte of what lies behind it, which is for TLS to read."""
    reader = HeaderReader()
    try:
        while not reader.complete:
            sock.recv(reader.take(sock.recv(MOST_BYTES, MSG_PEEK)))
    except BadHeader as bad:
        raise Unannounced("proxy_protocol", str(bad)) from None
    return reader.source
