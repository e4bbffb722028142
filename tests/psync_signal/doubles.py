"""A server that says what a test tells it to say, in place of `psync_signal.connection`; and a world in which waiting takes no time."""

import asyncio
import json
import ssl
from collections.abc import Coroutine
from typing import Any

from psync_signal import Signal, Workings
from psync_signal.envelope import Codec, Envelope, Format, Frame
from psync_signal.reconnect import Broken

PATIENCE = 5.0


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test that waits for things; it fails when one does not come."""

    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await test

    asyncio.run(bounded())


def peer(name: str, **more: object) -> dict[str, object]:
    return {"id": name, "group_id": "room", "last_seen": "2026-01-31T09:30:00.250Z", **more}


class ScriptedLine:
    """One connection. What the server says is put in by `say`, `joins` and `breaks`; what the client says is `heard`."""

    def __init__(self, token: str | None = None) -> None:
        self.token = token
        self.silences: list[float] = []
        self.closed = False
        self.failing: Broken | None = None  # what sending raises
        self._ended = asyncio.Event()
        self._codec = Codec(Format.JSON)
        self._said: asyncio.Queue[Frame | Exception] = asyncio.Queue()
        self._heard: asyncio.Queue[Envelope] = asyncio.Queue()

    def say(self, type_: str, payload: object = None, **more: object) -> None:
        self._said.put_nowait(json.dumps({"type": type_, "payload": payload, **more}))

    def welcome(self, expire_ms: int = 60_000, window: float | None = 30.0) -> None:
        limits = {} if window is None else {"resume_window": window}
        self.say("welcome", {"connection_id": "c", "heartbeat": {"interval_ms": 25_000, "expire_ms": expire_ms}, "limits": limits})

    def joins(self, *names: str, session: str = "s1", resumed: bool = False, window: float | None = 30.0) -> None:
        """Let the client in."""
        self.welcome(window=window)
        peers = [peer(name) for name in names]
        self.say("peer_list", {"peers": peers, "self": {"session": session, "sequence": 1}, "resumed": resumed})

    def refuses(self, code: str, *, temporary: bool) -> None:
        """Answer a register with an error."""
        self.welcome()
        self.say("error", {"code": code, "message": "no", "temporary": temporary, "ref": {"type": "register"}})

    def breaks(self, code: int = 1006, *, silent: bool = False) -> None:
        self._said.put_nowait(Broken(code, "as told", silent=silent))

    async def heard(self, type_: str) -> Envelope:
        """The next message of the client, which is of this type."""
        envelope = await self._heard.get()
        assert envelope.type == type_, envelope
        return envelope

    async def send(self, frame: Frame) -> None:
        if self.failing is not None:
            raise self.failing
        self._heard.put_nowait(self._codec.read(frame))

    async def receive(self, silence: float) -> Frame:
        self.silences.append(silence)
        said = await self._said.get()
        if isinstance(said, Exception):
            raise said
        return said

    async def close(self) -> None:
        self.closed = True
        self._ended.set()

    async def ended(self) -> None:
        """The client has let go of this connection."""
        await self._ended.wait()


class ScriptedWorld:
    """Gives the client one connection after the other, or what goes wrong instead; remembers how long it would have waited."""

    def __init__(self, *script: ScriptedLine | Exception) -> None:
        self._script = list(script)
        self.tokens: list[str | None] = []
        self.waits: list[float] = []
        self.now = 100.0

    async def connect(self, _url: str, _form: Format, token: str | None, _tls: ssl.SSLContext | None) -> ScriptedLine:
        self.tokens.append(token)
        if not self._script:
            await asyncio.Event().wait()  # nothing more happens in this world
        step = self._script.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def signal(self, *, inbox: int = 1024, in_flight: int = 256, patience: float = 30.0, **more: Any) -> Signal:  # noqa: ANN401 - as Signal
        """A client in this world, whose random numbers are the highest that they may be."""
        workings = Workings(inbox, in_flight, patience, self.connect, lambda: self.now, self.sleep, lambda _low, high: high)
        return Signal("ws://nowhere/ws", **{"peer_id": "me", "group_id": "room", "workings": workings, **more})
