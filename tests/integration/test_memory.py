"""`limits.memory_bytes`: what the server does before the system would end it. Whoever reads what it is sent notices nothing."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import pytest

from gateway.budget import TIGHT
from tests.hostile.audience import Audience
from tests.hostile.crowd import Crowd
from tests.hostile.member import member, message
from tests.hostile.pair import Pair
from tests.integration.client import Client
from tests.integration.line import HANDSHAKE, PATIENCE, Line
from tests.integration.server import Server

MARGIN = 96 * 2**20
"""Bytes that a server may take before its memory is tight, on top of what it takes without clients."""

RECEIVE_BUFFER = 4096
SLOW, HEAVY, LIGHT = 60, 3, 1
"""Slow readers of each kind, and messages for one of them in a round of the flood."""

SENDERS = 6
"""Each has readers of its own: it is told of every message that one of them does not get, and has to take that, too."""

UNLIMITED = {
    "limits.messages_per_second": 1_000_000,
    "limits.messages_burst": 1_000_000,
    "limits.bytes_burst": 2**30,
    "limits.outbox_bytes": 2**21,
    "limits.send_buffer_bytes": 16_384,
    "limits.close_timeout": 0.2,
}


@pytest.fixture
def budget(serve: Callable[..., Server]) -> int:
    """Bytes: so little that memory is soon tight. What a server takes without clients, another one has told."""
    return round((serve().resident_kib() * 1024 + MARGIN) / TIGHT)


@pytest.fixture
def server(serve: Callable[..., Server], budget: int) -> Server:
    return serve({**UNLIMITED, "limits.memory_bytes": budget})


def is_tight(server: Server) -> bool:
    """Whether a newcomer is refused for it."""
    answer = server.request("GET", "/ws", HANDSHAKE)
    assert answer.status == 101 or (answer.status, json.loads(answer.body)["error"]) == (503, "memory")
    return answer.status == 503


class Flood(NamedTuple):
    """Some who send, many of their group who do not read, and one who listens who of them is closed."""

    senders: dict[Line, bytes]
    witness: Client

    def rise(self, server: Server) -> None:
        """Send, until newcomers are refused."""
        deadline = time.monotonic() + 2 * PATIENCE
        with Audience(list(self.senders)):
            while not is_tight(server):
                assert time.monotonic() < deadline, f"{server.resident_kib()} KiB and not tight"
                for sender, messages in self.senders.items():
                    # One that is refused very much at once is closed when those who read for it, in this busy process, are too slow.
                    with suppress(ConnectionError):
                        sender.send(messages)

    def closed(self, count: int) -> set[str]:
        """Who of the slow ones was closed."""
        return {self.witness.hear("peer_left").peer.split()[0] for _ in range(count)}


def flood(server: Server, group: str, size: int) -> Flood:
    senders = {member(server, f"sender {number}", group): b"" for number in range(SENDERS)}
    lines = list(senders)
    for number in range(SLOW):
        for kind, count in (("heavy", HEAVY), ("light", LIGHT)):
            member(server, f"{kind} {number}", group, receive_buffer=RECEIVE_BUFFER)
            senders[lines[number % SENDERS]] += message("message", f"{kind} {number}", "x" * size) * count
    witness = server.connect(Client)
    witness.register("witness", group)
    return Flood(senders, witness)


def wait_until_eased(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE
    while is_tight(server):
        assert time.monotonic() < deadline, f"{server.resident_kib()} KiB, and still tight"


@pytest.mark.parametrize("size", [500, 20_000])
def test_slow_readers_that_fill_the_memory_are_closed_worst_first_and_newcomers_wait_until_they_are_gone(
    server: Server, budget: int, group: str, size: int
) -> None:
    with Pair(server) as pair:
        for attack in range(2):
            closed = server.count("memory_sheds")
            flooded = flood(server, f"{group} {attack}", size)
            flooded.rise(server)
            pair.assert_healthy()
            assert server.resident_kib(peak=True) * 1024 < budget, "what the system would end it for"
            assert server.request("GET", "/health").body == "OK\n", "who asks whether it lives is answered"
            server.wait_for_line("memory is tight: newcomers are refused, slow clients closed; raise limits.memory_bytes")
            counts = server.state()["counts"]
            sheds = counts["memory_sheds"].get("", 0) - closed
            assert sheds > 0
            assert flooded.closed(sheds) == {"heavy"}, "those for whom most waited"
            assert counts["closes"]["1013"] == counts["memory_sheds"][""]
            assert counts["errors"]["slow_peer"] > 0, "the sender is told of what was dropped"
            server.hang_up()
            wait_until_eased(server)
            server.wait_for_line("memory is free again")
            pair.assert_goes_on()


def test_a_crowd_that_reads_what_it_is_sent_is_nowhere_near(server: Server) -> None:
    crowd = Crowd(server, 200)
    assert crowd.busy.wait(PATIENCE), crowd.fault
    assert not is_tight(server)
    counts = server.state()["counts"]
    server.signal()
    crowd.wait_until_closed()
    assert server.exit_code() == 0
    assert (counts["memory_sheds"], counts["refusals"], counts["outbox_overflows"]) == ({}, {}, {})
    assert "memory is tight" not in server.log()
