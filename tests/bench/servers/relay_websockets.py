"""A relay as one writes it with `websockets` on asyncio: groups in a dict, the sender's id put on each message, JSON in and out.

Speaks the part of v1 that the benchmark uses (docs/protocol.md). Usage: relay_websockets.py PORT; on uvloop where that is installed.
"""

import asyncio
import contextlib
import importlib
import importlib.util
import json
import sys
from typing import Any

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed

Members = dict[str, ServerConnection]


class Relay:
    """All groups."""

    def __init__(self) -> None:
        self._groups: dict[str, Members] = {}

    async def handle(self, connection: ServerConnection) -> None:
        peer = group = ""
        try:
            async for data in connection:
                message = json.loads(data)
                if message["type"] == "register":
                    peer, group = message["payload"]["peer_id"], message["payload"]["group_id"]
                    await self._register(connection, peer, group)
                else:
                    await self._relay(connection, peer, self._groups[group], message)
        except ConnectionClosed:
            pass  # a client that went without a word
        finally:
            self._leave(peer, group)

    async def _register(self, connection: ServerConnection, peer: str, group: str) -> None:
        members = self._groups.setdefault(group, {})
        peers = [{"id": other, "group_id": group} for other in members]
        tell(members, {"type": "peer_joined", "source_id": "", "payload": {"peer": {"id": peer, "group_id": group}}})
        members[peer] = connection
        await connection.send(json.dumps({"type": "peer_list", "source_id": "", "payload": {"peers": peers}}))

    async def _relay(self, connection: ServerConnection, peer: str, members: Members, message: dict[str, Any]) -> None:
        message["source_id"] = peer
        if "target_id" not in message:
            tell({name: member for name, member in members.items() if name != peer}, message)
        elif message["target_id"] in members:
            await members[message["target_id"]].send(json.dumps(message))
        else:
            await connection.send(json.dumps({"type": "error", "source_id": "", "payload": {"message": "no such peer"}}))

    def _leave(self, peer: str, group: str) -> None:
        members = self._groups.get(group, {})
        if members.pop(peer, None) is None:
            return
        if not members:
            del self._groups[group]
        tell(members, {"type": "peer_left", "source_id": "", "payload": {"peer": {"id": peer, "group_id": group}}})


def tell(members: Members, message: dict[str, Any]) -> None:
    broadcast(members.values(), json.dumps(message))


async def main(port: int) -> None:
    async with serve(Relay().handle, "127.0.0.1", port, compression=None, max_size=65_536):
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        run = importlib.import_module("uvloop").run if importlib.util.find_spec("uvloop") else asyncio.run
        run(main(int(sys.argv[1])))
