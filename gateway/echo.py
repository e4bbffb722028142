"""The echo application: what a client sends comes back to it, in a frame of the same kind. For development, never part of a broker.

It stands behind the same listener, handshake, frames, outbox and scheduler as the broker, so that test suites of WebSocket servers, which
want an echo, can judge these. No client is pinged or expires, and no rate counts: `limits.connections` and the bounds of frames, outbox and
mailbox hold.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, cast

from msgspec import defstruct
from msgspec.structs import fields

from actors.events import Format, Message, Profile
from actors.messages import Close, Lost, Ping, Pong
from actors.reasons import CLOSES, CloseCode
from actors.runtime import BrokerActor, BrokerRef, Runtime, handles
from gateway.app import App
from gateway.config import Config, Limits

if TYPE_CHECKING:
    from gateway.admission import Admitted
    from gateway.connection import Connection
    from gateway.line import Decode
    from gateway.outbox import Encode, Outbox

__all__ = ["ROOM", "EchoActor", "EchoApp", "EchoConfig", "Echoed", "content"]

_MIB = 2**20

ROOM: Mapping[str, object] = {
    "message_bytes": 16 * _MIB,
    "fragments": 131_072,
    "bytes_burst": 16 * _MIB,  # counts for nothing here, and may not be less than a message
    "outbox_bytes": 32 * _MIB,
    "send_buffer_bytes": 4 * _MIB,
    "message_timeout": 600.0,
}
"""Defaults of `[limits]` with room for every case of the Autobahn test suite: one has 16 MiB, one comes in 65,537 frames."""


def _with_room() -> type[Config]:
    """The broker's config with other defaults; types, ranges and words are the same."""
    keys = [(field.name, field.type, ROOM.get(field.name, field.default)) for field in fields(Limits)]
    limits = defstruct("EchoLimits", keys, bases=(Limits,), frozen=True)
    return cast("type[Config]", defstruct("EchoConfig", [("limits", limits, limits())], bases=(Config,), frozen=True))


EchoConfig = _with_room()
"""What `gateway.config.load` reads for the echo application: what a user sets wins over `ROOM` as it does over the broker's defaults."""


class Echoed(Message, frozen=True, gc=False):
    """A client's message, and the event that is its echo: `form` says in which kind of frame it came. `data` is not looked at."""

    form: Format
    data: bytes


def content(event: Echoed, _form: Format, _profile: Profile) -> bytes:
    """What goes back."""
    return event.data


class EchoActor(BrokerActor):
    """One client. A client that sends and does not read is closed with 4413, as one of the broker is, once its outbox is full."""

    def __init__(self, runtime: Runtime, outbox: "Outbox") -> None:
        super().__init__(runtime)
        self._outbox = outbox

    @handles(Echoed)
    def _echo(self, message: Echoed) -> None:
        # Set for each message and here: one read may bring text and binary, and the outbox encodes what it takes at once.
        self._outbox.format = message.form
        self._outbox.send(message)

    @handles(Ping, Pong)
    def _alive(self, _message: Message) -> None:
        """Nothing to do: the connection has answered the ping, and nobody counts here."""

    @handles(Close)
    def _close(self, message: Close) -> None:
        self._outbox.close(message.code, message.says)

    @handles(Lost)
    def _lost(self, _message: Lost) -> None:
        self.end()

    def on_failure(self, *_error: object) -> None:
        """A fault of ours: the connection is closed with 1011."""
        self._outbox.close(CloseCode.SERVER_FAULT, CLOSES[CloseCode.SERVER_FAULT].says)


class EchoApp(App):
    """A running echo server."""

    risk: ClassVar[str] = "can have it echo whatever they send, which is for tests alone"

    def codec(self, _limits: Limits) -> tuple["Decode", "Encode"]:
        """The bytes as they are."""
        return Echoed, content

    def attend(self, connection: "Connection", _admitted: "Admitted") -> BrokerRef:
        """Start the actor that echoes to this client."""
        return EchoActor.start(self._runtime, connection.outbox)
