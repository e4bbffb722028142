"""Exchange: one request of one client, bounded, answered once; then its connection is closed. What pywsgi does otherwise is mended here.

pywsgi keeps connections alive, reads any amount of headers, repairs what cannot be read, and swallows the deadline of an answer.
"""

import _socket
import logging
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any

from gevent.pywsgi import WSGIHandler

from gateway.handshake import Headers, RequestReader, RequestRefused, check_request_line

__all__ = ["Exchange"]

logger = logging.getLogger("gateway.exchange")

LINGER_SECONDS = 1.0
"""How long a client that was answered may take for each step towards its end; the server's deadline bounds all of them."""


_Handler: Any = WSGIHandler  # its stubs forbid what it is made for: another reader, other headers


class Exchange(_Handler):  # type: ignore[misc] # as above
    """One request. It is refused when it is longer than its reader lets through, has a body, or cannot be read in one way alone."""

    server: Any  # the listener, with `metrics` and `rules`; each kind of exchange names its own
    rfile: RequestReader
    socket: Any
    refused_for = "bad_request"

    def handle(self) -> None:
        """Serve the one request of a connection, and end the connection unless somebody else has its socket by then."""
        try:
            refusal = self.handle_one_request()
            if refusal is not None:
                self.count_refusal(refusal[0])
                self.socket.sendall(refusal[1])
            if self.socket is not None and (refusal is not None or self.rfile.rest()):
                self._linger()
        finally:
            if self.socket is not None:
                self.socket.close()

    def _linger(self) -> None:
        """Let a client that sent more than one request close first: with data unread, a close is a reset, and takes our answer away."""
        self.socket.settimeout(LINGER_SECONDS)
        with suppress(OSError):  # whatever fails now, the client has had its answer, or has gone
            self.socket.shutdown(_socket.SHUT_WR)
            while self.socket.recv(4096):
                pass

    def MessageClass(self, *_args: object) -> Headers:  # noqa: N802 - pywsgi's name
        """Read the headers."""
        return Headers.read(self.rfile, self.server.rules.headers)

    def handle_one_request(self) -> tuple[str, bytes] | None:
        """Serve the request. What comes back is the answer to one that cannot be read."""
        try:
            result = super().handle_one_request()
        except RequestRefused as refused:  # the request line was too long: pywsgi does not look for faults there
            return self._handle_client_error(refused)
        return result if isinstance(result, tuple) else None

    def read_request(self, raw_requestline: str) -> Any:  # noqa: ANN401 - pywsgi's signature
        """Read the request, and refuse what no WebSocket handshake and no probe has.

        Raises:
            RequestRefused: see `gateway.handshake`.

        """
        check_request_line(raw_requestline)
        result = super().read_request(raw_requestline)
        self.headers.check_complete(self.request_version)
        self.close_connection = True
        return result

    def count_refusal(self, status: str) -> None:  # noqa: ARG002 - for those who count by it
        """A request that cannot be read is answered with `status`."""
        self.server.metrics.increment("refusals", self.refused_for)

    def _headers(self) -> Iterator[tuple[str, str]]:
        """The headers in the environment. pywsgi's own way writes them out as lines and takes those apart again."""
        headers: Headers = self.headers
        return headers.variables()

    def _handle_client_error(self, ex: Exception) -> tuple[str, bytes]:
        """What a request that cannot be read is answered with. Raises what is not the client's fault, and what leaves nobody to answer."""
        if not isinstance(ex, ValueError):
            raise ex
        refused = ex if isinstance(ex, RequestRefused) else RequestRefused("400 Bad Request", "not an HTTP/1.1 request that can be read")
        self.refused_for = refused.reason
        logger.debug("request refused: %s", refused.says, extra={"address": self.client_address[0]})
        body = f"{refused.says}\n".encode()
        head = f"HTTP/1.1 {refused.status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
        return refused.status, head.encode() + body

    def handle_error(self, t: type[BaseException], v: BaseException, tb: TracebackType | None) -> None:
        """What pywsgi does with whatever escapes an answer. It would swallow the deadline, and then wait without one."""
        if not issubclass(t, Exception) or issubclass(t, OSError):
            raise v
        logger.error("request failed", exc_info=v.with_traceback(tb), extra={"address": self.client_address[0]})
        if self.socket is not None:
            self._send_error_response_if_possible(500)

    def log_request(self) -> None:
        """Nothing for each request: refusals are counted, and connections are logged by what takes them over."""
