"""One WebSocket connection to the server, as `psync_signal.client` needs it. The only module here that names `websockets`."""

import asyncio
import logging
import math
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeAlias, cast

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_websocket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, NegotiationError
from websockets.protocol import State
from websockets.typing import Subprotocol

from psync_signal.envelope import Format, Frame
from psync_signal.reconnect import BREAK, Broken, Refused, Unreachable

__all__ = ["Connect", "Connection", "connect"]

# At a lower level the library shows the headers of the handshake, and so the token.
_log = logging.getLogger("psync_signal.websocket")
_log.setLevel(logging.WARNING)

_OPEN_TIMEOUT = 10.0  # seconds for the name, TCP, TLS and the handshake
_CLOSE_TIMEOUT = 2.0  # seconds for the server's half of the closing handshake, twice what it waits for ours
_MAX_FRAME = 2**24  # bytes: a list has up to 2 kB for each of 1000 peers, and an operator may allow more
_BAD_REQUEST = 400


class Connection(Protocol):
    """What the client needs of a connection."""

    async def send(self, frame: Frame) -> None:
        """Send a frame; waits when the server does not take it.

        Raises:
            Broken: the connection has ended.

        """

    async def receive(self, silence: float) -> Frame:
        """The next frame.

        Raises:
            Broken: the connection has ended, or nothing has come for so many seconds, not even a ping.

        """

    async def close(self) -> None:
        """End it in order, so that the group hears at once that this peer has left. May be called twice."""


Connect: TypeAlias = Callable[[str, Format, str | None, ssl.SSLContext | None], Awaitable[Connection]]


class _Heard(ClientConnection):
    """Knows when the server was last heard; its pings are answered below what `recv` returns."""

    heard_at = -math.inf

    def data_received(self, data: bytes) -> None:
        self.heard_at = asyncio.get_running_loop().time()
        super().data_received(data)


class _WebSocket:
    def __init__(self, socket: _Heard) -> None:
        self._socket = socket

    async def send(self, frame: Frame) -> None:
        if self._socket.state is not State.OPEN:
            raise Broken(unsent=True)
        try:
            await self._socket.send(frame)
        except ConnectionClosed as error:
            raise _broken(error) from None

    async def receive(self, silence: float) -> Frame:
        # A reader that was late is no sign of a silent server.
        began = asyncio.get_running_loop().time()
        while True:
            deadline = max(began, self._socket.heard_at) + silence
            try:
                async with asyncio.timeout_at(deadline):
                    return await self._socket.recv()
            except ConnectionClosed as error:
                raise _broken(error) from None
            except TimeoutError:
                if self._socket.heard_at + silence <= deadline:
                    self._socket.transport.abort()
                    raise Broken(reason=f"the server was silent for {silence:g} s", silent=True) from None

    async def close(self) -> None:
        await self._socket.close()


async def connect(url: str, form: Format, token: str | None, tls: ssl.SSLContext | None) -> Connection:
    """Shake hands for profile v2, with the token in a header (RFC 6750 section 2.1), where no log of addresses shows it.

    Raises:
        Refused: the server does not want this connection.
        Unreachable: there is none, or none that is trusted.

    """
    trust: dict[str, Any] = {} if tls is None else {"ssl": tls}  # an `ssl` that is None contradicts a `wss`
    opening = open_websocket(
        url,
        subprotocols=[Subprotocol(form.subprotocol)],
        additional_headers={} if token is None else {"Authorization": f"Bearer {token}"},
        compression=None,  # the server agrees to no extension
        open_timeout=_OPEN_TIMEOUT,
        close_timeout=_CLOSE_TIMEOUT,
        ping_interval=None,  # the server pings, and `receive` listens for it
        max_size=_MAX_FRAME,
        create_connection=_Heard,
        logger=_log,
        **trust,
    )
    try:
        socket = await opening
    except InvalidStatus as error:
        raise _refused(error) from None
    except NegotiationError as error:
        raise Refused(_BAD_REQUEST, f"this is no server of profile v2: {error}") from None
    except (OSError, InvalidHandshake, TimeoutError) as error:
        raise Unreachable(str(error) or type(error).__name__) from error
    if socket.subprotocol != form.subprotocol:
        await socket.close()
        raise Refused(_BAD_REQUEST, f"the server does not speak {form.subprotocol}")
    return _WebSocket(cast("_Heard", socket))


class _Refusal(msgspec.Struct):
    error: str = ""
    message: str = ""


def _refused(answer: InvalidStatus) -> Refused:
    response = answer.response
    try:
        said = msgspec.json.decode(bytes(response.body or b""), type=_Refusal)
        reason = f"{said.error}: {said.message}"
    except msgspec.MsgspecError:  # from a proxy, or the answer to a path that is not there
        reason = response.reason_phrase
    after = response.headers.get("Retry-After", "")
    return Refused(response.status_code, reason, float(after) if after.isascii() and after.isdigit() else None)


def _broken(error: ConnectionClosed) -> Broken:
    return Broken(error.rcvd.code, error.rcvd.reason) if error.rcvd else Broken(BREAK, "no close frame")
