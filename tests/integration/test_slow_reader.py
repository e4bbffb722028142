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
def server(request: pytest.FixtureRequest, share: Callable[..., Server], certificate: Certificate) -> Server:
    return share(LIMITS, certificate=certificate) if request.param == "wss" else share(LIMITS)


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
        sender.say("message", "slow", [number, BODY], id=str(number))
        sender.say("message", "witness", number)
        message = witness.next()
        if message.type == "peer_left":
            assert (message.peer, message.payload["reason"]) == ("slow", "lost")
            assert witness.hear("message").payload == number
            return number + 1
        assert message.payload == number
    raise AssertionError("the slow reader was never given up")


def test_a_slow_reader_is_closed_with_4413_and_what_it_does_not_get_is_told_to_the_sender(server: Server, group: str) -> None:
    witness, sender = server.connect(Client), server.connect(Client)
    slow = slow_reader(server, group)
    witness.register("witness", group)
    sender.register("sender", group)
    witness.hear("peer_joined")
    sent = flood(sender, witness)
    messages = [json.loads(payload) for _, payload in until_close(slow)]
    numbers = [message["payload"][0] for message in messages if message["type"] == "message"]
    assert 0 < len(numbers) < sent
    assert numbers == list(range(len(numbers))), "the beginning of what it was sent, in order, without a gap"
    told = [sender.next() for _ in range(1 + sent - len(numbers))]
    refused = [message.payload for message in told if message.type == "error"]
    assert sorted(int(error["ref"]["id"]) for error in refused) == list(range(len(numbers), sent))
    codes = [error["code"] for error in refused]
    assert codes[0] == "slow_peer"
    assert set(codes) <= {"slow_peer", "unknown_peer"}, "the last may have been sent when it was gone"
    assert [message.peer for message in told if message.type == "peer_left"] == ["slow"]
    sender.say("offer", "slow", {})
    sender.refused("unknown_peer")


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
