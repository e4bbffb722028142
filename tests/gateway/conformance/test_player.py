"""One row: passed, or failed at the step and with the words for what was seen."""

import asyncio
import json
from collections.abc import Mapping

import pytest
from websockets.asyncio.server import ServerConnection

from gateway.conformance.facts import LIMITS
from gateway.conformance.player import Verdict, play, skipped
from gateway.conformance.target import Target
from gateway.conformance.transcript import Transcript, read
from tests.gateway.conformance.judged import ignore, judged, run

CONNECT = {"do": "connect", "who": "a"}


def row(*steps: Mapping[str, object]) -> Transcript:
    text = json.dumps({"about": [], "rows": [{"name": "r", "demands": "d", "rule": "x", "steps": list(steps)}]})
    return read("f", text.encode())[0]


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def played(*steps: Mapping[str, object], patience: float = 5.0) -> Verdict:
    async def judge() -> Verdict:
        async with judged(echo, patience=patience) as target:
            return await play(row(*steps), target, LIMITS, ignore)

    return run(judge())


def test_a_row_passes_when_every_step_is_as_demanded() -> None:
    verdict = played(
        CONNECT,
        {"do": "send", "who": "a", "json": {"group": "$group"}},
        {"do": "receive", "who": "a", "json": {"group": "$group"}},
        {"do": "request", "path": "$path", "status": 101, "handshake": True},
    )
    assert (verdict.outcome, verdict.seen) == ("passed", "")


def test_a_row_fails_at_the_first_step_that_is_not() -> None:
    verdict = played(CONNECT, {"do": "send", "who": "a", "text": "1"}, {"do": "receive", "who": "a", "json": 2}, {"do": "drop", "who": "a"})
    assert (verdict.outcome, verdict.step) == ("failed", 3)
    assert verdict.seen == "a received a text frame 1: message: 1, not 2"


def test_what_does_not_come_is_waited_for_as_long_as_the_patience_lasts() -> None:
    verdict = played(CONNECT, {"do": "receive", "who": "a", "json": {}}, patience=0.2)
    assert verdict.seen == "a received nothing within 0.2 s, and should have received {}"


def test_a_row_ends_in_time_whatever_a_server_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.conformance.player._ROW_SECONDS", 0.2)
    verdict = played(CONNECT, {"do": "silence", "who": "a", "seconds": 60})
    assert (verdict.outcome, verdict.step, verdict.seen) == ("failed", 2, "it took too long")


def test_a_server_that_is_not_there_is_an_error_and_no_verdict() -> None:
    async def judge() -> None:
        async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            await play(row(CONNECT), Target.at(f"ws://127.0.0.1:{port}/ws", None, 1), LIMITS, ignore)

    run(judge())


def test_a_row_that_is_not_played_says_why() -> None:
    verdict = skipped(row(CONNECT), "too slow")
    assert (verdict.outcome, verdict.seen) == ("skipped", "too slow")
