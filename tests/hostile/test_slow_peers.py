"""Peers that take nothing: bounded by bytes, given up alone, and whatever they do meanwhile ends well."""

import json
import time
from collections.abc import Callable

import pytest

from tests.hostile.footprint import Footprint
from tests.hostile.member import member
from tests.hostile.pair import Pair
from tests.integration.client import Client
from tests.integration.line import CLOSE, PING, PONG, TEXT, Line, frame, parse_close
from tests.integration.server import Server
from tests.integration.strict import Message

OUTBOX, SEND_BUFFER, RECEIVE_BUFFER = 131_072, 16_384, 4096
LIMITS = {"limits.outbox_bytes": OUTBOX, "limits.send_buffer_bytes": SEND_BUFFER}
DOUBLED = 2
"""Linux takes twice what is asked for as a socket's buffer, for its own account of it (socket(7): SO_SNDBUF)."""

BODY = "x" * 1000
ALLOWANCE_KIB = 4096


@pytest.fixture
def server(besiege: Callable[..., Server]) -> Server:
    return besiege(LIMITS)


def meet(server: Server, group: str) -> tuple[Client, Line]:
    """A sender, and a peer of its group that has read its list and reads no more."""
    sender = server.connect(Client)
    sender.register("sender", group)
    slow = member(server, "slow", group, receive_buffer=RECEIVE_BUFFER)
    assert sender.hear("peer_joined").peer == "slow"
    return sender, slow


def send(sender: Client, count: int) -> tuple[int, Message | None]:
    """Send up to `count` messages to the slow one, one by one; stop at the first that is answered. How many were sent, and that answer."""
    for number in range(count):
        sender.say("message", "slow", BODY, id=str(number))
        sender.say("message", "sender", number)
        heard = sender.next()
        if heard.type != "message":
            return number + 1, heard
        assert heard.payload == number
    return count, None


def test_what_the_server_takes_for_a_peer_that_never_reads_is_bounded_kernel_buffers_included(server: Server, group: str) -> None:
    with Pair(server, group, secluded=False):
        sender, slow = meet(server, group)
        sent, told = send(sender, 1000)
        assert told is not None
        assert (told.type, told.payload["code"]) == ("error", "slow_peer")
        size = len(slow.frame()[1])
        assert sent * size <= OUTBOX + DOUBLED * SEND_BUFFER + DOUBLED * RECEIVE_BUFFER + size
        while (received := slow.frame())[0] != CLOSE:
            assert received[0] == TEXT
        assert parse_close(received[1]).code == 4413


# --- What a blocked peer may do ---

BLOCKING = 60
"""Messages: more than the two kernels take, and less than the outbox does."""

GOODBYE = frame(CLOSE, b"\x03\xe8")
ENDS: dict[str, tuple[bytes, Callable[[Line], None] | None, str]] = {
    "closes": (GOODBYE, None, "left"),
    "closes twice": (2 * GOODBYE, None, "left"),
    "half-closes": (b"", Line.finish, "lost"),
    "resets": (b"", Line.reset, "lost"),
    "vanishes": (b"", Line.close, "lost"),
    "breaks a rule": (frame(0x3), None, "lost"),
    "closes and resets": (GOODBYE, Line.reset, "left"),
    "pings and resets": (50 * frame(PING, b"x" * 125), Line.reset, "lost"),
}
"""What it sends, what it does then, and what the others are told."""


@pytest.mark.parametrize("end", ENDS)
def test_a_blocked_peer_that_ends_has_left_at_once_and_leaves_nothing(serve: Callable[..., Server], group: str, end: str) -> None:
    server = serve({**LIMITS, "limits.close_timeout": 0.2})
    data, act, reason = ENDS[end]
    with Pair(server), Pair(server, group, secluded=False):
        before = Footprint(server)
        sender, slow = meet(server, group)
        assert send(sender, BLOCKING) == (BLOCKING, None)
        slow.send(data)
        if act is not None:
            act(slow)
        while (heard := sender.next()).type == "error":
            assert heard.payload["code"] == "undelivered"
        assert (heard.type, heard.peer, heard.payload["reason"]) == ("peer_left", "slow", reason)
        before.assert_given_back(ALLOWANCE_KIB)


def test_a_blocked_peer_that_pings_and_then_reads_has_missed_nothing(server: Server, group: str) -> None:
    sender, slow = meet(server, group)
    assert send(sender, BLOCKING) == (BLOCKING, None)
    for number in range(10):
        slow.send(frame(PING, str(number).encode()))
    frames = [slow.frame() for _ in range(BLOCKING + 10)]
    assert [json.loads(payload)["id"] for opcode, payload in frames if opcode == TEXT] == [str(number) for number in range(BLOCKING)]
    assert [payload for opcode, payload in frames if opcode == PONG] == [str(number).encode() for number in range(10)]
    sender.assert_silence()


SOON = 4.0
"""Seconds: until the rate of pings is abused, then the default of `limits.close_timeout`, and time for a busy machine."""


def test_a_peer_that_pings_and_never_reads_is_cut_off_too(server: Server, group: str) -> None:
    sender, slow = meet(server, group)
    began = time.monotonic()
    ping_until_cut_off(slow)
    assert time.monotonic() - began < SOON
    assert sender.hear("peer_left").payload["reason"] == "lost"


def ping_until_cut_off(line: Line) -> None:
    pings = frame(PING, b"x" * 125) * 10
    for _ in range(1_000_000):
        try:
            line.send(pings)
        except OSError:
            return
    raise AssertionError("it was never cut off")


# --- What the server holds back by itself ---

HELD = 20


def test_candidates_that_are_held_make_no_slow_peer_of_one_that_reads(besiege: Callable[..., Server], group: str) -> None:
    server = besiege()
    victim, sender = member(server, "victim", group), server.connect(Client)
    sender.register("sender", group)
    sender.say("offer", "victim", 1)
    for number in range(HELD):
        sender.say("candidate", "victim", [number, "x" * 60_000])
        sender.say("message", "sender", number)
        assert sender.hear("message").payload == number
        while victim.ready() and number < HELD - 1:
            assert victim.frame()[0] == TEXT
    sender.say("message", "victim", "the end")
    while b'"the end"' not in (heard := victim.frame())[1]:
        assert heard[0] == TEXT, heard
    sender.assert_silence()
