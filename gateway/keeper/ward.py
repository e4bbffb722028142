"""One local client and its connection upstream: the client has registered once, and goes on as if nothing ever happened to the server."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeAlias

import msgspec

from gateway.keeper import frames
from gateway.keeper.presence import Listed, Presence, Told
from gateway.keeper.waiting import Waiting
from psync_signal import Event, Failed, GoingAway, Lost, Malformed, Message, PeerJoined, PeerLeft, Peers, Signal, SignalEnded, SignalError
from psync_signal.envelope import NOTHING, Codec, Envelope, Format, Frame

__all__ = ["Gone", "LocalSocket", "OpenSignal", "Registration", "Ward"]

_log = logging.getLogger(__name__)

PATIENCE = 30.0  # seconds

_RESTART = 1012
_SERVER_FAULT, _NOT_AUTHENTICATED, _NOT_ALLOWED = 1011, 4401, 4403
_CLOSE_OF_STATUS = {401: _NOT_AUTHENTICATED, 403: _NOT_ALLOWED}
_RELAYED = frozenset({"offer", "answer", "candidate", "message"})


class Registration(msgspec.Struct, frozen=True):
    """The payload of a register."""

    peer_id: str
    group_id: str
    metadata: msgspec.Raw = NOTHING
    ice: bool = False


class Gone(Exception):
    """The local client has gone."""


class LocalSocket(Protocol):
    """The connection of the local client."""

    async def send(self, frame: Frame) -> None:
        """Send a frame; waits when the client does not read.

        Raises:
            Gone: there is nobody to send it to.

        """

    async def close(self, code: int, reason: str) -> None:
        """End it in order."""


OpenSignal: TypeAlias = Callable[[Registration, Format], Signal]


class Ward:
    """What the keeper does for one local client.

    Args:
        socket: its connection.
        open_signal: makes the client of the server for it.
        clock: seconds, those of `asyncio.timeout_at`.
        patience: seconds after a restart of the server in which others come back.

    """

    def __init__(self, socket: LocalSocket, open_signal: OpenSignal, clock: Callable[[], float], patience: float = PATIENCE) -> None:
        self._patience = patience
        self._socket = socket
        self._open_signal = open_signal
        self._clock = clock
        self._codec = Codec(Format.JSON)  # until it registers in another format
        self._registration: Registration | None = None
        self._presence = Presence(self._patience)
        self._waiting = Waiting()
        self._sending = asyncio.Lock()
        self._signal: Signal | None = None
        self._is_in = False  # and knows who else is: what is sent before might be for one who is still on the way back
        self._lost: tuple[Lost, float] | None = None
        self._ice_servers: tuple[Mapping[str, Any], ...] = ()
        self._upstream: asyncio.Task[None] | None = None
        self.registered = asyncio.Event()

    # --- From the local client ---

    async def hear(self, frame: Frame) -> None:
        """Take what the local client says; what is wrong with it, it is told."""
        codec = Codec(Format.JSON if isinstance(frame, str) else Format.MSGPACK)
        try:
            envelope = codec.read(frame)
        except Malformed as fault:
            await self._refuse("bad_message", f"message: {fault}", {}, temporary=False)
            return
        if envelope.type == "register":
            await self._register(codec, envelope)
        elif envelope.type == "leave":
            await self.end()
        elif envelope.type in _RELAYED:
            await self._relay(codec, envelope)
        elif envelope.type != "heartbeat":  # which is for the server, and that has the pongs of the keeper
            await self._refuse(
                "unknown_type", f"type: {envelope.type!r} is none that a client sends", _reference(envelope), temporary=False
            )

    async def end(self) -> None:
        """Leave upstream, where the group hears of it."""
        self._registration = None
        if self._upstream is not None:
            self._upstream.cancel()
            await asyncio.wait({self._upstream})
            self._upstream = None

    async def _register(self, codec: Codec, envelope: Envelope) -> None:
        try:
            wish = codec.read_as(envelope.payload, Registration)
        except Malformed as fault:
            await self._refuse("bad_register", f"payload: {fault}", _reference(envelope), temporary=False)
            return
        self.registered.set()
        if wish == self._registration and codec.form is self._codec.form:
            await self._list_again(wish)
            return
        await self.end()
        self._codec, self._registration = codec, wish
        self._presence, self._waiting, self._lost, self._ice_servers = Presence(self._patience), Waiting(), None, ()
        self._upstream = asyncio.create_task(self._keep(wish))

    async def _list_again(self, wish: Registration) -> None:
        """Answer a second register: by the server for one that wants fresh credentials, and else from what is known here."""
        if not self._presence.is_named:
            return  # the answer to the first one is that to this one, too
        if wish.ice and self._signal and self._is_in:
            try:
                await self._signal.refresh()
            except SignalError:
                _log.info("the server is away, and ICE servers are those of before", extra={"peer": wish.peer_id})
            else:
                return
        await self._tell([self._presence.listed()])

    async def _relay(self, codec: Codec, envelope: Envelope) -> None:
        about = _reference(envelope)
        if self._registration is None:
            await self._refuse("not_registered", "send register first and wait for peer_list", about)
        elif codec.form is not self._codec.form:
            await self._refuse("unsupported_format", f"this client has registered in {self._codec.form}", about, temporary=False)
        elif envelope.source_id not in {None, "", self._registration.peer_id}:
            words = "source_id is not the id that this connection registered; leave it out"
            await self._refuse("source_mismatch", words, about, temporary=False)
        elif self._waiting.add(envelope):
            await self._send_on()
        else:
            _log.warning("a message is refused: too many wait for the server", extra={"peer": self._registration.peer_id})
            await self._refuse("unavailable", "the server is away, and too much waits for it; send again after a moment", about)

    async def _send_on(self) -> None:
        """Send what waits and can go. In turn, so that nothing overtakes: both sides of the keeper come here."""
        async with self._sending:
            while self._signal and self._is_in and (message := self._waiting.next(self._presence.awaits)):
                try:
                    await self._signal.post(message.target_id or None, message.type, message.payload, id=message.id or None)
                except SignalError as fault:
                    if fault.code == "unavailable":
                        return  # it waits for the next connection
                    await self._refuse("undelivered", fault.message, _reference(message))
                self._waiting.sent(message)

    # --- From upstream ---

    async def _keep(self, wish: Registration) -> None:
        try:
            await self._be_in(wish)
        except Gone:
            return  # whoever reads from the local client finds that, too, and ends this ward
        except Exception:  # noqa: BLE001 - nobody waits for this task: what is wrong has to be told here
            _log.exception("the connection upstream failed")
            await self._socket.close(_SERVER_FAULT, "a fault in the keeper")

    async def _be_in(self, wish: Registration) -> None:
        """Be in the group, for as long as the local client wants to be; what ends that, the local client is told."""
        try:
            async with self._open_signal(wish, self._codec.form) as signal:
                self._signal = signal
                await self._listen(signal)
        except SignalError as refusal:
            self._registration = None
            await self._socket.send(frames.error(self._codec, refusal))
        except SignalEnded as end:
            await self._end_local(end)
        finally:
            self._signal, self._is_in = None, False

    async def _listen(self, signal: Signal) -> None:
        events = aiter(signal)
        while True:
            try:
                async with asyncio.timeout_at(self._presence.due):
                    event = await anext(events)
            except TimeoutError:
                await self._tell(self._presence.overdue(self._clock()))
                await self._send_on()
                continue
            except StopAsyncIteration:
                return
            await self._take(event)

    async def _take(self, event: Event) -> None:
        match event:
            case Message():
                await self._socket.send(frames.relayed(self._codec, event))
            case Peers():
                await self._tell(self._named(event))
                self._is_in = True
                await self._send_on()
            case PeerJoined():
                await self._tell(self._presence.joined(event))
                await self._send_on()
            case PeerLeft():
                await self._tell(self._presence.left(event))
            case Failed(error=error):
                await self._socket.send(frames.error(self._codec, error))
            case Lost():
                self._lost, self._is_in = (event, self._clock()), False
            case GoingAway():
                pass  # the client of the server keeps to it

    def _named(self, event: Peers) -> list[Told]:
        if self._registration and self._registration.ice:
            self._ice_servers = event.ice_servers
        if event.refreshed:
            return [Listed(event.peers)]
        lost, self._lost = self._lost, None
        if lost is None:
            return self._presence.named(event.peers)  # the first list; or the server took this peer for away, and so did the others
        if event.resumed:
            return []  # who came and went meanwhile is told in what follows
        end, at = lost
        # Within the time for which it keeps a place, only a server that has forgotten all places has not kept this one.
        restarted = end.code == _RESTART or self._clock() - at < end.kept
        return self._presence.named_again(event.peers, self._clock()) if restarted else self._presence.named(event.peers)

    async def _tell(self, news: Iterable[Told]) -> None:
        for told in news:
            await self._socket.send(self._frame(told))

    def _frame(self, told: Told) -> Frame:
        match told:
            case Listed(peers=peers):
                return frames.peer_list(self._codec, peers, self._ice_servers)
            case PeerJoined(peer=peer):
                return frames.peer_joined(self._codec, peer)
            case PeerLeft(peer=peer, reason=reason):
                return frames.peer_left(self._codec, peer, reason)

    async def _end_local(self, end: SignalEnded) -> None:
        self._registration = None
        code = end.code if end.code >= 1000 else _CLOSE_OF_STATUS.get(end.code, _SERVER_FAULT)  # noqa: PLR2004 - the lowest close code
        said = "not_allowed" if code in {_NOT_AUTHENTICATED, _NOT_ALLOWED} else "unavailable"
        await self._refuse(said, f"the server has refused the keeper for good: {end}", {"type": "register"}, temporary=False)
        await self._socket.close(code, "the server has refused the keeper for good")

    async def _refuse(self, code: str, words: str, about: dict[str, str], *, temporary: bool = True) -> None:
        await self._socket.send(frames.error(self._codec, SignalError(code, words, temporary=temporary, ref=about)))


def _reference(envelope: Envelope) -> dict[str, str]:
    members = {"id": envelope.id, "type": envelope.type, "target_id": envelope.target_id}
    return {name: member for name, member in members.items() if member}
