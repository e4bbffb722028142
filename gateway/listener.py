"""The sockets that the public port and the operator's listen on, and how they are closed without turning anyone away."""

import logging
import socket
from typing import Any, Protocol

__all__ = ["BACKLOG", "Accepting", "accept_waiting", "listening_socket"]

logger = logging.getLogger("gateway.listener")

BACKLOG = 4096
"""Connections that the kernel holds until they are accepted; it may cut this to net.core.somaxconn."""


class Accepting(Protocol):
    """The part of a gevent server that accepts."""

    def full(self) -> bool:
        """Whether as many are being served as may be."""

    def do_read(self) -> tuple[Any, ...] | None:
        """Accept one; None: nobody waits."""

    def do_handle(self, *accepted: Any) -> None:  # noqa: ANN401 - a socket of gevent's, which have no common type, and its address
        """Begin to serve it."""


def listening_socket(family: int, address: tuple[str, int], send_buffer_bytes: int, *, reuse_port: bool = False) -> socket.socket:
    """A listening socket. Those that it accepts inherit its options, which saves two system calls for each.

    With `reuse_port` other processes of the same user that ask for it, too, may listen on the address (SO_REUSEPORT, socket(7)).
    """
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.settimeout(0)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, reuse_port)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer_bytes)
        listener.bind(address)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener


def accept_waiting(server: Accepting) -> None:
    """Accept all who wait, as far as there is room for them: whoever still waits when the socket is closed is reset by the kernel."""
    try:
        while not server.full() and (accepted := server.do_read()):
            server.do_handle(*accepted)
    except OSError as error:  # no descriptor is left
        logger.warning("those who wait cannot be accepted, and will be reset: %s", error)
