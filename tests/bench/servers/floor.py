"""The floor where there is no C compiler: as floor.c, in Python.

It pairs connections that ask for the same path, gives what one sends to the other, and parses no message. It answers only the key that the
load generator sends. Usage: floor.py PORT
"""

import select
import socket
import sys

from websockets.speedups import apply_mask

# RFC 6455 section 1.3: this is the answer to the key dGhlIHNhbXBsZSBub25jZQ== of the example there.
UPGRADED = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)
CLOSE, WIDE, WIDEST = 8, 126, 127


class Client:
    """One connection, and whom it is paired with."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self.rest = b""
        self.path = b""
        self.other: Client | None = None


class Floor:
    """All connections, and those that wait for their other, by path."""

    def __init__(self, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", port), backlog=4096)
        self._epoll = select.epoll()
        self._epoll.register(self._listener, select.EPOLLIN)
        self._clients: dict[int, Client] = {}
        self._waiting: dict[bytes, Client] = {}

    def serve(self) -> None:
        while True:
            for descriptor, _ in self._epoll.poll():
                client = self._clients.get(descriptor)
                if client is None:
                    self._accept()
                elif not self._hear(client):
                    self._leave(client)

    def _accept(self) -> None:
        end, _ = self._listener.accept()
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._clients[end.fileno()] = Client(end)
        self._epoll.register(end, select.EPOLLIN)

    def _hear(self, client: Client) -> bool:
        """Pass on what came; False when the client is to be let go."""
        try:
            data = client.end.recv(65_536)
        except ConnectionResetError:
            return False
        if not data:
            return False
        data = client.rest + data
        if not client.path:
            return self._shake_hands(client, data)
        frames, client.rest, goes_on = translate(data)
        if frames and client.other is not None:
            client.other.end.sendall(frames)
        return goes_on

    def _shake_hands(self, client: Client, data: bytes) -> bool:
        if b"\r\n\r\n" not in data:
            client.rest = data
            return True
        client.path, client.rest = data.split(b" ", 2)[1], b""
        other = self._waiting.pop(client.path, None)
        if other is None:
            self._waiting[client.path] = client
        else:
            client.other, other.other = other, client
        client.end.sendall(UPGRADED)
        return True

    def _leave(self, client: Client) -> None:
        if client.other is not None:
            client.other.other = None
        if self._waiting.get(client.path) is client:
            del self._waiting[client.path]
        del self._clients[client.end.fileno()]
        client.end.close()


def translate(data: bytes) -> tuple[bytes, bytes, bool]:
    """The whole masked frames, unmasked; what is left; and whether there is no close frame among them."""
    made: list[bytes] = []
    while len(data) >= 6:
        size, head = data[1] & 0x7F, 2
        if size == WIDEST or data[0] & 0x0F == CLOSE:
            return b"".join(made), b"", False
        if size == WIDE:
            size, head = int.from_bytes(data[2:4]), 4
        end = head + 4 + size
        if len(data) < end:
            break
        made += [data[:1], bytes([data[1] & 0x7F]), data[2:head], apply_mask(data[head + 4 : end], data[head : head + 4])]
        data = data[end:]
    return b"".join(made), data, True


if __name__ == "__main__":
    Floor(int(sys.argv[1])).serve()
