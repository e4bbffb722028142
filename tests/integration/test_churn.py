"""Many connections that come and go: nothing of them stays."""

import json
from collections.abc import Callable

import pytest

from tests.integration.certificate import Certificate
from tests.integration.client import Client
from tests.integration.line import TEXT, Line, frame
from tests.integration.server import Server

CYCLES = 1000
GROUPS = 10
GROWTH_KIB = 2048
"""What the process may grow by in so many cycles. One actor that stays for each cycle would be 2 MiB, one connection 3 and more."""


HALF_A_CLIENT_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


def register(peer_id: str, group: str) -> bytes:
    return frame(TEXT, json.dumps({"type": "register", "payload": {"peer_id": peer_id, "group_id": group}}).encode())


def come_and_go(server: Server, number: int, group: str) -> None:
    """Connect, register under a name and in a group that others have had before, wait for the list, vanish."""
    line = server.line()
    line.upgrade(behind=register(f"peer {number % 7}", f"{group} {number % GROUPS}"))
    opcode, payload = line.frame()
    while opcode != TEXT:
        opcode, payload = line.frame()
    assert b'"peer_list"' in payload, payload
    line.reset()


def assert_nobody_is_left(server: Server, group: str) -> None:
    for number in range(GROUPS):
        client = server.connect(Client)
        assert client.register("late", f"{group} {number}") == []
        client.leave_politely()
    server.hang_up()
    server.wait_for_connections(0)


def test_a_thousand_peers_that_vanish_leave_no_ghost_no_descriptor_and_no_memory(serve: Callable[..., Server], group: str) -> None:
    server = serve()
    descriptors = server.descriptors()
    for number in range(CYCLES // 4):
        come_and_go(server, number, group)
    server.wait_for_connections(0)
    memory = server.resident_kib()
    for number in range(CYCLES):
        come_and_go(server, number, group)
    assert_nobody_is_left(server, group)
    server.wait_for_descriptors(descriptors)
    assert server.resident_kib() - memory < GROWTH_KIB


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("begun", [b"", b"GET /ws HTTP/1.1\r\nHost:", HALF_A_CLIENT_HELLO])
def test_clients_that_vanish_before_they_have_shaken_hands_leave_nothing(
    serve: Callable[..., Server], certificate: Certificate, group: str, begun: bytes, *, secure: bool
) -> None:
    server = serve(certificate=certificate) if secure else serve()
    descriptors = server.descriptors()
    for _ in range(200):
        line = Line(("127.0.0.1", server.port))
        line.send(begun)
        line.reset()
    assert server.connect(Client).register("peer", group) == []
    server.hang_up()
    server.wait_for_connections(0)
    server.wait_for_descriptors(descriptors)
