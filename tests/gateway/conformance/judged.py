"""A stand-in for a server that is judged: a real one, in the same loop, whose handler a test writes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from gateway.conformance.connection import Passage, Witness
from gateway.conformance.target import Target

__all__ = ["PATIENCE", "Handler", "ignore", "judged", "run", "witness"]

PATIENCE = 5.0
"""Seconds that anything may take; where a test waits for nothing to come, it says how long itself."""

Result = TypeVar("Result")
Handler = Callable[[ServerConnection], Awaitable[None]]


def run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a test's coroutine, in bounded time."""
    return asyncio.run(asyncio.wait_for(coroutine, 30))


def ignore(_: Passage) -> None:
    """A witness that does not care."""


@asynccontextmanager
async def judged(handler: Handler, *, patience: float = PATIENCE, subprotocols: list[str] | None = None) -> AsyncIterator[Target]:
    """A server; `handler` speaks to each client."""
    chosen = [Subprotocol(name) for name in subprotocols] if subprotocols else None
    async with serve(handler, "127.0.0.1", 0, subprotocols=chosen, close_timeout=0.1) as server:
        yield Target.at(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws", None, patience)


def witness(passages: list[Passage]) -> Witness:
    """A witness that remembers."""
    return passages.append
