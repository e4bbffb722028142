"""A real WebRTC peer that is no browser: `python -m tests.integration.rtc_peer URL PEER GROUP LINKS BYTES [ice]`.

It speaks v1 as a daemon does, opens a data channel with each of LINKS others, sends BYTES random bytes into each and takes as many.
Then it says in one line of JSON on standard output what came of it: the SHA-256 of what it sent, that of what came from whom, and
to whom it has offered. With `ice` it takes the ICE servers that come with its list, and tells which of its candidates were not let pass.
"""

import asyncio
import hashlib
import itertools
import json
import os
import sys
from typing import Any

import aioice.ice
from aiortc import RTCConfiguration, RTCDataChannel, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp
from websockets.asyncio.client import ClientConnection, connect

from tests.integration.line import PATIENCE

CHUNK = 32_768
"""Bytes in flight each way. The kernel keeps about 100 kB for a UDP socket; what a burst loses may take SCTP many seconds to repair."""

LOOPBACK = "127.0.0.1"
_receive = aioice.ice.StunProtocol.datagram_received


def _receive_from_loopback(protocol: aioice.ice.StunProtocol, data: bytes | str, address: tuple[str, int]) -> None:
    """Hear nothing from elsewhere.

    A browser tries the way from all its addresses; aioice settles for the first that gets through, the browser for the best, and if they
    differ nothing arrives any more.
    """
    if address[0] == LOOPBACK:
        _receive(protocol, data, address)


# Loopback is what a test machine always has, and what aioice leaves out.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [LOOPBACK]
aioice.ice.StunProtocol.datagram_received = _receive_from_loopback  # type: ignore[method-assign, assignment] # as above: this process is a test


class Peer:
    """The links of one peer."""

    def __init__(self, socket: ClientConnection, peer_id: str, links: int, size: int, *, ice: bool) -> None:
        self._socket = socket
        self._peer_id = peer_id
        self._data = os.urandom(size)
        self._connections: dict[str, RTCPeerConnection] = {}
        self._missing = links
        self._received: dict[str, str] = {}
        self._offered: list[str] = []
        self._ice = ice
        self._ice_servers: list[RTCIceServer] = []
        self._barred: list[str] = []
        self._done = asyncio.Event()

    async def run(self, group_id: str) -> dict[str, Any]:
        """Register, link up, exchange; return what came of it."""
        await self._say("register", payload={"peer_id": self._peer_id, "group_id": group_id, "ice": self._ice})
        await self._say("heartbeat", payload={"timestamp": "2026-01-01T00:00:00Z", "root_hash": "e3b0c442"})
        listening = asyncio.create_task(self._listen())
        done = asyncio.create_task(self._done.wait())
        await asyncio.wait({listening, done}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if listening.done():
            listening.result()
        listening.cancel()
        done.cancel()
        sent = hashlib.sha256(self._data).hexdigest()
        return {"sent": sent, "received": self._received, "offered": self._offered, "barred": self._barred}

    async def close(self) -> None:
        for connection in self._connections.values():
            await connection.close()

    async def _listen(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            source_id, payload = message["source_id"], message.get("payload")
            match message["type"]:
                case "peer_list":
                    self._ice_servers = [RTCIceServer(**server) for server in payload.get("ice_servers", [])]
                    for peer in payload["peers"]:
                        await self._offer(peer["id"])
                case "offer":
                    await self._answer(source_id, payload)
                case "answer":
                    await self._connections[source_id].setRemoteDescription(RTCSessionDescription(payload["sdp"], "answer"))
                case "candidate":
                    await self._add(source_id, payload)
                case "peer_joined" | "peer_left":
                    pass
                case "error" if self._ice and payload["code"] == "not_allowed":
                    self._barred.append(payload["message"])
                case other:
                    raise AssertionError(f"{other}: {payload}")

    async def _offer(self, peer_id: str) -> None:
        self._offered.append(peer_id)
        connection = self._connect(peer_id)
        self._use(peer_id, connection.createDataChannel("sync"))
        await connection.setLocalDescription(await connection.createOffer())
        await self._describe(peer_id)

    async def _answer(self, peer_id: str, payload: dict[str, Any]) -> None:
        connection = self._connect(peer_id)
        connection.on("datachannel", lambda channel: self._use(peer_id, channel))
        await connection.setRemoteDescription(RTCSessionDescription(payload["sdp"], "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        await self._describe(peer_id)

    def _connect(self, peer_id: str) -> RTCPeerConnection:
        connection = self._connections[peer_id] = RTCPeerConnection(RTCConfiguration(iceServers=self._ice_servers))
        return connection

    async def _describe(self, peer_id: str) -> None:
        """Send the description without its candidates, and these one by one: aiortc has them all at once, a daemon has not."""
        local = self._connections[peer_id].localDescription
        lines = local.sdp.splitlines(keepends=True)
        bare = "".join(line for line in lines if not line.startswith(("a=candidate", "a=end-of-candidates")))
        await self._say(local.type, peer_id, {"sdp": bare, "type": local.type})
        for line in lines:
            if line.startswith("a=candidate"):
                candidate = line.removeprefix("a=").strip()
                await self._say("candidate", peer_id, {"candidate": candidate, "sdp_mid": "0", "sdp_mline_index": 0})

    async def _add(self, peer_id: str, payload: dict[str, Any]) -> None:
        if not payload["candidate"]:
            return
        candidate = candidate_from_sdp(payload["candidate"].removeprefix("candidate:"))
        candidate.sdpMid, candidate.sdpMLineIndex = payload.get("sdp_mid") or "0", payload.get("sdp_mline_index") or 0
        await self._connections[peer_id].addIceCandidate(candidate)

    def _use(self, peer_id: str, channel: RTCDataChannel) -> None:
        """Send the next chunk when the last was taken, say of each that comes that it was taken; done when all went and all came."""
        got, size = bytearray(), len(self._data)
        unsent = iter(range(0, size, CHUNK))
        untaken = -(-size // CHUNK)

        def send() -> None:
            for at in itertools.islice(unsent, 1):
                channel.send(self._data[at : at + CHUNK])

        def take(data: str | bytes) -> None:
            nonlocal untaken
            if isinstance(data, bytes):
                got.extend(data)
                channel.send("taken")
            else:
                untaken -= 1
                send()
            if untaken == 0 and len(got) == size:
                self._received[peer_id] = hashlib.sha256(got).hexdigest()
                self._count()

        channel.on("message", take)
        if channel.readyState == "open":
            send()
        else:
            channel.on("open", send)

    def _count(self) -> None:
        self._missing -= 1
        if not self._missing:
            self._done.set()

    async def _say(self, type_: str, target_id: str = "", payload: object = None) -> None:
        message = {"type": type_, "source_id": self._peer_id, "target_id": target_id, "payload": payload}
        await self._socket.send(json.dumps(message) + "\n")


async def main(url: str, peer_id: str, group_id: str, links: str, size: str, ice: str = "") -> None:
    async with connect(url, compression=None) as socket:
        peer = Peer(socket, peer_id, int(links), int(size), ice=ice == "ice")
        print(json.dumps(await peer.run(group_id)), flush=True)  # noqa: T201 - what the test reads
        await peer.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
