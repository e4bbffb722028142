"""The limits of how many there are: connections, handshakes, peers, groups."""

import json

from tests.integration.limits.case import Case, bare, peer, upgraded
from tests.integration.line import HANDSHAKE, Line
from tests.integration.server import Server

__all__ = ["CASES"]

MOST = 3
QUIET = 0.2
"""Seconds in which nothing must come."""


def answer(server: Server) -> tuple[int, str]:
    """Status of one more handshake, and when it may be tried again."""
    head = server.request("GET", "/ws", HANDSHAKE)
    return head.status, head.headers.get("retry-after", "")


def connections(server: Server) -> None:
    for number in range(MOST):
        peer(server, str(number), f"group {number}")


def one_connection_too_many(server: Server) -> None:
    connections(server)
    assert answer(server) == (503, "5")


def one_connection_of_the_tenant_too_many(server: Server) -> None:
    connections(server)
    head = server.request("GET", "/ws", HANDSHAKE)
    assert (head.status, head.headers["retry-after"]) == (503, "5")
    assert json.loads(head.body)["error"] == "tenant_connections"


def one_connection_too_many_from_here(server: Server) -> None:
    connections(server)
    assert answer(server) == (429, "5")


def silent(server: Server, count: int) -> list[Line]:
    """Connections that say nothing, not even that they want a handshake."""
    return [server.line() for _ in range(count)]


def handshakes(server: Server) -> None:
    silent(server, MOST - 1)
    peer(server, "me")


def one_handshake_too_many(server: Server) -> None:
    others, line = silent(server, MOST), server.line()
    line.request()
    assert not line.ready(within=QUIET)
    others[0].close()
    assert line.head().status == 101


def one_handshake_too_many_from_here(server: Server) -> None:
    others, line = silent(server, MOST), server.line()
    assert line.head().status == 429
    others[0].close()
    server.wait_for_connections(0)
    upgraded(server)


def one_peer_too_many(server: Server) -> None:
    *_, last = [peer(server, str(number)) for number in range(MOST)]
    client = bare(server)
    client.ask("one more", "home")
    client.refused("group_full")
    last.leave_politely()
    client.register("one more", "home")


def peers(server: Server) -> None:
    for number in range(MOST):
        peer(server, str(number))


def one_group_too_many(server: Server) -> None:
    others = [peer(server, str(number), f"group {number}") for number in range(MOST)]
    client = bare(server)
    client.ask("one more", "one group more")
    client.refused("tenant_full")
    others[0].leave_politely()
    client.register("one more", "one group more")


CASES = {
    "connections": Case(MOST, connections, one_connection_too_many, "refusals", "connections"),
    "connections_per_address": Case(MOST, connections, one_connection_too_many_from_here, "refusals", "connections_per_address"),
    "handshakes": Case(MOST, handshakes, one_handshake_too_many, "accept_pauses", counts_at=True),
    "handshakes_per_address": Case(MOST, handshakes, one_handshake_too_many_from_here, "refusals", "handshakes_per_address"),
    "peers_per_group": Case(MOST, peers, one_peer_too_many, "quota_refusals", "peers_per_group"),
    "peers_per_tenant": Case(MOST, connections, one_group_too_many, "quota_refusals", "peers_per_tenant"),
    "groups_per_tenant": Case(MOST, connections, one_group_too_many, "quota_refusals", "groups_per_tenant"),
    "connections_per_tenant": Case(MOST, connections, one_connection_of_the_tenant_too_many, "quota_refusals", "connections_per_tenant"),
}
