"""A signaling server as one writes it in an hour: it believes what clients say, knows no groups when it relays, and answers no errors.

`python -m tests.integration.naive_server` prints its port and serves until it is killed.
"""

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

Peer = dict[str, str]


class NaiveServer:
    """All peers in one table, by their ids."""

    def __init__(self) -> None:
        self._peers: dict[str, tuple[ServerConnection, Peer]] = {}

    async def handle(self, connection: ServerConnection) -> None:
        me = ""
        with suppress(ConnectionClosed):
            while True:
                with suppress(ValueError, LookupError, TypeError, RecursionError):
                    message = json.loads(await connection.recv())
                    if message["type"] == "register":
                        me = await self._register(connection, message["payload"])
                    elif message["type"] != "heartbeat":
                        await self._relay(me, message)
        owner, peer = self._peers.get(me, (None, {}))
        if owner is connection:
            del self._peers[me]
            broadcast(self._group(peer["group_id"]), text("peer_left", {"peer": peer}))

    async def _register(self, connection: ServerConnection, payload: dict[str, Any]) -> str:
        me = str(payload["peer_id"])
        peer = {"id": me, "group_id": str(payload["group_id"]), "last_seen": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
        others = [other for _, other in self._peers.values() if other["group_id"] == peer["group_id"]]
        await connection.send(text("peer_list", {"peers": others or None}))  # as the nil slice of a Go server
        broadcast(self._group(peer["group_id"]), text("peer_joined", {"peer": peer}))
        self._peers[me] = connection, peer
        return me

    async def _relay(self, me: str, message: dict[str, Any]) -> None:
        frame = json.dumps({"source_id": me, "target_id": "", **message}, ensure_ascii=False)
        target = message.get("target_id")
        if target in self._peers:
            await self._peers[target][0].send(frame)
        elif not target:
            broadcast([connection for other, (connection, _) in self._peers.items() if other != me], frame)

    def _group(self, group: str) -> list[ServerConnection]:
        return [connection for connection, peer in self._peers.values() if peer["group_id"] == group]


def text(kind: str, payload: object) -> str:
    return json.dumps({"type": kind, "source_id": "", "target_id": "", "payload": payload}, separators=(",", ":"), ensure_ascii=False)


async def main() -> None:
    async with serve(NaiveServer().handle, "127.0.0.1", 0) as server:
        print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - how the test that starts it finds it
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
