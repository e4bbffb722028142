"""The side of the keeper that local clients connect to: listens, admits, ends."""

import asyncio
import logging
import ssl
from dataclasses import dataclass
from http import HTTPStatus

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from gateway.keeper.ward import Gone, Registration, Ward
from psync_signal import Signal
from psync_signal.credential import Token
from psync_signal.envelope import Format, Frame

__all__ = ["Keeper", "Settings"]

_log = logging.getLogger(__name__)

_RESTART, _TRY_LATER, _REGISTER_TIMEOUT = 1012, 1013, 4408
_PING_INTERVAL, _PING_TIMEOUT = 25.0, 35.0  # seconds; together those after which the server takes a silent client for away
_CLOSE_TIMEOUT = 1.0
_MESSAGE_BYTES = 2**20  # of a local client; what the server takes is the server's to say


@dataclass(frozen=True)
class Settings:
    """What the keeper was told.

    Attributes:
        upstream: the address of the server, up to and with the path.
        host: where to listen.
        port: there; 0 for any that is free.
        token: gives the token for the server; None where it asks for none.
        tls: what to trust, if not the authorities of the system.
        connections: local clients at once.
        register_timeout: seconds that one has to register.
    """

    upstream: str
    host: str
    port: int
    token: Token
    tls: ssl.SSLContext | None
    connections: int
    register_timeout: float = 10.0


class _Local:
    """The connection of a local client, as its ward sees it."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket

    async def send(self, frame: Frame) -> None:
        try:
            await self._socket.send(frame)
        except ConnectionClosed as end:
            raise Gone(str(end)) from None

    async def close(self, code: int, reason: str) -> None:
        await self._socket.close(code, reason)


class Keeper:
    """Has a ward for each local client.

    Attributes:
        port: where it listens, once it does.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sockets: set[ServerConnection] = set()
        self._stopped = asyncio.Event()
        self.port: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def stop(self) -> None:
        """Let `run` end, in order."""
        self._stopped.set()

    async def run(self) -> None:
        """Serve until `stop`. Then every local client is told to come again, and every group that its peer has left.

        Raises:
            OSError: the address cannot be had.

        """
        settings = self._settings
        serving = serve(
            self._attend,
            settings.host,
            settings.port,
            # A page of any site that a browser on this machine shows could else use the token. Browsers say where a page is from.
            origins=[None],
            process_request=self._admit,
            compression=None,
            max_size=_MESSAGE_BYTES,
            ping_interval=_PING_INTERVAL,
            ping_timeout=_PING_TIMEOUT,
            close_timeout=_CLOSE_TIMEOUT,
        )
        async with serving as server:
            host, port = server.sockets[0].getsockname()[:2]
            _log.info("listening on ws://%s:%d/ws", f"[{host}]" if ":" in host else host, port, extra={"upstream": settings.upstream})
            self.port.set_result(port)
            await self._stopped.wait()
            _log.info("going down", extra={"clients": len(self._sockets)})
            await asyncio.gather(*(socket.close(_RESTART, "the keeper goes down") for socket in list(self._sockets)))

    def open_signal(self, wish: Registration, form: Format) -> Signal:
        """The client of the server for a local one; its metadata as they came."""
        metadata = wish.metadata if bytes(wish.metadata) else None
        return Signal(
            self._settings.upstream,
            peer_id=wish.peer_id,
            group_id=wish.group_id,
            metadata=metadata,
            token=self._settings.token,
            format=form,
            tls=self._settings.tls,
        )

    def _admit(self, socket: ServerConnection, request: Request) -> Response | None:
        if request.path.partition("?")[0] != "/ws":
            return socket.respond(HTTPStatus.NOT_FOUND, "the keeper serves /ws alone\n")
        if len(self._sockets) >= self._settings.connections:
            _log.warning("a local client is refused: there are %d already", len(self._sockets))
            return socket.respond(HTTPStatus.SERVICE_UNAVAILABLE, "the keeper has as many clients as it may\n")
        return None

    async def _attend(self, socket: ServerConnection) -> None:
        if len(self._sockets) >= self._settings.connections:  # several were shaking hands at once
            await socket.close(_TRY_LATER, "the keeper has as many clients as it may")
            return
        self._sockets.add(socket)
        ward = Ward(_Local(socket), self.open_signal, asyncio.get_running_loop().time)
        _log.info("a local client came", extra={"client": str(socket.id)})
        impatience = asyncio.create_task(self._expect_register(socket, ward))
        try:
            async for frame in socket:
                await ward.hear(frame)
        except (ConnectionClosed, Gone) as end:
            _log.info("the connection of a local client broke", extra={"client": str(socket.id), "reason": str(end)})
        finally:
            self._sockets.discard(socket)
            impatience.cancel()
            await ward.end()

    async def _expect_register(self, socket: ServerConnection, ward: Ward) -> None:
        try:
            await asyncio.wait_for(ward.registered.wait(), self._settings.register_timeout)
        except TimeoutError:
            await socket.close(_REGISTER_TIMEOUT, "did not register in time")
