"""The rates that all clients of a tenant share: what one sends, another has no room for."""

import time

from tests.integration.limits.case import GROUP, Case, bare, peer, say_to_oneself
from tests.integration.limits.conduct import at_a_rate, refused_at_once, say
from tests.integration.server import Server

__all__ = ["CASES"]

BURST, RATE, SLOW = 10, 20, 0.01
SIZE, BYTES_BURST, BYTES_RATE = 500, 2000, 1000


def burst_of_two(server: Server) -> None:
    """Messages that have just room, of two clients; the registers are among them."""
    clients = [peer(server, name) for name in ("one", "two")]
    clients[0].hear("peer_joined")
    for number in range(BURST - len(clients)):
        say(clients[number % 2], 60)


def one_more(server: Server) -> None:
    """What others have sent leaves no room for another client. It is told so, and is not closed for it."""
    client = bare(server)
    for _ in range(2):
        client.ask("three", GROUP)
        assert client.refused("rate_limited").payload["retry_after_ms"] > 0
    client.leave_politely()


def messages_at_the_rate(server: Server) -> None:
    client = peer(server, "me")
    at_a_rate(lambda: say(client, 60), 1 / RATE)


def messages_above_the_rate(server: Server) -> None:
    time.sleep(1 / RATE)  # the rate that is tried
    client = peer(server, "me")
    refused_at_once(client, say_to_oneself(client, 60))


def burst_of_bytes_of_two(server: Server) -> None:
    clients = [peer(server, name) for name in ("one", "two")]
    clients[0].hear("peer_joined")
    for number in range(BYTES_BURST // SIZE - 1):
        say(clients[number % 2], SIZE)


def one_more_message_of_bytes(server: Server) -> None:
    client = peer(server, "me")
    client.send(say_to_oneself(client, SIZE))
    assert client.refused("rate_limited").payload["retry_after_ms"] > 0


def bytes_at_the_rate(server: Server) -> None:
    client = peer(server, "me")
    at_a_rate(lambda: say(client, SIZE // 5), SIZE / 5 / BYTES_RATE)


def bytes_above_the_rate(server: Server) -> None:
    time.sleep(SIZE / BYTES_RATE)  # the rate that is tried
    client = peer(server, "me")
    refused_at_once(client, say_to_oneself(client, SIZE))


CASES = {
    "tenant_messages_burst": Case(
        BURST, burst_of_two, one_more, "quota_refusals", "tenant_messages_per_second", {"limits.tenant_messages_per_second": SLOW}
    ),
    "tenant_messages_per_second": Case(
        RATE,
        messages_at_the_rate,
        messages_above_the_rate,
        "quota_refusals",
        "tenant_messages_per_second",
        {"limits.tenant_messages_burst": 1},
    ),
    "tenant_bytes_burst": Case(
        BYTES_BURST,
        burst_of_bytes_of_two,
        one_more_message_of_bytes,
        "quota_refusals",
        "tenant_bytes_per_second",
        {"limits.tenant_bytes_per_second": 1, "limits.message_bytes": SIZE},
    ),
    "tenant_bytes_per_second": Case(
        BYTES_RATE,
        bytes_at_the_rate,
        bytes_above_the_rate,
        "quota_refusals",
        "tenant_bytes_per_second",
        {"limits.tenant_bytes_burst": SIZE, "limits.message_bytes": SIZE},
    ),
}
