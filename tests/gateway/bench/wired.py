"""Connections of the generator whose other end a test holds in its hand."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.bench.connection import Address, Connection
from gateway.frames import TEXT, encode

__all__ = ["accepted", "said", "wire"]

PATIENCE = 10.0


@contextmanager
def wire(count: int = 1) -> Iterator[tuple[list[Connection], list[socket.socket]]]:
    """So many connections, and the server's ends of them, which wait when they are read."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        ours: list[Connection] = []
        theirs: list[socket.socket] = []
        try:
            for number in range(count):
                ours.append(Connection(Address(*listener.getsockname()), number))
                theirs.append(accepted(listener))
            yield ours, theirs
        finally:
            for connection in ours:
                connection.vanish()
            for end in theirs:
                end.close()


def accepted(listener: socket.socket) -> socket.socket:
    end, _ = listener.accept()
    end.settimeout(PATIENCE)
    return end


def said(payload: bytes, opcode: int = TEXT) -> bytes:
    """A frame as a server sends it."""
    return encode(opcode, payload)
