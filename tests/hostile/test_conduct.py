"""Who does not stop: the bounds on bad messages, on messages and on registers, as they are by default. Each is told, then closed."""

import json
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from tests.integration.client import Client, PackedClient
from tests.integration.line import CLOSE, PING, Closed, parse_close
from tests.integration.server import Server
from tests.integration.strict import read

ERRORS = 100
BURST = 400
REGISTERS = 5
BATCH = 50
"""Messages sent before their answers are read: one segment or a few, and nothing that an outbox could not hold."""

both_encodings = pytest.mark.parametrize("kind", [Client, PackedClient])


@pytest.fixture
def server(besiege: Callable[..., Server]) -> Server:
    return besiege({"limits.errors": ERRORS, "limits.messages_burst": BURST, "limits.registers_burst": REGISTERS})


@both_encodings
def test_bad_messages_are_answered_one_by_one_until_4400(server: Server, group: str, kind: type[Client]) -> None:
    witness, attacker = server.connect(Client), server.connect(kind)
    witness.register("witness", group)
    attacker.register("attacker", group)
    witness.hear("peer_joined")
    for _ in range(ERRORS + 1):
        attacker.send(b"\xc1" if kind is PackedClient else b"{")
        attacker.refused("bad_message")
    assert attacker.closed().code == 4400
    left = witness.hear("peer_left")
    assert (left.peer, left.payload["reason"]) == ("attacker", "lost")
    witness.assert_silence()


def test_bad_messages_in_one_go_are_no_more_than_bad_messages(server: Server) -> None:
    attacker = server.connect(Client)
    for _ in range(ERRORS + 1):
        attacker.send(b"[" * 10_000)
    for _ in range(ERRORS + 1):
        attacker.refused("bad_message")
    assert attacker.closed().code == 4400


def answers(client: Client, messages: Iterator[bytes], most: int) -> tuple[list[str], Closed]:
    """Send up to `most` messages, reading meanwhile; what each was answered with (a type, or an error's code), and the close frame."""
    heard: list[str] = []
    for _ in range(most // BATCH):
        for _ in range(BATCH):
            client.send(next(messages))
        for _ in range(BATCH):
            opcode, payload = client.line.frame()
            while opcode == PING:
                opcode, payload = client.line.frame()
            if opcode == CLOSE:
                return heard, parse_close(payload)
            message = read(payload, client.form)
            heard.append(message.payload["code"] if message.type == "error" else message.type)
    raise AssertionError(f"not closed after {most} messages: {heard[-10:]}")


def test_thousands_of_registers_find_out_about_a_few_groups_and_are_closed_with_4429(server: Server, group: str) -> None:
    attacker = server.connect(Client)
    guesses = (
        json.dumps({"type": "register", "payload": {"peer_id": "attacker", "group_id": f"{group} {number}"}}).encode() for number in count()
    )
    heard, closed = answers(attacker, guesses, 3000)
    assert closed.code == 4429
    assert set(heard) == {"peer_list", "rate_limited"}
    assert REGISTERS <= heard.count("peer_list") <= 2 * REGISTERS
    assert BURST + BURST <= len(heard) <= 3 * BURST
    for number in range(len(heard)):
        if number < REGISTERS or number == len(heard) - 1:
            assert server.connect(Client).register("late", f"{group} {number}") == [], "nothing of the attacker is left there"


@both_encodings
def test_messages_beyond_the_rate_are_answered_one_by_one_until_4429(server: Server, group: str, kind: type[Client]) -> None:
    witness, attacker = server.connect(Client), server.connect(kind)
    witness.register("witness", group)
    attacker.register("attacker", group)
    witness.hear("peer_joined")
    heard, closed = answers(attacker, (attacker.encode({"type": "message", "target_id": "attacker"}) for _ in count()), 3000)
    assert closed.code == 4429
    assert set(heard) == {"message", "rate_limited"}
    assert BURST - 1 <= heard.count("message") < 2 * BURST
    assert BURST <= heard.count("rate_limited") < 2 * BURST
    assert witness.hear("peer_left").payload["reason"] == "lost"
    witness.assert_silence()
