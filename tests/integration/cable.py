"""A cable between clients and a server that a test can cut: no close frame, as when a network goes."""

import selectors
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.integration.line import PATIENCE

__all__ = ["Cable", "cable"]

_RESET = struct.pack("ii", 1, 0)


class Cable:
    """Passes bytes on between clients of its own port and one server.

    Attributes:
        port: where clients connect.
        dials: how many have, refused ones included.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._is_cut = False
        self._ends: dict[socket.socket, socket.socket] = {}
        self._orders: list[str] = []
        self._done = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        self._listener = socket.create_server(("127.0.0.1", 0))
        for each in (self._woken, self._listener):
            self._selector.register(each, selectors.EVENT_READ)
        self.port: int = self._listener.getsockname()[1]
        self.dials = 0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def cut(self) -> None:
        """Reset all connections, and each new one until it is mended."""
        self._is_cut = True
        self._order("cut")

    def mend(self, server_port: int | None = None) -> None:
        """Let new connections through, to another server if it is named."""
        self._server_port = server_port or self._server_port
        self._is_cut = False

    def close(self) -> None:
        self._order("end")
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        for each in (self._waker, self._woken, self._listener):
            each.close()
        self._selector.close()

    def _order(self, order: str) -> None:
        self._done.clear()
        self._orders.append(order)
        self._waker.send(b"!")
        assert self._done.wait(PATIENCE), f"the cable does not obey: {order}"

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._woken:
                    self._woken.recv(1)
                    self._cut_all()
                    ends = self._orders.pop(0) == "end"
                    self._done.set()
                    if ends:
                        return
                elif key.fileobj is self._listener:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._ends:
                    self._pass(key.fileobj)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        self.dials += 1
        server = None if self._is_cut else self._dial()
        if server is None:
            _reset(client)
            return
        for one, other in ((client, server), (server, client)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.settimeout(PATIENCE)
            self._ends[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _dial(self) -> socket.socket | None:
        """A connection to the server, if there is one at this moment."""
        try:
            return socket.create_connection(("127.0.0.1", self._server_port), PATIENCE)
        except ConnectionRefusedError:
            return None

    def _pass(self, end: socket.socket) -> None:
        other = self._ends[end]
        try:
            data = end.recv(65536)
            other.sendall(data)
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        if not data:
            self._forget(end, other)
            for each in (end, other):
                with suppress(OSError):  # the other end may be gone, too
                    each.shutdown(socket.SHUT_RDWR)
                each.close()

    def _cut_all(self) -> None:
        while self._ends:
            end, other = next(iter(self._ends.items()))
            self._forget(end, other)
            _reset(end)
            _reset(other)

    def _forget(self, *ends: socket.socket) -> None:
        for end in ends:
            del self._ends[end]
            self._selector.unregister(end)


def _reset(end: socket.socket) -> None:
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    end.close()


@contextmanager
def cable(server_port: int) -> Iterator[Cable]:
    """A cable that is there for a while."""
    made = Cable(server_port)
    try:
        yield made
    finally:
        made.close()
