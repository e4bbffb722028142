"""The HTTP side of the public port: pywsgi reads a request, gevent-websocket upgrades it, and then the socket is detached from both.

After the 101 nothing of the WSGI server may know the socket: two owners lose messages, and closing a socket that another greenlet waits on
aborts the process. So the greenlet, its environment and its buffers end here, and a `Connection` goes on with the bare descriptor.
"""

import _socket
import base64
import hashlib
import logging
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, NamedTuple, cast

import gevent
from gevent.pool import Pool
from gevent.pywsgi import LoggingLogAdapter, WSGIHandler, WSGIServer
from gevent.ssl import SSLContext, SSLSocket
from geventwebsocket.handler import WebSocketHandler

from actors.audit import Audit
from actors.ports import Metrics
from gateway.admission import Admission, Admitted, Refused
from gateway.exchange import Exchange
from gateway.handshake import RequestReader
from gateway.listener import accept_waiting, listening_socket
from gateway.outbox import Socket
from gateway.proxies import Caller, Proxies, Unannounced
from gateway.routes import UPGRADE_HEADERS, Routes, tenant_of
from gateway.subprotocol import Subprotocol, choose
from gateway.tenants import DEFAULT

__all__ = ["Accept", "HandshakeRules", "UpgradeServer"]

logger = logging.getLogger("gateway.upgrade")
audit = Audit("gateway")

KEY_BYTES = 16
"""RFC 6455 section 4.1: the decoded length of Sec-WebSocket-Key."""

_SWITCHING = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n"

_TOO_MANY_HANDSHAKES = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Accept = Callable[[Socket, bytes, Admitted, Subprotocol], None]
"""Takes over a detached socket, with what the client has sent already. It releases what was admitted, unless it raises."""


class HandshakeRules(NamedTuple):
    """`timeout` in seconds for TLS and HTTP together, `concurrent` handshakes at once, sizes in bytes; `reuse_port` as of the listener."""

    timeout: float
    concurrent: int
    header_bytes: int
    headers: int
    send_buffer_bytes: int
    reuse_port: bool = False


class UpgradeHandler(Exchange, WebSocketHandler):  # type: ignore[misc] # gevent-websocket has no type hints
    """One request of one client. Every request is answered once and its connection closed, but for an upgrade."""

    server: "UpgradeServer"
    client_address: Caller
    subprotocol: Subprotocol

    def get_environ(self) -> dict[str, Any]:
        """The WSGI environment, with the path as it was sent: what a proxy lets pass by its path must not be another tenant's here."""
        environ: dict[str, Any] = super().get_environ()
        environ["PATH_INFO"] = self.path.partition("?")[0]
        return environ

    def run_application(self) -> None:
        """Answer the request, or upgrade it."""
        environ = self.environ
        tenant = tenant_of(environ["PATH_INFO"])
        if not _asks_for_upgrade(environ) or tenant is None:
            WSGIHandler.run_application(self)
            return
        self.client_address = self.server.proxies.client(self.client_address, environ)
        try:
            _check_handshake(environ)
            self.subprotocol = choose(environ.get("HTTP_SEC_WEBSOCKET_PROTOCOL", ""))
            admitted = self.server.admission.admit(self.client_address[0], self.client_address[1], environ, tenant)
        except Refused as refused:
            self._refuse(refused)
        else:
            self._upgrade(admitted)

    def _refuse(self, refused: Refused) -> None:
        self.server.metrics.increment("refusals", refused.reason)
        tell = audit.tell_of_stranger if refused.tenant is None else audit.tell
        tenant = refused.tenant or tenant_of(self.environ["PATH_INFO"]) or DEFAULT
        tell("connection refused", tenant=tenant, reason=refused.reason, address=self.client_address[0], says=refused.says)
        self.result = self.server.routes.refuse(refused, self.command, self.start_response)
        self.process_result()

    def _upgrade(self, admitted: Admitted) -> None:
        """Answer with 101 and hand the socket over. When that fails, the connection is counted out and its socket closed."""
        socket = None
        try:
            self.environ["HTTP_UPGRADE"] = "websocket"  # gevent-websocket wants this one token
            if self.upgrade_websocket() is not True:
                raise RuntimeError("gevent-websocket refuses what was found good")  # noqa: TRY301 - a fault of ours, undone like any other below
            data = self.rfile.rest()
            socket = self._detach()
            self.server.accept(socket, data, admitted, self.subprotocol)
        except BaseException:
            self.server.admission.release(admitted)
            if socket is not None:
                socket.close()
            raise

    def upgrade_connection(self) -> bool:
        """Answer with the 101 (RFC 6455 section 4.2.2), once gevent-websocket has judged the request.

        Its own version also makes a WebSocket object that reads and writes the socket, and writes a close frame when it is collected. By
        way of `start_response` and `write`, which add a date and think about chunks, the answer takes a tenth of the whole handshake.
        """
        key = self.environ["HTTP_SEC_WEBSOCKET_KEY"]
        accept = base64.b64encode(hashlib.sha1((key + self.GUID).encode("ascii"), usedforsecurity=False).digest())
        name = self.subprotocol.name
        self.socket.sendall(_SWITCHING % (accept, b"Sec-WebSocket-Protocol: %s\r\n" % name.encode() if name else b""))
        return True

    def _detach(self) -> Socket:
        """Take the socket away from pywsgi: from here on this handler has none, and closes none."""
        held, self.socket = self.socket, None
        if isinstance(held, SSLSocket):
            held.settimeout(0)
            return held
        plain = _socket.socket(held.family, held.type, held.proto, held.detach())
        plain.settimeout(0)
        return plain


