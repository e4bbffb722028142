"""A real WebRTC peer with the client in Python: `python -m tests.integration.rtc_signal_peer URL PEER GROUP LINKS BYTES`.

It does and says what `tests.integration.rtc_peer` does.
"""

import asyncio
import json
import sys

from psync_signal import Message, PeerJoined, PeerLeft, Peers, Signal
from tests.integration.rtc_peer import Peer


class SignalPeer(Peer):
    """The links of one peer that speaks v2, and is told of every message that it has arrived."""

    def __init__(self, signal: Signal, peer_id: str, links: int, size: int) -> None:
        super().__init__(peer_id, links, size)
        self._signal = signal

    async def _register(self, group_id: str) -> None:
        """Nothing: the client has registered."""

    async def _listen(self) -> None:
        async for event in self._signal:
            match event:
                case Peers():
                    await self._take("peer_list", "", {"peers": [{"id": peer.id} for peer in event.peers]})
                case Message():
                    await self._take(event.type, event.source_id, event.payload)
                case PeerJoined() | PeerLeft():
                    pass
                case other:
                    raise AssertionError(other)

    async def _say(self, type_: str, target_id: str, payload: object) -> None:
        assert await self._signal.send(target_id, type_, payload) == "delivered"


async def main(url: str, peer_id: str, group_id: str, links: int, size: int) -> None:
    async with Signal(url, peer_id=peer_id, group_id=group_id) as signal:
        peer = SignalPeer(signal, peer_id, links, size)
        print(json.dumps(await peer.run(group_id)), flush=True)  # noqa: T201 - what the test reads
        await peer.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4], *map(int, sys.argv[4:])))  # type: ignore[arg-type] # five words, as the first lines say
