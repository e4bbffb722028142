"""The limits of what one client does in a time: messages, bytes, registers, faults, and what it says before it is let in."""

import time
from collections.abc import Callable

from tests.integration.client import Client
from tests.integration.limits.case import GROUP, Case, bare, peer, say_to_oneself
from tests.integration.line import TEXT, frame
from tests.integration.server import Server

__all__ = ["CASES"]

BURST, RATE, SLOW = 10, 20, 0.01
SIZE, BYTES_BURST, BYTES_RATE = 500, 2000, 1000
REGISTERS, ERRORS, EARLY = 3, 3, 2


def at_a_rate(act: Callable[[], object], seconds: float) -> None:
    """Act again and again, each time so long after the server has answered the one before."""
    for _ in range(4):
        time.sleep(seconds)  # the rate that is tried
        act()


def say(client: Client, size: int) -> None:
    client.send(say_to_oneself(client, size))
    client.hear("message")


def refused_at_once(client: Client, message: bytes) -> None:
    """Send it twice in one segment: the second is refused, at least."""
    client.line.send(frame(TEXT, message) * 2)
    heard = [client.next() for _ in range(2)]
    codes = [message.payload["code"] for message in heard if message.type == "error"]
    assert codes in (["rate_limited"], ["rate_limited"] * 2)


def burst_of_messages(server: Server) -> None:
    client = peer(server, "me")  # the register is one of them
    for _ in range(BURST - 1):
        say(client, 60)


def burst_of_too_many_messages(server: Server) -> None:
    client = peer(server, "me")
    for _ in range(BURST - 1):
        say(client, 60)
    client.say("message", "me")
    assert client.refused("rate_limited").payload["retry_after_ms"] > 0


def messages_at_the_rate(server: Server) -> None:
    client = peer(server, "me")
    at_a_rate(lambda: say(client, 60), 1 / RATE)


def messages_above_the_rate(server: Server) -> None:
    client = peer(server, "me")
    refused_at_once(client, say_to_oneself(client, 60))


def burst_of_bytes(server: Server) -> None:
    client = peer(server, "me")
    for _ in range(BYTES_BURST // SIZE):
        say(client, SIZE)


def burst_of_too_many_bytes(server: Server) -> None:
    client = peer(server, "me")
    for _ in range(BYTES_BURST // SIZE):
        say(client, SIZE)
    client.send(say_to_oneself(client, SIZE))
    assert client.refused("rate_limited").payload["retry_after_ms"] > 0


def bytes_at_the_rate(server: Server) -> None:
    client = peer(server, "me")
    at_a_rate(lambda: say(client, SIZE // 5), SIZE / 5 / BYTES_RATE)


def bytes_above_the_rate(server: Server) -> None:
    client = peer(server, "me")
    refused_at_once(client, say_to_oneself(client, SIZE))


def burst_of_registers(server: Server) -> None:
    client = bare(server)
    for _ in range(REGISTERS):
        client.register("me", GROUP)


def burst_of_too_many_registers(server: Server) -> None:
    client = bare(server)
    for number in range(REGISTERS):
        client.register("me", f"group {number}")
    client.ask("me", "one group more")
    assert client.refused("rate_limited").payload["retry_after_ms"] > 0
    client.assert_silence()


def registers_at_the_rate(server: Server) -> None:
    client = peer(server, "me")
    at_a_rate(lambda: client.register("me", GROUP), 1 / RATE)


def registers_above_the_rate(server: Server) -> None:
    client = peer(server, "me")
    refused_at_once(client, client.encode({"type": "register", "payload": {"peer_id": "me", "group_id": GROUP}}))


def errors(server: Server) -> None:
    client = peer(server, "me")
    for _ in range(ERRORS):
        client.send(b"{")
        client.refused("bad_message")
    client.assert_silence()


def too_many_errors(server: Server) -> None:
    client = peer(server, "another")
    for _ in range(ERRORS + 1):
        client.send(b"{")
        client.refused("bad_message")
    assert client.closed().code == 4400


def speak_early(server: Server, count: int) -> Client:
    """A client that has sent a register and so many messages behind it in one segment."""
    client = bare(server)
    client.peer_id = "eager"
    register = client.encode({"type": "register", "payload": {"peer_id": "eager", "group_id": GROUP}})
    client.line.send(b"".join(frame(TEXT, text) for text in (register, *[say_to_oneself(client, 60)] * count)))
    return client


def early_messages(server: Server) -> None:
    client = speak_early(server, EARLY)
    assert [client.next().type for _ in range(EARLY + 1)] == ["peer_list", *["message"] * EARLY]
    client.leave_politely()


def too_many_early_messages(server: Server) -> None:
    client = speak_early(server, EARLY + 1)
    assert sorted(client.next().type for _ in range(EARLY + 2)) == ["error", *["message"] * EARLY, "peer_list"]


CASES = {
    "messages_burst": Case(
        BURST, burst_of_messages, burst_of_too_many_messages, "errors", "rate_limited", {"limits.messages_per_second": SLOW}
    ),
    "messages_per_second": Case(
        RATE, messages_at_the_rate, messages_above_the_rate, "errors", "rate_limited", {"limits.messages_burst": 1}
    ),
    "bytes_burst": Case(
        BYTES_BURST,
        burst_of_bytes,
        burst_of_too_many_bytes,
        "errors",
        "rate_limited",
        {"limits.bytes_per_second": 64, "limits.message_bytes": SIZE},
    ),
    "bytes_per_second": Case(
        BYTES_RATE,
        bytes_at_the_rate,
        bytes_above_the_rate,
        "errors",
        "rate_limited",
        {"limits.bytes_burst": SIZE, "limits.message_bytes": SIZE},
    ),
    "registers_burst": Case(
        REGISTERS, burst_of_registers, burst_of_too_many_registers, "errors", "rate_limited", {"limits.registers_per_second": SLOW}
    ),
    "registers_per_second": Case(
        RATE, registers_at_the_rate, registers_above_the_rate, "errors", "rate_limited", {"limits.registers_burst": 1}
    ),
    "errors": Case(ERRORS, errors, too_many_errors, "closes", "4400"),
    "early_messages": Case(EARLY, early_messages, too_many_early_messages, "early_refusals"),
}
