"""A bare connection to the server: any bytes out, and what comes back read by hand, frame by frame. It answers nothing by itself."""

import os
import select
import socket
import ssl
import struct
import time
from typing import NamedTuple

__all__ = [
    "BINARY",
    "CLOSE",
    "CONTINUATION",
    "HANDSHAKE",
    "PATIENCE",
    "PING",
    "PONG",
    "TEXT",
    "Closed",
    "Head",
    "Line",
    "frame",
    "parse_close",
]

PATIENCE = 10.0
"""Seconds that anything may take before its test fails. Nothing takes them when all is well."""

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

HANDSHAKE = {
    "Host": "127.0.0.1",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


class Closed(NamedTuple):
    """A close frame."""

    code: int
    reason: str


class Head(NamedTuple):
    """The head of an HTTP response; the names of `headers` are in lower case."""

    status: int
    headers: dict[str, str]


def frame(opcode: int, payload: bytes = b"", *, masked: bool = True, final: bool = True, declared: int | None = None) -> bytes:
    """One frame as a client sends it (RFC 6455 section 5.2); `declared` is what it says of its length, when that is not the truth."""
    length = len(payload) if declared is None else declared
    mask_bit = 0x80 if masked else 0
    head = bytes([opcode | (0x80 if final else 0)])
    if length < 126:
        head += bytes([mask_bit | length])
    elif length < 2**16:
        head += struct.pack("!BH", mask_bit | 126, length)
    else:
        head += struct.pack("!BQ", mask_bit | 127, length)
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))


class Line:
    """One connection; `source` is the address of this machine that it comes from, if that matters."""

    def __init__(
        self, address: tuple[str, int], tls: ssl.SSLContext | None = None, receive_buffer: int | None = None, source: str = ""
    ) -> None:
        self._buffer = b""
        plain = socket.socket()
        try:
            if receive_buffer is not None:
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else every second of two messages waits 40 ms for an ACK
            plain.settimeout(PATIENCE)
            if source:
                plain.bind((source, 0))
            plain.connect(address)
            self._socket = tls.wrap_socket(plain, server_hostname=address[0]) if tls else plain
        except BaseException:
            plain.close()
            raise

    # --- Out ---

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def request(self, path: str = "/ws", *, method: str = "GET", behind: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Send a request, a handshake unless `headers` says otherwise, and in the same segment what lies `behind` it."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in (HANDSHAKE if headers is None else headers).items())
        self.send(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + behind)

    def upgrade(self, path: str = "/ws", *, behind: bytes = b"") -> Head:
        """Shake hands; from here on there are frames."""
        self.request(path, behind=behind)
        head = self.head()
        assert head.status == 101, f"{head}: {self._buffer!r}"
        return head

    # --- In ---

    def receive(self) -> bytes:
        """What is there; empty when the server has ended the connection."""
        if self._buffer:
            data, self._buffer = self._buffer, b""
            return data
        return self._socket.recv(65536)

    def fileno(self) -> int:
        """The descriptor, for a selector."""
        return self._socket.fileno()

    def ready(self, within: float = 0) -> bool:
        """Whether `receive` has something to return at once, or has within so many seconds."""
        pending = isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0
        return bool(self._buffer) or pending or bool(select.select([self._socket], [], [], within)[0])

    def head(self) -> Head:
        """Read an HTTP response up to its body."""
        status, *lines = self._until(b"\r\n\r\n").decode().splitlines()
        pairs = (line.partition(":") for line in lines if line)
        return Head(int(status.split()[1]), {name.lower(): value.strip() for name, _, value in pairs})

    def frame(self) -> tuple[int, bytes]:
        """The next frame, as a server has to send it: final, not masked."""
        first, second = self._exactly(2)
        assert first & 0x80, "a fragment: the server sends none"
        assert not first & 0x70, "reserved bits"
        assert not second & 0x80, "a masked frame from the server"
        length = second
        if second == 126:
            (length,) = struct.unpack("!H", self._exactly(2))
        elif second == 127:
            (length,) = struct.unpack("!Q", self._exactly(8))
        return first & 0x0F, self._exactly(length)

    def close_frame(self) -> Closed:
        """The next frame, which is a close frame."""
        opcode, payload = self.frame()
        assert opcode == CLOSE, f"opcode {opcode}: {payload!r}"
        return parse_close(payload)

    def ended_within(self, seconds: float) -> float:
        """Wait for the server's end of TCP, with nothing more before it; return how long that took."""
        began = time.monotonic()
        assert self._exactly(0) == b""
        assert not self._buffer, f"bytes behind the close frame: {self._buffer!r}"
        self._socket.settimeout(seconds)
        try:
            left = self._socket.recv(65536)
        except TimeoutError:
            raise AssertionError(f"TCP has not ended within {seconds} s") from None
        assert left == b"", f"bytes behind the close frame: {left!r}"
        return time.monotonic() - began

    # --- The end ---

    def finish(self) -> None:
        """Say that nothing more comes (FIN), at the level of TCP also under TLS, where `SSLSocket.shutdown` would give up reading, too."""
        socket.socket.shutdown(self._socket, socket.SHUT_WR)

    def reset(self) -> None:
        """Vanish as a process that crashes with unread data does (RST)."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        self._socket.close()

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def _until(self, end: bytes) -> bytes:
        while end not in self._buffer:
            self._fill()
        data, _, self._buffer = self._buffer.partition(end)
        return data

    def _fill(self) -> None:
        data = self._socket.recv(65536)
        assert data, f"the server has ended the connection, after {self._buffer!r}"
        self._buffer += data


def parse_close(payload: bytes) -> Closed:
    """Code and reason; 1005 stands for none (RFC 6455 section 7.1.5)."""
    if not payload:
        return Closed(1005, "")
    assert len(payload) <= 125
    return Closed(int.from_bytes(payload[:2]), payload[2:].decode())
