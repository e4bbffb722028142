"""Nonsense by the seed: bytes instead of frames, and good messages with a few bytes changed. Nothing of it is a fault in the server."""

import json
import random
from collections.abc import Callable

import pytest

from tests.hostile.member import member
from tests.integration.line import BINARY, CLOSE, PING, PONG, TEXT, Line, frame, parse_close
from tests.integration.server import Server
from tests.sources import ROOT

SEEDS = range(10)
"""Each is in the name of its test: a failure can be had again with it."""

TOLERANT = {
    "limits.errors": 1_000_000,
    "limits.messages_burst": 1_000_000,
    "limits.registers_burst": 1_000_000,
    "limits.close_timeout": 0.2,
}
VECTORS = json.loads((ROOT / "tests/vectors/envelopes.json").read_text())["from_client"]
MUTANTS = 300
STREAMS = 30
STREAM_BYTES = 2000
GOOD = b"\x81\x94" + bytes(4) + b'{"type":"heartbeat"}' + b"\x89\x81" + bytes(4) + b"?"
"""Two frames, whose masks are not left to chance: they would be of no seed."""

PROTOCOL_CLOSES = {1002, 1007, 1008, 1009}


@pytest.fixture
def server(besiege: Callable[..., Server]) -> Server:
    return besiege(TOLERANT)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """The same with a few bytes changed, left out, doubled or put in."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        changed[at : at + chance.randrange(3)] = chance.choice((b"", chance.randbytes(2), bytes(changed[at : at + 8]), b'"', b"\\", b"{"))
    return bytes(changed)


@pytest.mark.parametrize("seed", SEEDS)
def test_messages_with_changed_bytes_close_nothing(server: Server, group: str, seed: int) -> None:
    chance = random.Random(seed)
    line = member(server, "mutant", group)
    for _ in range(MUTANTS):
        vector = chance.choice(VECTORS)
        if "json" in vector:
            # Text that is no UTF-8 is a matter of frames, and ends the connection: see below.
            line.send(frame(TEXT, mutated(vector["json"].encode(), chance).decode(errors="replace").encode()))
        else:
            line.send(frame(BINARY, mutated(bytes.fromhex(vector["msgpack"]), chance)))
    line.send(frame(PING, b"the end"))
    while (heard := line.frame()) != (PONG, b"the end"):
        assert heard[0] in {TEXT, BINARY}, heard


@pytest.mark.parametrize("seed", SEEDS)
def test_bytes_that_are_no_frames_are_closed_for_a_reason(server: Server, group: str, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(STREAMS):
        line = member(server, "stream", group)
        line.send(mutated(GOOD, chance) + chance.randbytes(STREAM_BYTES) + b"\xff" * 14)
        assert closed_with(line) in PROTOCOL_CLOSES


def closed_with(line: Line) -> int:
    """Read up to the close frame; its code."""
    while True:
        opcode, payload = line.frame()
        if opcode == CLOSE:
            line.close()
            return parse_close(payload).code
