"""RFC 6455 over real sockets: the echo application sends back, or refuses, all that `tests/vectors` holds; then TCP ends in time."""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.integration.certificate import Certificate
from tests.integration.line import BINARY, CLOSE, PING, PONG, TEXT, frame
from tests.integration.server import Server
from tests.pieces import joined

VECTORS = Path(__file__).parents[1] / "vectors"
CONFORMANCE = json.loads((VECTORS / "conformance.json").read_text())["sections"]
FRAMES = json.loads((VECTORS / "frames.json").read_text())
OPCODES = {"text": TEXT, "binary": BINARY, "close": CLOSE, "ping": PING, "pong": PONG}

SOON = 1.0
"""Seconds from a close frame to the end of TCP."""

BYTE_BY_BYTE = 300
"""What is longer is sent in segments of SEGMENT bytes, and what is longer than LONG only as a whole."""

SEGMENT, LONG = 997, 70_000


class Case(NamedTuple):
    """What a client sends, the frames that come back, the code of the close frame behind them; None: the connection stays open."""

    sent: bytes
    back: list[tuple[int, bytes]]
    close: int | None


def of_conformance(vector: dict[str, Any]) -> Case:
    back = [(OPCODES[kind], joined(pieces)) for kind, *pieces in vector["server"]]
    return Case(joined(vector["client"]), back, vector["close"])


def of_frames(vector: dict[str, Any]) -> Case:
    """What an echo makes of the events that the frame engine makes of it: a ping comes back as a pong, a pong and a close do not."""
    events = [(OPCODES[kind], joined(pieces)) for kind, *pieces in vector["events"]]
    back = [(PONG if opcode == PING else opcode, payload) for opcode, payload in events if opcode not in {PONG, CLOSE}]
    return Case(joined(vector["client"]), back, vector["close"])


def named(vectors: Iterable[dict[str, Any]], read: Callable[[dict[str, Any]], Case]) -> list[Any]:
    return [pytest.param(read(vector), id=vector["name"]) for vector in vectors]


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """The ways in which it is sent."""
    yield [data]
    if len(data) <= LONG:
        size = 1 if len(data) <= BYTE_BY_BYTE else SEGMENT
        yield [data[at : at + size] for at in range(0, len(data), size)]


def by_kind(frames: list[tuple[int, bytes]]) -> tuple[list[tuple[int, bytes]], list[tuple[int, bytes]]]:
    """The messages by themselves and the pongs by themselves: a pong may overtake an echo."""
    return [each for each in frames if each[0] != PONG], [each for each in frames if each[0] == PONG]


def check(server: Server, case: Case, segments: list[bytes]) -> None:
    line = server.line()
    line.upgrade()
    for segment in segments:
        line.send(segment)
    is_what_was_expected = by_kind([line.frame() for _ in case.back]) == by_kind(case.back)
    assert is_what_was_expected  # a name, because of payloads of megabytes pytest would show the difference for minutes
    if case.close is None:
        line.send(frame(PING, b"still here") + frame(CLOSE, b"\x03\xe8"))
        assert line.frame() == (PONG, b"still here")
    assert line.close_frame().code == (1000 if case.close is None else case.close)
    line.ended_within(SOON)
    line.close()


@pytest.mark.parametrize("case", named(chain.from_iterable(section["vectors"] for section in CONFORMANCE), of_conformance))
def test_what_a_client_sends_comes_back_or_is_refused(share: Callable[..., Server], case: Case) -> None:
    server = share(application="echo")
    for segments in cuts(case.sent):
        check(server, case, segments)


@pytest.mark.parametrize("case", named([section["vectors"][0] for section in CONFORMANCE], of_conformance))
def test_under_tls_it_is_the_same(share: Callable[..., Server], certificate: Certificate, case: Case) -> None:
    server = share(application="echo", certificate=certificate)
    for segments in cuts(case.sent):
        check(server, case, segments)


@pytest.mark.parametrize("case", named((vector for vector in FRAMES["vectors"] if not vector.get("unfinished")), of_frames))
def test_what_the_frame_engine_makes_of_bytes_is_what_a_client_sees_of_it(share: Callable[..., Server], case: Case) -> None:
    server = share({f"limits.{key}": value for key, value in FRAMES["limits"].items()}, application="echo")
    for segments in cuts(case.sent):
        check(server, case, segments)


@pytest.mark.parametrize("case", named((vector for vector in FRAMES["vectors"] if vector.get("unfinished")), of_frames))
def test_what_is_unfinished_when_a_client_goes_is_let_go(share: Callable[..., Server], case: Case) -> None:
    line = share(application="echo").line()
    line.upgrade()
    line.send(case.sent)
    assert [line.frame() for _ in case.back] == case.back
    line.finish()
    line.ended_within(SOON)
