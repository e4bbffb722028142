"""A ward between a local client that is written out here and a server that says what a test tells it to say."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gateway.keeper.ward import Gone, Registration, Ward
from psync_signal import Signal
from psync_signal.envelope import Format, Frame
from tests.integration.strict import Message, read
from tests.psync_signal.doubles import ScriptedLine, ScriptedWorld


class LocalClient:
    """What the ward tells it is read as strictly as the daemon reads."""

    def __init__(self) -> None:
        self.closes: asyncio.Queue[int] = asyncio.Queue()
        self.gone = False
        self._told: asyncio.Queue[Frame] = asyncio.Queue()

    async def send(self, frame: Frame) -> None:
        if self.gone:
            raise Gone
        self._told.put_nowait(frame)

    async def close(self, code: int, _reason: str) -> None:
        self.closes.put_nowait(code)

    async def hear(self, type_: str) -> Message:
        """The next message, which is of this type."""
        frame = await self._told.get()
        message = read(frame.encode(), "json") if isinstance(frame, str) else read(frame, "msgpack")
        assert message.type == type_, message
        return message

    async def raw(self) -> str:
        """The text of the next frame."""
        frame = await self._told.get()
        assert isinstance(frame, str)
        return frame

    async def refused(self, code: str) -> Message:
        message = await self.hear("error")
        assert message.payload["code"] == code, message
        return message

    def heard_nothing(self) -> bool:
        return self._told.empty()


class Care:
    """A ward, its local client, and the world upstream."""

    def __init__(self, world: ScriptedWorld, patience: float) -> None:
        self.client = LocalClient()
        self.opened: list[tuple[Registration, Format]] = []
        self._world = world
        self.ward = Ward(self.client, self._open, asyncio.get_running_loop().time, patience)

    async def say(self, type_: str, payload: object = None, **more: object) -> None:
        """The local client says something."""
        await self.ward.hear(json.dumps({"type": type_, "payload": payload, **more}) + "\n")

    def _open(self, wish: Registration, form: Format) -> Signal:
        self.opened.append((wish, form))
        return self._world.signal(peer_id=wish.peer_id, group_id=wish.group_id)


@asynccontextmanager
async def cared_for(*script: ScriptedLine | Exception, patience: float = 30.0) -> AsyncIterator[Care]:
    care = Care(ScriptedWorld(*script), patience)
    try:
        yield care
    finally:
        await care.ward.end()


@asynccontextmanager
async def registered(
    *script: ScriptedLine, there: tuple[str, ...] = (), patience: float = 30.0, window: float = 30.0
) -> AsyncIterator[Care]:
    """One that has registered; the first connection of the script lets it in."""
    async with cared_for(*script, patience=patience) as care:
        script[0].joins(*there, window=window)
        await care.say("register", {"peer_id": "me", "group_id": "room"})
        assert names(await care.client.hear("peer_list")) == list(there)
        await script[0].heard("register")
        yield care


def names(peer_list: Message) -> list[Any]:
    return [peer["id"] for peer in peer_list.payload["peers"]]
