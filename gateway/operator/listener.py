"""The operator's listener: HTTP on an address of its own, never the public one. A request has a deadline, a size, and few beside it."""

import logging
from collections.abc import Callable
from typing import Any, cast

import gevent
from gevent.event import Event
from gevent.pool import Pool
from gevent.pywsgi import LoggingLogAdapter, WSGIServer

from actors.ports import Metrics
from gateway.answer import StartResponse
from gateway.exchange import Exchange
from gateway.handshake import RequestReader
from gateway.listener import accept_waiting, listening_socket
from gateway.operator.address import Address
from gateway.operator.stay import Stay
from gateway.upgrade import HandshakeRules

__all__ = ["CannotListen", "OperatorServer"]

logger = logging.getLogger("gateway.operator")

RULES = HandshakeRules(timeout=10.0, concurrent=16, header_bytes=16_384, headers=64, send_buffer_bytes=65_536)
"""Operators are few: these bounds are for whatever else finds the address. Beyond `concurrent` the kernel's backlog waits."""


class OperatorExchange(Exchange):
    """One request to the operator's listener."""

    server: "OperatorServer"

    def __init__(self, sock: Any, address: Any, server: "OperatorServer", rfile: RequestReader, stay: Stay) -> None:  # noqa: ANN401 - as below
        super().__init__(sock, address, server, rfile)
        self.stay = stay

    def get_environ(self) -> dict[str, Any]:
        """The WSGI environment, with the path as it was sent: a slash in a name, percent-encoded, must not be taken for one of the path."""
        environ: dict[str, Any] = super().get_environ()
        environ["REQUEST_URI"] = self.path
        environ["operator.stay"] = self.stay
        return environ

    def count_refusal(self, status: str) -> None:
        """A request that cannot be read is answered with `status`."""
        self.server.metrics.increment("operator_requests", status[:3])


class CannotListen(Exception):
    """The operator's address cannot be had."""

    def __init__(self, address: Address, why: str) -> None:
        super().__init__(f"cannot listen on {address}: {why}; choose another operator.listen, or leave it empty")


class OperatorServer(WSGIServer):
    """Serves `routes` at `address` from `start` to `stop`."""

    def __init__(
        self,
        address: Address,
        routes: Callable[[dict[str, Any], StartResponse], Any],
        metrics: Metrics,
        rules: HandshakeRules = RULES,
    ) -> None:
        self.metrics = metrics
        self.rules = rules
        self._address = address
        self._closing = Event()
        super().__init__(
            (address.host, address.port),
            routes,
            spawn=Pool(rules.concurrent),
            log=None,
            error_log=LoggingLogAdapter(logger, logging.WARNING),
            handler_class=OperatorExchange,
            environ={"SERVER_NAME": address.host},  # else pywsgi asks the DNS, and a start may wait for it
        )

    @property
    def bound(self) -> Address:
        """Where it listens, once it has started."""
        return Address(str(self.server_host), int(self.server_port or 0))

    def init_socket(self) -> None:
        """Listen.

        Raises:
            CannotListen: the address cannot be had, or is none.

        """
        if not hasattr(self, "socket"):
            try:
                size, reuse_port = self.rules.send_buffer_bytes, self.rules.reuse_port
                self.socket = cast("Any", listening_socket(self.family, self._address, size, reuse_port=reuse_port))
            except (OSError, UnicodeError) as error:  # UnicodeError: a host that has no form in the DNS
                raise CannotListen(self._address, getattr(error, "strerror", None) or str(error)) from error
            self.address = self.socket.getsockname()
        super().init_socket()

    def close(self) -> None:
        """Take no requests any more but those that wait, and have those end that are answered in parts."""
        self._closing.set()
        if self.started:
            accept_waiting(self)
        super().close()

    def handle(self, sock: Any, address: Any) -> None:  # noqa: ANN401 - gevent's sockets have no common type
        """Serve one request until it is answered or its time is up; of one that is answered in parts (`Stay`) each part has that time."""
        reader = RequestReader(sock, self.rules.header_bytes)
        with gevent.Timeout(self.rules.timeout) as deadline:
            try:
                OperatorExchange(sock, address, self, reader, Stay(deadline, self._closing)).handle()
            except gevent.Timeout as timeout:
                if timeout is not deadline:
                    raise
                self.metrics.increment("operator_requests", "cut")
            except OSError as error:
                logger.debug("request failed: %s", error, extra={"address": address[0]})
