"""Outbox: what waits to be written to one client. Bounded in bytes, in order, one write in each turn."""

import ssl
from collections.abc import Callable
from typing import Any, Protocol

from msgspec.structs import replace

from actors.events import AckStatus, Format, Message, PeerJoined, Profile, Relayed
from actors.ports import Metrics
from actors.reasons import CLOSES, CloseCode, ErrorCode
from gateway.frames import BINARY, PING, PONG, TEXT, encode, encode_close
from gateway.scheduler import HubScheduler
from gateway.subprotocol import PLAIN, Subprotocol
from gateway.translation import Unrepresentable

__all__ = ["REFUSAL_BYTES", "WOULD_BLOCK", "Encode", "Outbox", "Owner", "Socket", "TlsSocket"]

WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
"""What a socket that is not ready raises; the last two when TLS ends in this process."""

Encode = Callable[[Any, Format, Profile], bytes]
"""Writes one event as the content of a frame: text for JSON, binary for MessagePack. Which events there are is for the application to say.

It raises Unrepresentable for an event that has no form in this format.
"""

REFUSAL_BYTES = 256
"""What it takes to tell a sender that one relay was dropped, about. So many relays wait at most that their refusals fit into an outbox: a
peer that does not read would else have those closed who send it little things."""

_WRITE = 2  # libev: EV_WRITE
_NOTHING: Any = ()  # in the place of two lists, of 56 bytes each, in each idle client
_NO_FORM = b""  # stands for the frame of an event that has none in a format
_JSON, _V1 = Format.JSON, Profile.V1  # reading a member of an enum, or hashing one, takes longer than the comparison that it is for


class Socket(Protocol):
    """A connected, non-blocking socket, plain or TLS."""

    def send(self, data: bytes, /) -> int:
        """Write what fits."""

    def recv(self, size: int, /) -> bytes:
        """Read what is there."""

    def fileno(self) -> int:
        """The descriptor."""

    def shutdown(self, how: int, /) -> None:
        """Half-close."""

    def close(self) -> None:
        """Give the descriptor back."""


class TlsSocket(Socket, Protocol):
    """A socket on which TLS ends in this process."""

    def pending(self) -> int:
        """Bytes that are decrypted and not yet read; the kernel announces them no more."""

    def unwrap(self) -> object:
        """Send the end of TLS. Raises SSLWantReadError while the client's has not come."""


class Owner(Protocol):
    """The connection that an outbox writes for."""

    def closing(self, code: int) -> None:
        """A close frame with `code` has been taken: the last frame."""

    def overflowed(self) -> None:
        """The client reads too slowly, and that was why; follows `closing`."""

    def written(self) -> None:
        """The close frame is written."""

    def broken(self, error: OSError) -> None:
        """The socket takes nothing any more."""


