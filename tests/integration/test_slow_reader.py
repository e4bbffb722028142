"""A client that reads too slowly: it alone is closed, and nobody waits for it."""

import json
from collections.abc import Callable

import pytest

from tests.integration.certificate import Certificate
from tests.integration.client import Client
from tests.integration.line import CLOSE, TEXT, Line, frame, parse_close
from tests.integration.server import Server

BODY = "x" * 30_000
SMALL_BUFFER = 4096
"""Bytes that the kernel keeps for a client that does not read; it makes a little more of it."""

LIMITS = {"limits.outbox_bytes": 131_072, "limits.send_buffer_bytes": 16_384}

SOON = 1.5
"""Seconds: the default of `limits.close_timeout`, and half a second for a busy machine."""


@pytest.fixture(params=["ws", "wss"])
def server(request: pytest.FixtureRequest, serve: Callable[..., Server], certificate: Certificate) -> Server:
    return serve(LIMITS, certificate=certificate) if request.param == "wss" else serve(LIMITS)


def slow_reader(server: Server, group: str) -> Line:
    """A peer that has registered and read its list, and from then on reads nothing."""
    line = server.line(receive_buffer=SMALL_BUFFER)
    register = {"type": "register", "payload": {"peer_id": "slow", "group_id": group}}
    line.upgrade(behind=frame(TEXT, json.dumps(register).encode()))
    line.frame()
    return line


def flood(sender: Client, witness: Client) -> int:
    """Send to the slow one until it is given up; return how many messages it was sent. The witness gets each of its own meanwhile."""
    for number in range(100):
        sender.say("message", "slow", [number, BODY])
        sender.say("message", "witness", number)
        message = witness.next()
        if message.type == "peer_left":
            assert (message.peer, message.payload["reason"]) == ("slow", "lost")
            assert witness.hear("message").payload == number
            return number + 1
        assert message.payload == number
    raise AssertionError("the slow reader was never given up")


def test_a_slow_reader_is_closed_with_4413_after_what_it_was_sent_and_the_others_get_their_messages(server: Server, group: str) -> None:
    witness, sender = server.connect(Client), server.connect(Client)
    slow = slow_reader(server, group)
    witness.register("witness", group)
    sender.register("sender", group)
    witness.hear("peer_joined")
    sent = flood(sender, witness)
    sender.refused("slow_peer")
    assert sender.hear("peer_left").peer == "slow"
    sender.say("offer", "slow", {})
    sender.refused("unknown_peer")
    heard = until_close(slow)
    numbers = [json.loads(payload)["payload"][0] for opcode, payload in heard if b"peer_joined" not in payload[:30]]
    assert 0 < len(numbers) < sent
    assert numbers == list(range(len(numbers))), "the beginning of what it was sent, in order, without a gap"


def until_close(line: Line) -> list[tuple[int, bytes]]:
    """Everything up to the close frame."""
    heard: list[tuple[int, bytes]] = []
    while True:
        opcode, payload = line.frame()
        if opcode == CLOSE:
            assert parse_close(payload).code == 4413
            return heard
        heard.append((opcode, payload))


def test_a_reader_that_never_reads_again_is_cut_off_in_bounded_time(server: Server, group: str) -> None:
    witness, sender = server.connect(Client), server.connect(Client)
    slow = slow_reader(server, group)
    witness.register("witness", group)
    sender.register("sender", group)
    witness.hear("peer_joined")
    flood(sender, witness)
    server.wait_for_connections(2, within=SOON)
    slow.reset()
