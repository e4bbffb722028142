"""One HTTP request of a row: what is as demanded passes, and anything else is told."""

import asyncio
import json
from collections.abc import Mapping

import pytest

from gateway.conformance.connection import Unmet
from gateway.conformance.exchange import exchange
from gateway.conformance.facts import LIMITS, Facts
from gateway.conformance.steps import Request
from gateway.conformance.target import Target
from gateway.conformance.transcript import read
from tests.gateway.conformance.judged import run

ANSWER = b'HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 15\r\n\r\n{"status":"up"}'


def ask(answer: bytes | None, demanded: Mapping[str, object], patience: float = 5.0) -> None:
    """Ask a server that says this, and then ends."""
    step = {"do": "request", "path": "$path", "status": 200, **demanded}
    row = {"name": "r", "demands": "d", "rule": "x", "steps": [step]}
    (parsed,) = read("f", json.dumps({"about": [], "rows": [row]}).encode())[0].steps
    assert isinstance(parsed, Request)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        assert request.startswith((b"GET /ws HTTP/1.1\r\n", b"GET /ws?token=t0ken HTTP/1.1\r\n"))
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
        writer.close()

    async def talk(step: Request) -> None:
        async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
            target = Target.at(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws", "t0ken", patience)
            await exchange(step, target, Facts(LIMITS, target.path, target.token))

    run(talk(parsed))


@pytest.mark.parametrize(
    "demanded", [{}, {"body": '{"status":"up"}'}, {"json": {"status": "<string>"}}, {"answers": {"x-a": "1", "x-b": "<absent>"}}]
)
def test_an_answer_as_demanded_passes(demanded: dict[str, object]) -> None:
    ask(ANSWER, demanded)


@pytest.mark.parametrize(
    ("demanded", "says"),
    [
        ({"status": 404}, 'GET /ws: 200 "{\\"status\\":\\"up\\"}", not 404'),
        ({"body": "OK"}, 'not "OK"'),
        ({"json": {"status": "down"}}, 'body.status: "up", not "down"'),
        ({"answers": {"x-a": "2"}}, 'headers.x-a: "1", not "2"'),
    ],
)
def test_another_answer_is_told(demanded: dict[str, object], says: str) -> None:
    with pytest.raises(Unmet) as unmet:
        ask(ANSWER, demanded)
    assert says in str(unmet.value)


def test_a_token_is_sent_and_not_told() -> None:
    with pytest.raises(Unmet, match=r"^GET /ws\?token=…: 200 ") as unmet:
        ask(ANSWER, {"path": "$path?token=$token", "headers": {"X": "bearer.$token"}, "status": 404})
    assert "t0ken" not in str(unmet.value)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{", "which is no JSON"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", "was answered with no HTTP"),
        (b"SSH-2.0\r\n\r\n", "was answered with no HTTP"),
    ],
)
def test_what_is_no_answer_is_told(answer: bytes, says: str) -> None:
    with pytest.raises(Unmet, match=says):
        ask(answer, {"json": {}})


def test_a_server_that_says_nothing_is_told() -> None:
    with pytest.raises(Unmet, match=r"GET /ws was not answered within 0\.2 s"):
        ask(None, {}, patience=0.2)
