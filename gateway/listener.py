"""The socket that the public port listens on."""

import socket

__all__ = ["BACKLOG", "listening_socket"]

BACKLOG = 4096
"""Connections that the kernel holds until they are accepted; it may cut this to net.core.somaxconn."""


def listening_socket(family: int, address: tuple[str, int], send_buffer_bytes: int) -> socket.socket:
    """A listening socket. Those that it accepts inherit its options, which saves two system calls for each."""
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.settimeout(0)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer_bytes)
        listener.bind(address)
        listener.listen(BACKLOG)
    except BaseException:
        listener.close()
        raise
    return listener
