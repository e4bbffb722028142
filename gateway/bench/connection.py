"""Connection: one client of the generator, from connect to the end. Non-blocking; it reads frames the slow and exact way until it talks."""

import select
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

from gateway.bench.frames import CLOSE, PING, PONG, client_frame, first_frame
from gateway.bench.template import Unexpected

__all__ = ["PATIENCE", "RECEIVE_BYTES", "Address", "Connection"]

RECEIVE_BYTES = 65_536
"""Read at once, at most. Larger buffers come from the system with each call, which costs more than the call."""

PATIENCE = 10.0
"""Seconds that a server may stop taking or sending anything before the run is given up."""

PEERS_PER_SOURCE = 20_000
"""Connections from one local address. The range of ports that Linux gives out has 28,232."""

_RESET = struct.pack("ii", 1, 0)
_BIND_WITHOUT_PORT = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24)  # linux/in.h; named by Python from 3.12 on


class Address(NamedTuple):
    """Where a server listens; `is_loopback` says that it is on this machine."""

    host: str
    port: int
    is_loopback: bool = True


class Connection:
    """One connection. `receive` is the socket's own `recv`, for those that need no more."""

    def __init__(self, address: Address, number: int = 0) -> None:
        self._socket = socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET)
        self._socket.settimeout(0)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if number >= PEERS_PER_SOURCE and address.is_loopback and ":" not in address.host:
            self._socket.setsockopt(socket.IPPROTO_IP, _BIND_WITHOUT_PORT, 1)
            self._socket.bind((f"127.0.0.{1 + number // PEERS_PER_SOURCE}", 0))
        self._rest = b""
        self._host = address
        self.descriptor = self._socket.fileno()
        self.receive = self._socket.recv
        self.send = self._socket.send
        self._socket.connect_ex((address.host, address.port))

    def request(self, path: str) -> None:
        """Ask for the upgrade; the connection stands, or could not be had.

        Raises:
            OSError: it could not.

        """
        if code := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(code, f"cannot connect to {self._host.host}:{self._host.port}: error {code}")
        self.write(
            f"GET {path} HTTP/1.1\r\nHost: {self._host.host}:{self._host.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )

    def upgraded(self) -> bool:
        """Read on; whether the whole answer to the handshake is there. What follows it waits for `payloads`.

        Raises:
            Unexpected: it is another than 101, or the server has ended the connection.

        """
        head, end, self._rest = (self._rest + self._read()).partition(b"\r\n\r\n")
        if not end:
            self._rest = head
            return False
        if not head.startswith(b"HTTP/1.1 101 "):
            raise Unexpected(f"the handshake was answered with {head.splitlines()[0].decode()!r}")
        return True

    def payloads(self, *, read: bool = True) -> Iterator[bytes]:
        """Read on; the messages that are complete. Pings are answered.

        Raises:
            Unexpected: the server has ended the connection, or wants to.

        """
        if read:
            self._rest += self._read()
        while (frame := first_frame(self._rest)) is not None:
            payload, self._rest = self._rest[frame.start : frame.end], self._rest[frame.end :]
            if frame.opcode < CLOSE:
                yield payload
            else:
                self.answer(frame.opcode, payload)

    def answer(self, opcode: int, payload: bytes) -> None:
        """Answer a control frame.

        Raises:
            Unexpected: it is a close frame.

        """
        if opcode == CLOSE:
            raise Unexpected(f"the server closed the connection with {int.from_bytes(payload[:2])} {payload[2:].decode()!r}")
        if opcode == PING:
            self.write(client_frame(PONG, payload))

    def rest(self) -> bytes:
        """What has come and is no whole frame; it is the caller's from here on."""
        rest, self._rest = self._rest, b""
        return rest

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send all of it, and wait for a server that does not take it: what is late is late by the timetable, too.

        Raises:
            Unexpected: the server has taken nothing for too long.

        """
        left = memoryview(data)
        while True:
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                poll = select.poll()
                poll.register(self.descriptor, select.POLLOUT)
                if not poll.poll(PATIENCE * 1000):
                    raise Unexpected(f"the server has taken nothing for {PATIENCE:g} s") from None
            if not left:
                return

    def vanish(self) -> None:
        """End as a process does that crashes (RST): no port stays in TIME_WAIT. May be called twice."""
        if self._socket.fileno() < 0:
            return
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._socket.close()

    def _read(self) -> bytes:
        try:
            data = self.receive(RECEIVE_BYTES)
        except BlockingIOError:
            return b""
        if not data:
            raise Unexpected("the server has ended the connection")
        return data
