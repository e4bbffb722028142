"""One client of the server that is judged. It takes frames of any form that RFC 6455 allows, and sends any bytes at all."""

import asyncio
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal, NamedTuple, Self

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Subprotocol

from gateway.conformance.pattern import readable
from gateway.conformance.target import Target

__all__ = ["Connection", "Heard", "Kind", "Passage", "Unmet", "Witness"]

Kind = Literal["text", "binary", "pong", "close", "end"]

_KINDS: dict[Opcode, Kind] = {Opcode.TEXT: "text", Opcode.BINARY: "binary", Opcode.PONG: "pong", Opcode.CLOSE: "close"}
_RESET = struct.pack("ii", 1, 0)
_LONGEST = 8 << 20  # of one message; a peer_list of a full group has 2 MB
_MOST = 4096  # messages that wait to be looked at; no row makes a tenth of them


class Unmet(Exception):
    """The server did something else than what a step demands; the text says what."""


class Heard(NamedTuple):
    """Something that came from the server. `end`: the end of the connection, and in `data` why."""

    kind: Kind
    data: bytes

    def __str__(self) -> str:
        if self.kind == "end":
            return f"the connection ended: {readable(self.data.decode())}"
        if self.kind == "close":
            return f"closed with {readable(str(Close.parse(self.data)))}"
        return f"a {self.kind} frame {readable(self.data.decode(errors='replace') if self.kind == 'text' else self.data.hex())}"


class Passage(NamedTuple):
    """A message on its way: who sends or gets it, and on which subprotocol."""

    who: str
    subprotocol: str | None
    from_server: bool
    kind: Kind
    data: bytes


Witness = Callable[[Passage], None]
"""Is told every message, in both directions."""


class Connection:
    """One WebSocket, from the handshake on. Pings are answered at once, unless `pongs` is false.

    Attributes:
        chosen: the subprotocol that the server has named.
    """

    def __init__(
        self, who: str, witness: Witness, protocol: ClientProtocol, streams: tuple[StreamReader, StreamWriter], *, pongs: bool
    ) -> None:
        self._who = who
        self._witness = witness
        self._protocol = protocol
        self._reader, self._writer = streams
        self._pongs = pongs
        self._early: list[object] = []
        self._heard: asyncio.Queue[Heard] = asyncio.Queue()
        self._parts: list[Frame] = []
        self._has_closed = False
        self._listener: asyncio.Task[None] | None = None
        self.chosen: str | None = None

    @classmethod
    async def open(cls, who: str, target: Target, witness: Witness, *, offers: Sequence[str] = (), pongs: bool = True) -> Self:
        """Connect and shake hands.

        Raises:
            Unmet: the server refuses, or does not do as RFC 6455 says.
            OSError: it is not there.

        """
        protocol = ClientProtocol(target.uri, subprotocols=[Subprotocol(offer) for offer in offers] or None, max_size=_LONGEST)
        streams = await asyncio.open_connection(target.uri.host, target.uri.port, ssl=target.tls)
        self = cls(who, witness, protocol, streams, pongs=pongs)
        try:
            async with asyncio.timeout(target.patience):
                await self._shake_hands(target.headers)
        except BaseException:
            await self.end()
            raise
        self.chosen = protocol.subprotocol
        self._listener = asyncio.create_task(self._listen())
        return self

    # --- Out ---

    def send(self, kind: Literal["text", "binary"], data: bytes) -> None:
        """Send one message.

        Raises:
            Unmet: the server has closed the connection.

        """
        self._witness(Passage(self._who, self.chosen, from_server=False, kind=kind, data=data))
        with self._still_open():
            (self._protocol.send_text if kind == "text" else self._protocol.send_binary)(data)

    def ping(self, data: bytes) -> None:
        """Send a ping; behind a close frame it is allowed, too (RFC 6455 section 5.5.2)."""
        self._protocol.send_ping(data)
        self._flush()

    def write(self, data: bytes) -> None:
        """Put bytes on the wire as they are."""
        self._writer.write(data)

    def close(self, code: int) -> None:
        """Send a close frame; raises as `send`."""
        with self._still_open():
            self._protocol.send_close(code)

    def drop(self) -> None:
        """End TCP as a process that crashes does."""
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._writer.transport.abort()

    # --- In ---

    async def next(self, within: float) -> Heard:
        """What came next.

        Raises:
            TimeoutError: nothing did.

        """
        async with asyncio.timeout(within):
            return await self._heard.get()

    async def end(self) -> None:
        """Let go of it, in whatever state it is."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait([self._listener])
        self._writer.transport.abort()

    async def _shake_hands(self, headers: Mapping[str, str]) -> None:
        request = self._protocol.connect()
        request.headers.update(headers)
        self._protocol.send_request(request)
        self._flush()
        events: list[object] = []
        while not events and self._protocol.handshake_exc is None:
            events = await self._receive()
        if not events or not isinstance(events[0], Response) or self._protocol.handshake_exc is not None:
            raise Unmet(f"the handshake failed: {self._protocol.handshake_exc}")
        self._early = events[1:]

    async def _listen(self) -> None:
        why = "TCP was closed"
        try:
            while self._take(self._early):
                self._early = await self._receive()
        except (OSError, EOFError) as error:
            why = str(error) or why
        if self._protocol.parser_exc is not None:
            why = f"not RFC 6455: {self._protocol.parser_exc}"
        self._heard.put_nowait(Heard("end", why.encode()))

    async def _receive(self) -> list[object]:
        data = await self._reader.read(65536)
        if not data:
            raise EOFError("TCP was closed")
        self._protocol.receive_data(data)
        answers = self._protocol.data_to_send()
        if self._pongs:
            self._write_all(answers)
        return list(self._protocol.events_received())

    def _take(self, events: Sequence[object]) -> bool:
        """Sort what came; whether more may come."""
        for event in events:
            if isinstance(event, Frame):
                self._add(event)
        return self._protocol.parser_exc is None and not self._has_closed

    def _add(self, frame: Frame) -> None:
        if frame.opcode in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
            self._parts.append(frame)
            if not frame.fin:
                return
            parts, self._parts = self._parts, []
            frame = Frame(parts[0].opcode, b"".join(part.data for part in parts))
        if frame.opcode not in _KINDS:
            return
        heard = Heard(_KINDS[frame.opcode], bytes(frame.data))
        self._has_closed = heard.kind == "close"
        if heard.kind in {"text", "binary"}:
            self._witness(Passage(self._who, self.chosen, from_server=True, kind=heard.kind, data=heard.data))
        if self._heard.qsize() >= _MOST:
            raise EOFError(f"more than {_MOST} messages that no step asks for")
        self._heard.put_nowait(heard)

    @contextmanager
    def _still_open(self) -> Iterator[None]:
        try:
            yield
        except InvalidState:
            raise Unmet(f"{self._who}: the server has closed the connection before") from None
        self._flush()

    def _flush(self) -> None:
        self._write_all(self._protocol.data_to_send())

    def _write_all(self, parts: Sequence[bytes]) -> None:
        for data in parts:
            if data:  # an empty one asks for a half-close, which is the server's to begin
                self._writer.write(data)
