"""The client: in the group, or on its way back to it, until it is closed."""

import asyncio
import logging
import math
import random
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

import msgspec

from psync_signal.connection import Connect, Connection, connect
from psync_signal.credential import Credential, NoToken, Token
from psync_signal.envelope import NOTHING, Codec, Envelope, Format, Frame, Malformed
from psync_signal.errors import UNANSWERED, UNAVAILABLE, SignalError
from psync_signal.events import Event, Failed, GoingAway, Lost, Peers, event_of
from psync_signal.inbox import Inbox
from psync_signal.joining import Registration, join, register
from psync_signal.reconnect import BREAK, Broken, Course, Refused, Unreachable
from psync_signal.unanswered import Unanswered

__all__ = ["Signal", "Workings"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Workings:
    """The bounds of a client, and what it meets the world with.

    Attributes:
        inbox: events that wait to be read; beyond that the client reads no more from the server.
        in_flight: messages that wait for their answer; beyond that `send` fails.
        patience: seconds that an answer may take.
        connect: makes a connection.
        clock: seconds; never goes back.
        sleep: waits for some seconds.
        uniform: a random number between two others.
    """

    inbox: int = 1024
    in_flight: int = 256
    patience: float = 30.0
    connect: Connect = connect
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    uniform: Callable[[float, float], float] = random.uniform


class _Ack(msgspec.Struct):
    id: str
    status: str


class Signal:
    """One peer in one group.

    It is used like this::

        async with Signal(url, peer_id="me", group_id="room") as signal:
            async for event in signal:
                ...

    `async with` waits until the server has let the peer in, and tries again for as long as the server cannot be reached; put
    `asyncio.timeout` around it to bound that. From then on the client comes back by itself, to its old place if that is still kept for
    it. The iteration ends when the client is closed, and with `SignalEnded` when it cannot come back.

    Read the events: when 1024 of them wait, the client stops reading from the server, which then tells senders that you are slow and at
    last closes the connection; and `send` fails until there is room, because its answer could not be heard.

    Args:
        url: `ws://` or `wss://`, up to and with the path.
        peer_id: the id of this peer.
        group_id: the group.
        metadata: what other peers are told about this one; any value that the format has a form for.
        token: a token, or a function (or coroutine function) that gives one, called before each connection. When it fails, `async with`
            raises what it raised; a client that was in the group before asks it again, as it tries a server that cannot be reached.
        format: `json` or `msgpack`. Peers of one group may use different ones.
        tls: what to trust, if not the authorities of the system.
        workings: bounds and, for tests, the world around.

    Raises:
        ValueError: `format` is neither.

    """

    def __init__(
        self,
        url: str,
        *,
        peer_id: str,
        group_id: str,
        metadata: Any = None,  # noqa: ANN401 - whatever other peers are to know
        token: Token = None,
        format: str = "json",  # noqa: A002 - the word of the protocol
        tls: ssl.SSLContext | None = None,
        workings: Workings = Workings(),
    ) -> None:
        self._url = url
        self._tls = tls
        self._registration = Registration(peer_id, group_id, metadata)
        self._workings = workings
        self._codec = Codec(Format(format))
        self._credential = Credential(token)
        self._course = Course(renews_token=self._credential.renews, uniform=workings.uniform)
        self._inbox = Inbox(workings.inbox)
        self._unanswered = Unanswered(workings.in_flight)
        self._session = ""
        self._refreshes = 0  # that the server has not answered
        self._slot: float | None = None
        self._window = 0.0  # seconds for which the server keeps a place
        self._kept_until = -math.inf  # and until when it keeps this one
        self._connection: Connection | None = None
        self._was_in = False
        self._entered = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # --- Coming and going ---

    async def __aenter__(self) -> Self:
        """Wait until the server has let this peer in.

        Raises:
            SignalError: the server does not want this peer in this group now; see `temporary`.
            SignalEnded: the server does not want this client at all.
            RuntimeError: it has been entered before.

        """
        if self._task is not None:
            raise RuntimeError("a Signal has one life; make another one")
        self._task = asyncio.create_task(self._live())
        entering = asyncio.create_task(self._entered.wait())
        try:
            await asyncio.wait({self._task, entering}, return_when=asyncio.FIRST_COMPLETED)
            if not self._entered.is_set():
                await self._inbox.get()  # the end, which raises what it came with
        except BaseException:
            await self.close()
            raise
        finally:
            entering.cancel()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave: the group hears so at once, messages that wait for an answer are given up, the iteration ends. May be called twice."""
        self._inbox.end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def leave(self) -> None:
        """Leave the group, wait until the server has said that the others know, then `close`.

        Raises:
            SignalError: the server has not said so. The client is closed all the same.

        """
        try:
            await self._ask("leave")
        finally:
            await self.close()

    # --- In ---

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await self._inbox.get()

    # --- Out ---

    async def send(self, target_id: str, type: str, payload: Any = NOTHING) -> str:  # noqa: A002, ANN401 - the protocol's word; opaque
        """Send an `offer`, `answer`, `candidate` or `message` to a peer. At most once: nothing is ever sent again by itself.

        Returns:
            `delivered`: written to that peer's connection. `queued`: kept for a moment, until that peer is back.

        Raises:
            SignalError: it failed; with code `unanswered` it may have arrived, with any other it has not.
            Malformed: the payload has no form in this client's format.

        """
        return await self._ask(type, target_id, payload)

    async def broadcast(self, payload: Any = NOTHING) -> str:  # noqa: ANN401 - opaque
        """Send a `message` to all others of the group; as `send`. Whom it does not reach is told in `Failed` events."""
        return await self._ask("message", None, payload)

    async def post(self, target_id: str | None, type: str, payload: Any = NOTHING, *, id: str | None = None) -> None:  # noqa: A002, ANN401 - the protocol's words; opaque
        """Send, and wait for no answer: if it fails, a `Failed` event says so, with the `id` if one was given.

        Raises:
            SignalError: there is no connection now, or it has just ended.
            Malformed: the payload has no form in this client's format.

        """
        await self._write(Envelope(type, target_id=target_id, id=id, payload=self._codec.raw(payload)))

    async def refresh(self) -> None:
        """Ask for the list again, with new credentials for TURN: it comes as `Peers` that are `refreshed`. The others hear nothing.

        Raises:
            SignalError: there is no connection now.

        """
        await self._write(register(self._codec, self._registration))
        self._refreshes += 1

    async def _ask(self, kind: str, target_id: str | None = None, payload: object = NOTHING) -> str:
        if self._inbox.full:
            raise SignalError(UNAVAILABLE, "the events of this client wait to be read; read them first")
        with self._unanswered.expect() as (name, answer):
            await self._write(Envelope(kind, target_id=target_id, id=name, payload=self._codec.raw(payload)))
            try:
                async with asyncio.timeout(self._workings.patience):
                    return await answer
            except TimeoutError:
                raise SignalError(UNANSWERED, f"no answer within {self._workings.patience:g} s; it may have arrived") from None

    async def _write(self, envelope: Envelope) -> None:
        if self._connection is None:
            raise SignalError(UNAVAILABLE, "there is no connection to the server now")
        try:
            await self._connection.send(self._codec.write(envelope))
        except Broken as end:
            code, says = (UNAVAILABLE, "it was not sent") if end.unsent else (UNANSWERED, "it may have arrived")
            raise SignalError(code, f"{end}; {says}") from None

    # --- The life of the client ---

    async def _live(self) -> None:
        try:
            while True:
                failure = await self._attempt()
                loss = self._loss_by(failure)
                delay = self._delay_after(failure)
                if loss is not None:
                    self._inbox.note(loss)
                peer, group, _ = self._registration
                _log.warning("%s; the next attempt is in %.1f s", failure, delay, extra={"peer": peer, "group": group})
                await self._workings.sleep(delay)
        except Exception as end:  # noqa: BLE001 - whatever it is, it is for who reads the events
            self._inbox.end(end)

    def _delay_after(self, failure: Exception) -> float:
        """Seconds until the next attempt; raises what ends the client."""
        if isinstance(failure, SignalError | NoToken) and not self._entered.is_set():
            raise failure.__cause__ or failure
        self._credential.judged(failure)
        now = self._workings.clock()
        return self._course.after(failure, None if self._slot is None else self._slot - now, self._kept_until - now)

    async def _attempt(self) -> Exception:
        """Connect, join, listen; returns why it has ended."""
        try:
            token = await self._credential.next(self._workings.patience)
            connection = await self._workings.connect(self._url, self._codec.form, token, self._tls)
        except (NoToken, Refused, Unreachable) as failure:
            return failure
        try:
            return await self._attend(connection)
        finally:
            self._connection = None
            self._unanswered.give_up("the connection has ended")
            await connection.close()

    async def _attend(self, connection: Connection) -> Exception:
        self._slot, self._refreshes = None, 0
        try:
            joined = await join(connection, self._codec, self._registration, self._session)
            self._course.joined()
            self._window = joined.window
            self._connection, self._was_in = connection, True
            await self._hear(joined.peers)
            self._entered.set()
            while True:
                await self._take(await connection.receive(joined.silence))
        except (Broken, SignalError, Malformed) as failure:
            return failure

    async def _take(self, frame: Frame) -> None:
        try:
            event = self._read(frame)
        except Malformed as fault:
            # Not the end of the connection: what a client cannot read may be what another peer has sent to it, again and again.
            _log.warning("a frame from the server is left out: %s", fault)
            return
        if event is not None and not (isinstance(event, Failed) and self._unanswered.fail(event.error)):
            await self._hear(event)

    def _read(self, frame: Frame) -> Event | None:
        envelope = self._codec.read(frame)
        if envelope.type != "ack":
            return event_of(envelope, self._codec)
        ack = self._codec.read_as(envelope.payload, _Ack)
        self._unanswered.settle(ack.id, ack.status)
        return None

    async def _hear(self, event: Event) -> None:
        if isinstance(event, Peers):
            self._session = event.session
            if self._refreshes:
                self._refreshes -= 1
                event = replace(event, refreshed=True)
        elif isinstance(event, Failed) and event.error.ref.get("type") == "register":
            self._refreshes = max(self._refreshes - 1, 0)
        elif isinstance(event, GoingAway):
            self._slot = self._workings.clock() + event.reconnect_after
        if self._inbox.full:
            self._unanswered.give_up("the events of this client wait to be read")
        await self._inbox.put(event)

    def _loss_by(self, failure: Exception) -> Lost | None:
        """What is to be told of it, if there was something to lose."""
        if not self._was_in:
            return None
        self._was_in = False
        end = failure if isinstance(failure, Broken) else Broken(reason=str(failure))
        kept = self._window if end.code == BREAK and not end.silent else 0.0
        self._kept_until = self._workings.clock() + kept
        return Lost(end.code, end.reason, end.silent, kept)
