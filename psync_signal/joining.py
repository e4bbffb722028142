"""The first words on a connection: the server's welcome, the client's register, the list of peers."""

from typing import Any, NamedTuple

import msgspec

from psync_signal.connection import Connection
from psync_signal.envelope import NOTHING, Codec, Envelope, Malformed
from psync_signal.events import Failed, Peers, event_of

__all__ = ["Joined", "Registration", "join", "register"]

_WELCOME_TIMEOUT = 10.0  # seconds


class Registration(NamedTuple):
    """Who joins which group, with which metadata; None for none."""

    peer_id: str
    group_id: str
    metadata: Any = None


class Joined(NamedTuple):
    """The client is in the group.

    `silence`: seconds after which a server that is not heard is to be given up. `window`: those for which it keeps the place of a client
    whose connection breaks.
    """

    peers: Peers
    silence: float
    window: float


class _Register(msgspec.Struct, omit_defaults=True):
    peer_id: str
    group_id: str
    metadata: msgspec.Raw = NOTHING
    session: str = ""


class _Heartbeat(msgspec.Struct):
    expire_ms: float


class _Limits(msgspec.Struct):
    resume_window: float = 0


class _Welcome(msgspec.Struct):
    heartbeat: _Heartbeat
    limits: _Limits


async def join(connection: Connection, codec: Codec, registration: Registration, session: str) -> Joined:
    """Register, and wait for the answer. With the `session` of an earlier connection its place is taken back.

    Raises:
        SignalError: the server has refused.
        Broken: the connection has ended.
        Malformed: the server does not speak profile v2.

    """
    welcome = await _welcomed(connection, codec)
    silence = welcome.heartbeat.expire_ms / 1000
    await connection.send(codec.write(register(codec, registration, session)))
    while True:
        event = event_of(codec.read(await connection.receive(silence)), codec)
        if isinstance(event, Failed):
            raise event.error
        if isinstance(event, Peers):
            return Joined(event, silence, welcome.limits.resume_window)


def register(codec: Codec, registration: Registration, session: str = "") -> Envelope:
    """The message that joins, or, where the connection has joined already, asks for the list again."""
    metadata = NOTHING if registration.metadata is None else codec.raw(registration.metadata)
    wish = _Register(registration.peer_id, registration.group_id, metadata, session)
    return Envelope("register", payload=codec.record(wish))


async def _welcomed(connection: Connection, codec: Codec) -> _Welcome:
    envelope = codec.read(await connection.receive(_WELCOME_TIMEOUT))
    if envelope.type != "welcome" or envelope.payload is NOTHING:
        raise Malformed(f"expected a welcome, got {envelope.type!r}")
    return codec.read_as(envelope.payload, _Welcome)
