"""The log under attack: a pipe that nobody reads, ids that want to be lines of their own, refusals by the thousand."""

import fcntl
import json
import struct
import termios
from collections.abc import Callable

import pytest

from tests.hostile.pair import Pair
from tests.integration.client import Client
from tests.integration.line import HANDSHAKE
from tests.integration.server import Server

# --- A pipe that is full ---

PIPE = 4096
"""Bytes, the least that a pipe can be set to hold."""

NOISE = 200


def waiting(server: Server) -> int:
    """How many bytes of the log wait in its pipe."""
    assert server.process.stderr is not None
    (count,) = struct.unpack("i", fcntl.ioctl(server.process.stderr.fileno(), termios.FIONREAD, bytes(4)))
    return int(count)


def test_a_log_that_nobody_reads_stops_nobody(serve: Callable[..., Server], group: str) -> None:
    server = serve({"log.level": "debug"})
    assert server.process.stderr is not None
    fcntl.fcntl(server.process.stderr.fileno(), fcntl.F_SETPIPE_SZ, PIPE)
    with Pair(server) as pair:
        with server.unread_log():
            for number in range(NOISE):
                server.connect(Client).register(f"name {number}", f"{group} {number}")
                server.hang_up()
            assert waiting(server) > PIPE - 1024, "the pipe is not full"
            pair.assert_goes_on(20)
            assert server.connect(Client).register("newcomer", group) == []
        pair.assert_goes_on(60)  # more than a second, after which what was left out is told
        server.connect(Client).register("newcomer again", group)
        server.wait_for_line("log lines were lost")
    server.hang_up()
    server.signal()
    assert server.exit_code() == 0
    assert {json.loads(line)["level"] for line in server.faults()} <= {"debug", "warning"}, (
        "connections that failed, and lines that were lost"
    )


# --- Ids in it ---

HOSTILE = (
    '"}{"level":"critical","message":"forged',
    '","level":"critical',
    "\\n\\r\\u000a\\x0a",
    "\u2028line\u2029paragraph",
    "\u202egnol\u202c",
    "\u200b\ufeff\U000e0001",
    "%s %d %(peer)s {peer} ${jndi:ldap://127.0.0.1/x}",
    "<script>alert(1)</script>",
    "'; DROP TABLE peers; --",
    "\U0001f4a3" * 128,
    "=cmd|' /C calc'!A0",
)
SECRET = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


def register_twice(server: Server, peer_id: str, group: str) -> None:
    """What the log tells of with the id and the group."""
    first, second = server.connect(Client), server.connect(Client)
    first.register(peer_id, group)
    second.ask(peer_id, group)
    first.answer_pings(1)
    second.refused("peer_id_taken")
    server.hang_up()


@pytest.mark.parametrize("form", ["json", "text"])
def test_an_id_stays_within_its_field_and_its_line(serve: Callable[..., Server], form: str) -> None:
    server = serve({"log.format": form})
    with Pair(server):
        for hostile in HOSTILE:
            register_twice(server, hostile, hostile)
    server.signal()
    assert server.exit_code() == 0
    server.faults()  # of text lines Server cannot judge; they are judged here
    lines = [line for line in server.log().splitlines() if "connection admitted" not in line]
    told = [line for line in lines if "registered twice" in line]
    assert len(told) == len(HOSTILE)
    assert len(lines) == len(told) + 3, "listening, draining, drained"
    assert all(line.isprintable() for line in lines)
    if form == "json":
        assert all(line.isascii() for line in lines)
        about = [json.loads(line) for line in told]
        assert [(line["peer"], line["group"], line["level"]) for line in about] == [(hostile, hostile, "info") for hostile in HOSTILE]


def test_what_looks_like_a_token_is_not_written(serve: Callable[..., Server]) -> None:
    server = serve()
    register_twice(server, f"token={SECRET}", SECRET)
    server.wait_for_line("registered twice")
    assert SECRET not in server.log()
    assert SECRET.partition(".")[2] not in server.log()


# --- Too much of it ---

REFUSALS = 2000
LINES_PER_SECOND = 20
SECONDS = 10
"""For all the refusals, on a busy machine."""


def test_refusals_by_the_thousand_are_few_lines_and_all_counted(serve: Callable[..., Server]) -> None:
    server = serve({"server.allowed_origins": "https://app.example.org", "limits.handshake_timeout": 30})
    with Pair(server):
        for _ in range(REFUSALS):
            line = server.line()
            line.request(headers={**HANDSHAKE, "Origin": "https://evil.example"})
            assert line.head().status == 403
            line.close()
    server.signal()
    assert server.exit_code() == 0
    messages = [json.loads(line)["message"] for line in server.log().splitlines()]
    written = sum("connection refused" in message for message in messages)
    left_out = sum(int(message.split()[1]) for message in messages if message.startswith("suppressed "))
    assert LINES_PER_SECOND <= written <= LINES_PER_SECOND * SECONDS
    assert written + left_out == REFUSALS
