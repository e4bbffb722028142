"""Peers that are gone and do not say so: judged by what comes from them, whatever is written to them."""

import ctypes
import os
import socket
import struct
import time
from collections.abc import Callable

import pytest

from tests.hostile.footprint import Footprint
from tests.hostile.member import member
from tests.hostile.pair import Pair
from tests.integration.client import Client
from tests.integration.line import Line
from tests.integration.server import Server

PING, EXPIRE, CLOSE = 0.2, 0.6, 1.4
SHORT = {"heartbeat.ping_interval": PING, "heartbeat.expire_after": EXPIRE, "heartbeat.close_after": CLOSE, "limits.close_timeout": 0.2}
LATE = 1.0
"""Seconds after a deadline that a busy machine may take."""

SO_ATTACH_FILTER = 26  # asm-generic/socket.h; the socket module does not name it
DROP_ALL = struct.pack("HBBI", 0x06, 0, 0, 0)  # linux/filter.h: one instruction, BPF_RET | BPF_K, of zero bytes
BESIDE = 0.02
"""Seconds between two messages to the dead one: it is written to all the time."""

CYCLES = 1000
GROUPS = 10
GHOSTS = 1.5
"""Seconds after which nobody is listed who is gone."""

ALLOWANCE_KIB = 4096


def cut_cable(line: Line) -> None:
    """From here on the client's kernel drops all that comes: it takes nothing, acknowledges nothing, and does not say so."""
    program = ctypes.create_string_buffer(DROP_ALL)
    with socket.socket(fileno=os.dup(line.fileno())) as same:
        same.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))


def unplugged(server: Server, group: str) -> None:
    cut_cable(member(server, "dead", group))


@pytest.mark.parametrize("death", ["frozen", "unplugged"])
def test_a_dead_peer_is_away_and_then_gone_by_its_deadlines(
    serve: Callable[..., Server], frozen: Callable[[Server, str, str], None], group: str, death: str
) -> None:
    server = serve(SHORT)
    with Pair(server), Pair(server, group, secluded=False):
        before = Footprint(server)
        if death == "frozen":
            frozen(server, "dead", group)
        else:
            unplugged(server, group)
        died = time.monotonic()
        witness = server.connect(Client)
        assert "dead" in [peer["id"] for peer in witness.register("witness", group)]
        codes = write_until_gone(witness, died)
        assert codes == ["peer_left: away", "peer_away", "unknown_peer"]
        server.wait_for_connections(5, within=LATE)
        before.assert_given_back(ALLOWANCE_KIB)


def write_until_gone(witness: Client, died: float) -> list[str]:
    """Write to the dead one all the time, until it is unknown; what was heard of it, each once, and each in time."""
    heard: list[str] = []
    deadlines = {"peer_left: away": EXPIRE, "peer_away": EXPIRE, "unknown_peer": CLOSE}
    while "unknown_peer" not in heard:
        time.sleep(BESIDE)
        witness.say("message", "dead", "are you there?")
        witness.say("message", "witness", "I am here")
        while (message := witness.next()).type != "message":
            said = f"peer_left: {message.payload['reason']}" if message.type == "peer_left" else message.payload["code"]
            if said not in heard:
                heard.append(said)
                assert deadlines[said] - LATE / 2 < time.monotonic() - died < deadlines[said] + LATE
    return heard


def test_a_thousand_peers_that_register_and_reset_leave_no_ghost_and_nothing_else(serve: Callable[..., Server], group: str) -> None:
    server = serve()
    with Pair(server), Pair(server, f"{group} 0", secluded=False):
        come_and_go(server, group)
        server.wait_for_connections(4)
        before = Footprint(server)
        come_and_go(server, group)
        server.wait_for_connections(4, within=GHOSTS)
        for number in range(1, GROUPS):
            assert server.connect(Client).register("late", f"{group} {number}") == []
        before.assert_given_back(ALLOWANCE_KIB)


def come_and_go(server: Server, group: str) -> None:
    """Peers of a few names in a few groups, one of which is the pair's."""
    for number in range(CYCLES):
        member(server, f"peer {number % 7}", f"{group} {number % GROUPS}").reset()