class Outbox:
    """The way to one client (`actors.ports.Outbox`).

    Guarantee: frames are written in the order in which they were taken, each at most once, and none after the close frame.

    Attributes:
        closed: whether it has taken its last frame.
        format: how the client wants its events encoded.
    """

    __slots__ = (
        "_acked", "_blocked", "_chunks", "_due", "_encode", "_limit", "_loop", "_metrics", "_owner", "_profile", "_relays", "_scheduler",
        "_size", "_socket", "closed", "format",
    )  # fmt: skip

    def __init__(
        self,
        socket: Socket,
        owner: Owner,
        loop: Any,  # noqa: ANN401 - gevent publishes no type for its loops
        scheduler: HubScheduler,
        *,
        encode: Encode,
        metrics: Metrics,
        limit: int,
        subprotocol: Subprotocol = PLAIN,
    ) -> None:
        self._socket = socket
        self._owner: Owner | None = owner
        self._loop = loop
        self._scheduler = scheduler
        self._encode = encode
        self._metrics = metrics
        self._limit = limit
        self._chunks: list[bytes] = _NOTHING
        self._size = 0
        # The relays among what waits, each with the place of its end in it: their senders are told if it is never written.
        self._relays: list[tuple[int, Relayed]] = _NOTHING
        self._acked = False  # among them may be some whose senders wait to hear that they are written
        self._due = False  # a flush will come: at the end of the turn, or when the socket is writable
        # The write watcher while the kernel's buffer is full; then the first chunk is the rest of what was written in part.
        self._blocked: Any = None
        self.closed = False
        self._profile = subprotocol.profile
        self.format = subprotocol.format or _JSON

    @property
    def pending(self) -> bool:
        """Whether something waits to be written."""
        return bool(self._chunks)

    def send(self, event: Message) -> ErrorCode | None:
        """Take an event, encoded as the client wants it; see the port for the answers."""
        if self.closed:
            return ErrorCode.UNDELIVERED
        form = self.format
        try:
            if type(event) is not Relayed or event.frames is not None:
                frame = self._remembered(event, form)
            elif form is _JSON:
                frame = encode(TEXT, self._encode(event, form, self._profile))
            else:
                frame = encode(BINARY, self._encode(event, form, self._profile))
        except Unrepresentable:
            return ErrorCode.UNREPRESENTABLE
        size = self._size + len(frame)
        if size > self._limit or (len(frame) < REFUSAL_BYTES and type(event) is Relayed and self._is_full(len(frame))):
            refusal = self._make_room(len(frame))
            if refusal is not None:
                return refusal
            size = self._size + len(frame)
        # As in `_put`: a call would be a twentieth of this method.
        if self._due:
            self._chunks.append(frame)
        else:
            self._begin(frame, patient=type(event) is PeerJoined and event.patient)
        self._size = size
        if type(event) is Relayed:
            self._relays.append((size, event if self._blocked is None else _without_payload(event)))
            if event.acked:
                self._acked = True
        return None

    def ping(self) -> None:
        """Ask the client for a pong."""
        if not self.closed:
            self._control(encode(PING, b""))

    def pong(self, payload: bytes) -> None:
        """Answer the client's ping (RFC 6455 section 5.5.3)."""
        if not self.closed:
            self._control(encode(PONG, payload))

    def close(self, code: CloseCode, says: str = "") -> None:
        """Take the last frame."""
        if not self.closed:
            self._last(code, encode_close(code, says), str(int(code)))

    def answer_close(self, code: int) -> None:
        """Answer the client's close frame with its own code (RFC 6455 section 5.5.1); 1005 stands for none. The last frame."""
        if not self.closed:
            self._last(code, encode_close(code), "by client")

    @property
    def waiting(self) -> int:
        """Bytes that wait to be written."""
        return self._size

    def shed(self, code: CloseCode) -> None:
        """Drop what waits, tell its senders, and close with `code`: the client reads too slowly, for itself or for the memory there is."""
        if self.closed or not self._chunks:
            return
        # The first chunk has been written in part, or TLS insists on seeing it again; what is behind it makes room for the close frame.
        del self._chunks[1:]
        self._size = len(self._chunks[0])
        self._give_back(self._size, ErrorCode.SLOW_PEER)
        self._last(code, encode_close(code, CLOSES[code].says), str(int(code)))
        if self._owner is not None:
            self._owner.overflowed()

    def abandon(self) -> None:
        """The socket is gone: what was not written never will be, and the senders are told so."""
        self.closed = True
        self._owner = None
        self._give_back(0, ErrorCode.UNDELIVERED)
        self._chunks = self._relays = _NOTHING
        self._size = 0
        self._unblock()

    def flush(self) -> None:
        """Write what waits, in one call; what the kernel does not take waits for the socket to be writable."""
        self._due = self._blocked is not None
        chunks = self._chunks
        if not chunks or self._owner is None:
            return
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        try:
            sent = self._socket.send(data)
        except WOULD_BLOCK:
            sent = 0
        except OSError as error:
            self._owner.broken(error)
            return
        if self._acked:
            self._acknowledge(sent)
        if sent == len(data):
            self._chunks = self._relays = _NOTHING
            self._size = 0
            if self._blocked is not None:
                self._unblock()
            if self.closed:
                self._owner.written()
        else:
            self._chunks = [data[sent:]]
            self._relays = [(end - sent, _without_payload(relay)) for end, relay in self._relays if end > sent]
            self._size = len(data) - sent
            self._block()

    def _acknowledge(self, sent: int) -> None:
        """Tell the senders of what is written whole."""
        waiting = [(end, relay) for end, relay in self._relays if relay.acked]
        for end, relay in waiting:
            if end <= sent:
                relay.acknowledge(AckStatus.DELIVERED)
        self._acked = any(end > sent for end, _ in waiting)

    def _remembered(self, event: Message, form: Format) -> bytes:
        """The frame of an event that may be a broadcast: that is encoded once for each format, however many receive it."""
        opcode, name = (TEXT, "json") if form is _JSON else (BINARY, "msgpack")
        if self._profile is not _V1:
            name += " v2"
        memo: dict[str, bytes] = getattr(event, "frames", {})
        # Also when it has no form: to find that out takes up to 30 ms for 64 KiB of MessagePack, and a group may have 1000 JSON peers.
        frame = memo.get(name)
        if frame is None:
            try:
                frame = memo[name] = encode(opcode, self._encode(event, form, self._profile))
            except Unrepresentable:
                memo[name] = _NO_FORM
                raise
        if frame is _NO_FORM:
            raise Unrepresentable("found out for another peer")
        return frame

    def _control(self, frame: bytes) -> None:
        if self._size + len(frame) <= self._limit or self._make_room(len(frame)) is None:
            self._put(frame)

    def _put(self, frame: bytes) -> None:
        if self._due:
            self._chunks.append(frame)
        else:
            self._begin(frame)
        self._size += len(frame)

    def _begin(self, frame: bytes, *, patient: bool = False) -> None:
        """The first that waits, or that must not linger with what does: have it written. What is `patient` lingers."""
        if self._chunks:
            self._chunks.append(frame)
        else:
            # Made here: an idle client does without these lists.
            self._chunks = [frame]
            self._relays = []
            if patient:
                self._scheduler.linger(self.flush)
        if not patient:
            self._due = True
            self._scheduler.at_turn_end(self.flush)

    def _make_room(self, needed: int) -> ErrorCode | None:
        """Write ahead of the turn's end: many may speak to one in a turn.

        A frame larger than the bound (a list of many peers) passes when nothing else waits. What comes back says why there is no room: then
        this outbox has taken its last frame.
        """
        if self._blocked is None:
            self.flush()
        if self._owner is None:
            return ErrorCode.UNDELIVERED
        if self._size == 0 or not self._is_full(needed):
            return None
        self._metrics.increment("outbox_overflows")
        self.shed(CloseCode.SLOW_CONSUMER)
        return ErrorCode.SLOW_PEER

    def _is_full(self, needed: int) -> bool:
        return self._size + needed > self._limit or len(self._relays) >= self._limit // REFUSAL_BYTES

    def _give_back(self, kept: int, code: ErrorCode) -> None:
        """Tell the senders of the relays that end beyond the place `kept` that theirs will not be written whole."""
        lost = [relay for end, relay in self._relays if end > kept]
        self._relays = self._relays[: len(self._relays) - len(lost)]
        for relay in lost:
            relay.give_back(code)

    def _last(self, code: int, frame: bytes, label: str) -> None:
        self.closed = True
        self._metrics.increment("closes", label)
        self._put(frame)
        if self._owner is not None:
            self._owner.closing(code)

    def _block(self) -> None:
        if self._blocked is None:
            self._blocked = self._loop.io(self._socket.fileno(), _WRITE)
            self._blocked.start(self.flush)
            self._due = True

    def _unblock(self) -> None:
        watcher, self._blocked = self._blocked, None
        if watcher is not None:
            watcher.close()
            self._due = False


def _without_payload(relay: Relayed) -> Relayed:
    """What it takes to tell the sender: while a client does not read, its messages are not held twice."""
    return replace(relay, payload=None, frames=None)