class _Handshakes(Pool):
    """The handshakes under way. While there are as many as there may be, nothing is accepted."""

    def __init__(self, most: int, metrics: Metrics) -> None:
        super().__init__(most)
        self._metrics = metrics

    def full(self) -> bool:
        """Asked before each accept; a yes pauses until one of them is over."""
        full = super().full()
        if full:
            self._metrics.increment("accept_pauses")
        return full


class UpgradeServer(WSGIServer):
    """The listener. At most `concurrent` handshakes are under way; beyond that the kernel's backlog waits."""

    def __init__(
        self,
        listener: tuple[str, int],
        routes: Routes,
        *,
        admission: Admission,
        proxies: Proxies,
        accept: Accept,
        rules: HandshakeRules,
        metrics: Metrics,
        tls: SSLContext | None,
    ) -> None:
        self.routes = routes
        self.admission = admission
        self.proxies = proxies
        self.accept = accept
        self.rules = rules
        self.metrics = metrics
        # gevent-websocket makes a logger of its own, with a handler, unless there is one; what it says does not say of whom.
        self.logger = logger.getChild("handler")
        self.logger.setLevel(logging.WARNING)
        self._listens_on = listener
        self._tls_context = tls
        super().__init__(
            listener,
            routes,
            spawn=_Handshakes(rules.concurrent, metrics),
            log=None,
            error_log=LoggingLogAdapter(logger, logging.WARNING),
            handler_class=UpgradeHandler,
            environ={"SERVER_NAME": listener[0]},  # else pywsgi asks the DNS, and a start may wait for it
        )

    def init_socket(self) -> None:
        """Listen. gevent's own way leaves the socket open when that fails."""
        if not hasattr(self, "socket"):
            size, reuse_port = self.rules.send_buffer_bytes, self.rules.reuse_port
            self.socket = cast("Any", listening_socket(self.family, self._listens_on, size, reuse_port=reuse_port))
            self.address = self.socket.getsockname()
        super().init_socket()

    def close(self) -> None:
        """Listen no more. Those who wait are accepted first, and answered as anyone is."""
        if self.started:
            accept_waiting(self)
        super().close()

    def handle(self, sock: Any, address: Any) -> None:  # noqa: ANN401 - gevent's sockets have no common type
        """Serve one client until its request is answered or its time is up; a silent one costs a greenlet for so long at most.

        The deadline ends here with the greenlet. A socket that was handed over is read in hub callbacks, which it cannot reach.
        """
        with gevent.Timeout(self.rules.timeout) as deadline:
            try:
                self._serve(sock, self.proxies.caller(sock, address))
            except gevent.Timeout as timeout:
                if timeout is not deadline:
                    raise
                self.metrics.increment("refusals", "handshake_timeout")
            except Unannounced as unannounced:
                self.metrics.increment("refusals", unannounced.reason)
                logger.info("connection refused: %s", unannounced, extra={"address": address[0], "reason": unannounced.reason})
            except OSError as error:
                self.metrics.increment("refusals", "connection_failed")
                logger.debug("handshake failed: %s", error, extra={"address": address[0]})

    def _serve(self, sock: Any, caller: Caller) -> None:  # noqa: ANN401 - as above
        """One request. A proxy that speaks for others is not counted by its own address: `concurrent` bounds what it may have under way."""
        with nullcontext(True) if caller.speaks_for_others else self.admission.handshake(caller.host) as may_begin:  # noqa: FBT003 - its result
            if not may_begin:
                self._turn_away(sock)
                return
            held = sock if self._tls_context is None else _with_tls(sock, self._tls_context)
            UpgradeHandler(held, caller, self, RequestReader(held, self.rules.header_bytes)).handle()

    def _turn_away(self, sock: Any) -> None:  # noqa: ANN401 - as above
        """Answer without reading: an address that has too many handshakes under way gets no memory and no time for another."""
        self.metrics.increment("refusals", "handshakes_per_address")
        try:
            if self._tls_context is None:
                sock.send(_TOO_MANY_HANDSHAKES)
        finally:
            sock.close()


def _with_tls(sock: Any, context: SSLContext) -> SSLSocket:  # noqa: ANN401 - as above
    """The handshake, done here because gevent's server has no deadline for it, and closes the socket when `handle` returns."""
    held = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
    try:
        held.do_handshake()
    except BaseException:
        held.close()
        raise
    return held


def _tokens(environ: dict[str, Any], header: str) -> set[str]:
    """The words of a header that is a list, in lower case."""
    return {token.strip().lower() for token in environ.get(header, "").split(",")}


def _asks_for_upgrade(environ: dict[str, Any]) -> bool:
    return "websocket" in _tokens(environ, "HTTP_UPGRADE")


def _check_handshake(environ: dict[str, Any]) -> None:
    """Whether this is a handshake by RFC 6455 section 4.2.1. Raises Refused with what to mend."""
    if environ["REQUEST_METHOD"] != "GET" or environ["SERVER_PROTOCOL"] != "HTTP/1.1":
        raise Refused("400 Bad Request", "handshake", "a WebSocket handshake is a GET with HTTP/1.1")
    if "upgrade" not in _tokens(environ, "HTTP_CONNECTION"):
        raise Refused("400 Bad Request", "handshake", "the Connection header must hold Upgrade")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
        raise Refused("426 Upgrade Required", "handshake", "Sec-WebSocket-Version must be 13", *UPGRADE_HEADERS)
    if not _is_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", "")):
        raise Refused("400 Bad Request", "handshake", "Sec-WebSocket-Key must be 16 bytes in base64")


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == KEY_BYTES
    except ValueError:
        return False
