"""The server that is judged: where it listens, and what it is shown before the upgrade."""

import http.client
import ssl
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from websockets.exceptions import InvalidURI
from websockets.uri import WebSocketURI, parse_uri

__all__ = ["Answer", "Target"]

_HANDSHAKE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


class Answer(NamedTuple):
    """What came back for one HTTP request; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str


class Target(NamedTuple):
    """A server, and the token that it is shown."""

    uri: WebSocketURI
    path: str
    token: str | None
    tls: ssl.SSLContext | None
    patience: float

    @classmethod
    def at(cls, url: str, token: str | None, patience: float) -> "Target":
        """The server behind a `ws://` or `wss://` address; `patience`: seconds that it may take for anything.

        Raises:
            ValueError: it is none.

        """
        try:
            parts, uri = urlsplit(url), parse_uri(url)
        except (InvalidURI, ValueError):
            # Not repeated: there may be a token in it.
            raise ValueError("the address is not ws://HOST:PORT/PATH or wss://HOST:PORT/PATH") from None
        tls = ssl.create_default_context() if parts.scheme == "wss" else None
        return cls(uri, parts.path or "/", token, tls, patience)

    @property
    def headers(self) -> Mapping[str, str]:
        """What goes with each handshake."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def request(self, method: str, path: str, headers: Mapping[str, str], *, handshake: bool, token: bool) -> Answer:
        """Ask over plain HTTP, with or without the token; blocks.

        Raises:
            OSError, http.client.HTTPException: there was no answer in time, or none in HTTP.

        """
        connection = self._connection()
        sent = {**(_HANDSHAKE if handshake else {}), **(self.headers if token else {}), **headers}
        try:
            connection.request(method, path, headers=sent)
            response = connection.getresponse()
            heads = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, heads, response.read().decode(errors="replace"))
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self.uri.host, self.uri.port
        if self.tls:
            return http.client.HTTPSConnection(host, port, timeout=self.patience, context=self.tls)
        return http.client.HTTPConnection(host, port, timeout=self.patience)
