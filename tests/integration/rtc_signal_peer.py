"""A real WebRTC peer with the client in Python: `python -m tests.integration.rtc_signal_peer URL PEER GROUP LINKS BYTES`.

It does and says what `tests.integration.rtc_peer` does.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

from psync_signal import Message, PeerJoined, PeerLeft, Peers, Signal
from tests.integration.rtc_peer import Peer


class Translated:
    """The client, spoken to as the connection of a daemon is. Of every message it is told that it has arrived."""

    def __init__(self, signal: Signal) -> None:
        self._signal = signal

    async def send(self, text: str) -> None:
        message = json.loads(text)
        if message["target_id"]:  # the rest, registering and heartbeats, the client does by itself
            assert await self._signal.send(message["target_id"], message["type"], message["payload"]) == "delivered"

    async def __aiter__(self) -> AsyncIterator[str]:
        async for event in self._signal:
            match event:
                case Peers():
                    yield said("peer_list", {"peers": [{"id": peer.id} for peer in event.peers]})
                case Message():
                    yield said(event.type, event.payload, event.source_id)
                case PeerJoined() | PeerLeft():
                    pass
                case other:
                    raise AssertionError(other)


def said(type_: str, payload: Any, source_id: str = "") -> str:  # noqa: ANN401 - what another peer or the server sends
    return json.dumps({"type": type_, "source_id": source_id, "payload": payload})


async def main(url: str, peer_id: str, group_id: str, links: int, size: int) -> None:
    async with Signal(url, peer_id=peer_id, group_id=group_id) as signal:
        peer = Peer(Translated(signal), peer_id, links, size, ice=False)  # type: ignore[arg-type] # speaks as that connection does
        print(json.dumps(await peer.run(group_id)), flush=True)  # noqa: T201 - what the test reads
        await peer.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4], *map(int, sys.argv[4:])))  # type: ignore[arg-type] # five words, as the first lines say
