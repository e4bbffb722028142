"""A way to the server that a test can cut, and lead to another server: what a network, a proxy or a service address is to clients."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from threading import Thread
from typing import Any, Self

from tests.integration.line import PATIENCE

__all__ = ["Relay"]


class Relay:
    """Listens on a port of its own and passes bytes on, in a thread of its own.

    Attributes:
        port: where it listens.
        target: the port that new connections are led to; None: nobody is there, and they end at once.
        count: how many connections there were.
    """

    def __init__(self, target: int | None = None) -> None:
        self.target = target
        self.count = 0
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._pass, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = Thread(target=self._loop.run_forever)
        self._thread.start()

    def cut(self) -> None:
        """Break every connection, on both sides and without a word (RST)."""
        self._do(self._abort())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.close()
        self.target = None
        self.cut()
        self._do(self._settle())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(PATIENCE)

    async def _abort(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _settle(self) -> None:
        """Wait for the connections that are still on their way out."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=PATIENCE)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.count += 1
        if self.target is None:
            writer.transport.abort()
            return
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except ConnectionError:
            writer.transport.abort()
            return
        both = {writer, there_writer}
        self._open |= both
        await asyncio.gather(_pump(reader, there_writer), _pump(there_reader, writer))
        self._open -= both
        for each in both:
            each.close()
            with suppress(ConnectionError):
                await each.wait_closed()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, and the end, in the form in which it comes."""
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
        return
    writer.transport.abort()
