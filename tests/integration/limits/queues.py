"""The limits of what waits in the server: for a slow reader, for an answer, for an actor."""

import json
import time

from tests.hostile.member import member, message
from tests.integration.client import Client
from tests.integration.limits.case import GROUP, Case, peer
from tests.integration.line import CLOSE, Line, parse_close
from tests.integration.server import Server

__all__ = ["CASES"]

OUTBOX, MESSAGE, SEND_BUFFER, RECEIVE_BUFFER = 8192, 1024, 262_144, 4096
HELD, HELD_BYTES, HOLD_SECONDS = 2, 1024, 1.0
MAILBOX = 16
UNHURRIED = {"limits.messages_burst": 100_000, "limits.message_bytes": 2 * MESSAGE}

# --- Outbox and kernel ---


def slow_reader(server: Server) -> tuple[Client, Line]:
    """A sender, and a peer of its group that reads nothing but its list."""
    sender = peer(server, "sender")
    slow = member(server, "slow", GROUP, receive_buffer=RECEIVE_BUFFER)
    sender.hear("peer_joined")
    return sender, slow


def send(sender: Client, size: int) -> int:
    """Send the slow one messages of so many bytes together, until one is refused; how many were not."""
    body = "x" * (MESSAGE - 100)
    for number in range(size // MESSAGE):
        sender.say("message", "slow", body)
        sender.say("message", "sender", number)
        if (heard := sender.next()).type == "error":
            assert heard.payload["code"] == "slow_peer"
            return number
        assert heard.payload == number
    return size // MESSAGE


def as_much_as_the_outbox_takes(server: Server) -> None:
    sender, slow = slow_reader(server)
    assert send(sender, OUTBOX) == OUTBOX // MESSAGE
    for _ in range(OUTBOX // MESSAGE):
        assert b'"message"' in slow.frame()[1]


def more_than_the_outbox_takes(server: Server) -> None:
    sender, slow = slow_reader(server)
    assert send(sender, 100 * OUTBOX) < 100 * OUTBOX // MESSAGE
    while (heard := slow.frame())[0] != CLOSE:
        pass
    assert parse_close(heard[1]).code == 4413


def as_much_as_the_kernel_takes(server: Server) -> None:
    sender, _slow = slow_reader(server)
    assert send(sender, SEND_BUFFER) == SEND_BUFFER // MESSAGE


def more_than_the_kernel_takes(server: Server) -> None:
    sender, _slow = slow_reader(server)
    # Linux doubles what is asked for (socket(7): SO_SNDBUF).
    most = 2 * SEND_BUFFER + OUTBOX + 4 * RECEIVE_BUFFER
    assert SEND_BUFFER // MESSAGE <= send(sender, 2 * most) <= most // MESSAGE


# --- Candidates before the answer ---


def offered(server: Server, candidates: int) -> tuple[Client, Client]:
    """Who has sent an offer and so many candidates, and who has heard the offer and has not answered."""
    target, source = peer(server, "target"), peer(server, "source")
    target.hear("peer_joined")
    source.say("offer", "target", {})
    for number in range(candidates):
        source.say("candidate", "target", number)
    source.assert_silence()
    target.hear("offer")
    return source, target


def heard_candidates(target: Client, count: int) -> None:
    assert [target.hear("candidate").payload for _ in range(count)] == list(range(count))


def held_until_the_answer(server: Server) -> None:
    source, target = offered(server, HELD)
    target.assert_silence()
    target.say("answer", "source", {})
    source.hear("answer")
    heard_candidates(target, HELD)


def too_many_to_hold(server: Server) -> None:
    _source, target = offered(server, HELD + 1)
    heard_candidates(target, HELD + 1)


def held_bytes(server: Server, size: int) -> Client:
    """Who has not answered an offer; a candidate follows whose payload has so many bytes."""
    source, target = offered(server, 0)
    source.say("candidate", "target", "x" * (size - len('""')))
    source.assert_silence()
    return target


def as_many_bytes_as_are_held(server: Server) -> None:
    target = held_bytes(server, HELD_BYTES)
    target.assert_silence()
    target.say("answer", "source", {})
    target.hear("candidate")


def too_many_bytes_to_hold(server: Server) -> None:
    held_bytes(server, HELD_BYTES + 1).hear("candidate")


def answered_in_time(server: Server) -> None:
    _source, target = offered(server, 1)
    target.assert_silence()
    target.say("answer", "source", {})
    heard_candidates(target, 1)


def answered_too_late(server: Server) -> None:
    began = time.monotonic()
    _source, target = offered(server, 1)
    target.assert_silence()
    heard_candidates(target, 1)
    assert time.monotonic() - began > HOLD_SECONDS - 0.1


# --- Mailboxes ---


def say_at_once(server: Server, count: int) -> list[str]:
    """What comes back for so many messages to oneself in one segment."""
    line = member(server, "me", GROUP)
    line.send(message("message", "me") * count)
    return [json.loads(line.frame()[1])["type"] for _ in range(count)]


def a_mailbox_full(server: Server) -> None:
    assert say_at_once(server, MAILBOX) == ["message"] * MAILBOX


def more_than_a_mailbox_takes(server: Server) -> None:
    # What the PeerActor has no room for waits in the socket; what its group or its target has none for is refused. Nothing is lost.
    assert set(say_at_once(server, 4 * MAILBOX)) <= {"message", "error"}


CASES = {
    "outbox_bytes": Case(
        OUTBOX,
        as_much_as_the_outbox_takes,
        more_than_the_outbox_takes,
        "outbox_overflows",
        besides={**UNHURRIED, "limits.send_buffer_bytes": 4096},
    ),
    "send_buffer_bytes": Case(
        SEND_BUFFER,
        as_much_as_the_kernel_takes,
        more_than_the_kernel_takes,
        "outbox_overflows",
        besides={**UNHURRIED, "limits.outbox_bytes": OUTBOX},
    ),
    "held_messages": Case(HELD, held_until_the_answer, too_many_to_hold, "hold_overflows", besides={"limits.hold_timeout": 60}),
    "held_bytes": Case(
        HELD_BYTES, as_many_bytes_as_are_held, too_many_bytes_to_hold, "hold_overflows", besides={"limits.hold_timeout": 60}
    ),
    "hold_timeout": Case(HOLD_SECONDS, answered_in_time, answered_too_late, "hold_timeouts"),
    "mailbox": Case(MAILBOX, a_mailbox_full, more_than_a_mailbox_takes, "mailbox_refusals", "PeerActor"),
}
