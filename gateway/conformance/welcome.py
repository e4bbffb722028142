"""The welcome of a v2 server, asked for before anything is played: whether it speaks v2, and which limits it has."""

import msgspec

from gateway.conformance.connection import Connection, Passage, Unmet
from gateway.conformance.facts import LIMITS
from gateway.conformance.target import Target

__all__ = ["announced_limits"]

_SUBPROTOCOL = "psync.v2.json"


class _Payload(msgspec.Struct):
    limits: dict[str, float]


class _Welcome(msgspec.Struct):
    payload: _Payload


async def announced_limits(target: Target) -> dict[str, float] | None:
    """The limits that the server says it has, of those that rows come up to; None when it does not speak v2.

    One that accepts the subprotocol and then says no such thing is to be found out by the rows.

    Raises:
        OSError: it cannot be reached.

    """
    try:
        connection = await Connection.open("probe", target, _nobody, offers=[_SUBPROTOCOL])
    except (Unmet, EOFError, ConnectionResetError, TimeoutError):
        return None
    try:
        if connection.chosen != _SUBPROTOCOL:
            return None
        heard = await connection.next(target.patience)
        limits = msgspec.json.decode(heard.data, type=_Welcome).payload.limits
    except (msgspec.DecodeError, TimeoutError):
        return {}
    finally:
        await connection.end()
    return {name: limits[name] for name in LIMITS if name in limits}


def _nobody(_: Passage) -> None:
    """Nobody wants to know."""
