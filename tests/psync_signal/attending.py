"""A client that a scripted server has let in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from psync_signal import Peers, Signal
from psync_signal.envelope import Envelope, Format, value_of
from tests.psync_signal.doubles import ScriptedLine, ScriptedWorld


@asynccontextmanager
async def joined(*names: str, **more: Any) -> AsyncIterator[tuple[Signal, ScriptedLine, ScriptedWorld]]:  # noqa: ANN401 - as ScriptedWorld.signal
    """A client that is in the group, has registered and has read the list."""
    line = ScriptedLine()
    line.joins(*names)
    world = ScriptedWorld(line)
    async with world.signal(**more) as signal:
        assert [peer.id for peer in await listed(signal)] == list(names)
        await line.heard("register")
        yield signal, line, world


async def listed(signal: Signal) -> tuple[Any, ...]:
    event = await anext(signal)
    assert isinstance(event, Peers), event
    return event.peers


def payload(envelope: Envelope) -> Any:  # noqa: ANN401 - whatever was sent
    return value_of(bytes(envelope.payload), Format.JSON)
