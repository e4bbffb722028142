"""Connection: one detached socket, from the 101 to the end of TCP. Read events become frames, messages, and what its PeerActor is told.

It is the only owner of its socket: nothing of the WSGI server knows of it any more, no greenlet waits on it. A close handshake ends within
`close_timeout`: the last frame is written, the socket is half-closed and read to its end, so that no reset eats the close code.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from secrets import randbits
from socket import SHUT_WR
from typing import TYPE_CHECKING, Any, cast

import pykka

from actors.events import Format
from actors.messages import Lost, Ping, Pong, Register
from actors.reasons import CLOSES, CloseCode, LeaveReason, MailboxFull
from actors.runtime import BrokerRef
from gateway.frames import CLOSE, PING, TEXT, Frame, FrameReader, ProtocolError, parse_close
from gateway.line import Line
from gateway.outbox import WOULD_BLOCK, Outbox, Socket, TlsSocket
from gateway.subprotocol import PLAIN, Subprotocol

if TYPE_CHECKING:
    from gateway.scheduler import HubTimer

__all__ = ["PRESSURE", "Connection"]

logger = logging.getLogger("gateway.connection")

RECEIVE_BYTES = 65_536
"""Read at once, at most."""

PRESSURE = 64
"""Messages that may wait in a PeerActor before its socket is no longer read, and frames of one client that are handled in one turn."""

_READ = 1  # libev: EV_READ
_JSON, _MSGPACK = Format.JSON, Format.MSGPACK
_PING, _PONG = Ping(), Pong()


class Connection:
    """One client's socket. `outbox` is the way out; `open` connects the way in with `peer`, a PeerActor; None again at the end."""

    __slots__ = (
        "_backlog", "_ending", "_line", "_lost", "_number", "_on_end", "_reader", "_registered", "_socket", "_timer", "_tls",
        "_unfinished_since", "_violation", "_watcher", "address", "outbox", "peer", "subprotocol",
    )  # fmt: skip

    def __init__(
        self, socket: Socket, address: str, line: Line, on_end: Callable[["Connection"], None], subprotocol: Subprotocol = PLAIN
    ) -> None:
        self._socket = socket
        self._line = line
        self._on_end = on_end
        self._reader = FrameReader(line.frames)
        self._watcher: Any = line.loop.io(socket.fileno(), _READ)
        self._tls = cast("TlsSocket", socket) if hasattr(socket, "unwrap") else None
        self._timer: HubTimer | None = None
        self.peer: BrokerRef | None = None
        # Frames that were read and have not been handled: the PeerActor had enough to do. Nothing is read meanwhile.
        self._backlog: Sequence[Frame] = ()
        self._violation: tuple[int, str] | None = None  # the error itself would hold its traceback, and that this connection
        self._unfinished_since: float | None = None
        self._registered = self._ending = False
        self._lost = False  # the PeerActor has been told the end, and what the client sends is no longer looked at
        self.address = address
        self._number = randbits(64)  # half the memory of what is written of it
        self.subprotocol = subprotocol
        metrics, limit = line.metrics, line.outbox_bytes
        self.outbox = Outbox(
            socket, self, line.loop, line.scheduler, encode=line.encode, metrics=metrics, limit=limit, subprotocol=subprotocol
        )

    def open(self, peer: BrokerRef, data: bytes) -> None:
        """Begin to read; `data` is what the client sent behind its handshake."""
        logger.debug("open", extra=self._who())
        self.peer = peer
        self._watcher.start(self._readable)
        if data:
            self._hear(data)
        if self._tls is not None:
            self._look_again()

    @property
    def id(self) -> str:
        """What tells it from all other connections, of other processes too."""
        return f"{self._number:016x}"

    def _who(self) -> dict[str, str]:
        """What its log lines have in common."""
        return {"address": self.address, "connection": self.id}

    # --- Reading ---

    def _readable(self) -> None:
        self._read()
        self._line.scheduler.relieve()

    def _read(self) -> None:
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except WOULD_BLOCK:
            return
        except OSError as error:
            self.broken(error)
            return
        if not data:
            self.end()
        elif not self._lost:
            self._hear(data)
            if self._tls is not None:
                self._look_again()

    def _hear(self, data: bytes) -> None:
        try:
            try:
                frames = self._reader.feed(data)
            except ProtocolError as violation:
                frames = violation.frames
                self._violation = violation.code, violation.reason
            if self.subprotocol.format is not None and (fault := self.subprotocol.fault(frames)) is not None:
                frames, says = frames[: fault[0]], fault[1]
                self._violation = CloseCode.WRONG_TYPE, says
            self._take(frames)
            if self._reader.begun is not None:
                self._watch_unfinished(frames)
            elif self._unfinished_since is not None:
                self._unfinished_since = None
        except BaseException as error:  # noqa: BLE001 - `_failed` logs it; whatever it is, it ends this connection alone
            self._failed(error)

    def _failed(self, error: BaseException) -> None:
        """A fault of ours in one connection; its PeerActor and the others go on."""
        logger.error("connection failed", exc_info=error, extra=self._who())
        self._violated(CloseCode.SERVER_FAULT, CLOSES[CloseCode.SERVER_FAULT].says)

    def _take(self, frames: Sequence[Frame]) -> None:
        """Handle frames in order; those that the PeerActor has no room for wait, and so does the client."""
        peer = self.peer
        if peer is None:
            return
        try:
            handled = self._tell(peer, frames)
        except pykka.ActorDeadError:
            # Its PeerActor has failed; it has closed the outbox, if it could.
            self._violated(CloseCode.SERVER_FAULT, CLOSES[CloseCode.SERVER_FAULT].says)
            return
        if handled < len(frames):
            self._backlog = frames[handled:]
            self._pause()
        elif self._violation is not None:
            code, says = self._violation
            self._behind_answers(partial(self._violated, CloseCode(code), says))
        elif len(peer.actor_inbox.unread) > PRESSURE:  # type: ignore[attr-defined] # a Mailbox
            self._pause()

    def _tell(self, peer: BrokerRef, frames: Sequence[Frame]) -> int:
        """Tell the PeerActor what the frames say, PRESSURE of them at most; returns how many it took.

        Raises:
            pykka.ActorDeadError: it has ended.

        """
        handled = 0
        decode, outbox, quota = self._line.decode, self.outbox, self._line.quota
        try:
            for opcode, payload in frames:
                if handled == PRESSURE:
                    break
                if opcode >= CLOSE:
                    self._control(opcode, payload)
                elif not outbox.closed:
                    form = _JSON if opcode == TEXT else _MSGPACK
                    message = decode(form, payload)
                    if quota is not None:
                        message = quota.judge(message, len(payload), self._line.clock.monotonic(), self._line.metrics)
                    if not self._registered or type(message) is Register:
                        outbox.format = form  # the answer comes as the question did; that of a register holds from there on
                        self._registered = type(message) is Register
                    peer.tell(message)
                handled += 1
        except MailboxFull:
            pass  # the frame that did not fit is the first of those that wait
        return handled

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == CLOSE:
            self._behind_answers(partial(self._closed_by_client, payload))
        elif opcode == PING:
            # In this order: a ping that does not fit into the mailbox comes here again, and is answered once.
            self._sign_of_life(_PING)
            self.outbox.pong(payload)
        else:
            self._sign_of_life(_PONG)

    def _sign_of_life(self, message: Ping | Pong) -> None:
        if self.peer is not None and not self.outbox.closed:
            self.peer.tell(message)

    def _pause(self) -> None:
        """The PeerActor has enough to do: let the kernel's buffer, and then the client, wait."""
        if self._watcher is not None:
            self._watcher.stop()
            self._line.metrics.increment("read_pauses")
            self._line.scheduler.at_turn_end(self._resume)

    def _resume(self) -> None:
        if self._watcher is None or self.peer is None or self._lost:
            return
        if len(self.peer.actor_inbox.unread) > PRESSURE:  # type: ignore[attr-defined] # as above
            self._line.scheduler.at_turn_end(self._resume)
            return
        self._watcher.start(self._readable)
        backlog, self._backlog = self._backlog, ()
        try:
            self._take(backlog)
        except BaseException as error:  # noqa: BLE001 - `_failed` logs it; whatever it is, it ends this connection alone
            self._failed(error)
        self._look_again()

    def _look_again(self) -> None:
        """TLS may hold bytes that the kernel announces no more: read them in the coming turn, unless reading pauses."""
        if self._tls is not None and self._is_reading() and self._tls.pending():
            self._line.scheduler.at_turn_end(self._read_on)

    def _read_on(self) -> None:
        if self._is_reading():
            self._read()

    def _is_reading(self) -> bool:
        return self._watcher is not None and bool(self._watcher.active)

    # --- Deadlines ---

    def _watch_unfinished(self, frames: list[Frame]) -> None:
        """The client has begun a message. A data frame that came whole was the end of the one before; a ping within a message was not."""
        if not self._reader.unfinished:
            return
        if self._unfinished_since is None or any(opcode < CLOSE for opcode, _ in frames):
            self._unfinished_since = self._line.clock.monotonic()
        if self._timer is None and not self.outbox.closed:
            self._start_timer(self._check_unfinished, self._line.message_timeout)

    def _check_unfinished(self) -> None:
        self._timer = None
        if self._unfinished_since is None or self.outbox.closed:
            return
        left = self._unfinished_since + self._line.message_timeout - self._line.clock.monotonic()
        if left > 0:
            self._start_timer(self._check_unfinished, left)
        else:
            self._violated(CloseCode.POLICY, f"message not finished within {self._line.message_timeout:g} s")

    def _start_timer(self, callback: Callable[[], None], seconds: float) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._line.scheduler.timer(callback)
        self._timer.start(seconds)

    # --- The end ---

    def _behind_answers(self, end: Callable[[], None]) -> None:
        """Begin the end when the PeerActor has answered what the same bytes held before it: a close frame would shut those answers out.

        One turn is waited for. An actor whose turn is cut answers too late, as one that waits for another node does.
        """
        if self._watcher is not None:
            self._ending = True
            self._watcher.stop()
            self._line.scheduler.at_turn_end(end)

    def _violated(self, code: CloseCode, says: str) -> None:
        self.outbox.close(code, says)
        self._client_is_done(LeaveReason.LOST)

    def _closed_by_client(self, payload: bytes) -> None:
        code, _ = parse_close(payload)
        self.outbox.answer_close(code)
        self._client_is_done(LeaveReason.LEFT)

    def closing(self, code: int) -> None:
        """The last frame is taken. From here on the client has `close_timeout` to let go."""
        logger.debug("closing", extra={**self._who(), "code": code})
        self._start_timer(self._cut, self._line.close_timeout)

    def _cut(self) -> None:
        self._line.metrics.increment("close_timeouts")
        self.end()

    def overflowed(self) -> None:
        """A slow client: its group need not wait for its socket to end."""
        self._client_is_done(LeaveReason.LOST)

    def written(self) -> None:
        """The close frame is out. Unless the client is done, its own close frame is still to come."""
        if self._lost:
            self._half_close()

    def broken(self, error: OSError) -> None:
        """The socket has failed."""
        logger.debug("socket failed: %s", error, extra=self._who())
        self.end()

    def _client_is_done(self, reason: LeaveReason) -> None:
        """It has closed first, has answered our close frame, or has broken a rule: it sends no more that is of interest."""
        if self._lost:
            return
        self._tell_lost(reason)
        if not self.outbox.pending:
            self._half_close()
        elif self._watcher is not None:
            # Unread, a flood costs nothing; `close_timeout` ends a client that never takes its close frame.
            self._watcher.stop()

    def _half_close(self) -> None:
        """Let the client see the end behind the close frame, and wait for its end; closing now would reset what it has not yet read."""
        if self._watcher is None:
            return
        if not self._watcher.active:
            self._watcher.start(self._readable)
        if self._tls is not None:
            with suppress(OSError):  # SSLWantReadError: our half of the TLS end is sent, the client's has not come
                self._tls.unwrap()
        with suppress(OSError):  # the client may have gone, and then the next read says so
            self._socket.shutdown(SHUT_WR)

    def _tell_lost(self, reason: LeaveReason, *, broken: bool = False) -> None:
        if not self._lost:
            self._lost = True
            if self.peer is not None:
                self.peer.post(Lost(reason, broken))

    def end(self) -> None:
        """Close the socket and give everything back. The PeerActor hears of it, if it has not heard before. May be called twice."""
        if self._watcher is None:
            return
        logger.debug("ended", extra=self._who())
        watcher, self._watcher = self._watcher, None
        watcher.close()
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._tell_lost(LeaveReason.LOST, broken=not (self.outbox.closed or self._ending))
        self.outbox.abandon()
        self.peer = None
        self._on_end(self)
        self._socket.close()
