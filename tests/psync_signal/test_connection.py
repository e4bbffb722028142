"""Over real sockets, with the server of the websockets library on the other side."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from pathlib import Path

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from psync_signal.connection import connect
from psync_signal.envelope import Format
from psync_signal.reconnect import Broken, Refused, Unreachable
from tests.certificates import self_signed
from tests.psync_signal.doubles import run

Handler = Callable[[ServerConnection], Awaitable[None]]


def serving(
    handler: Handler, *, subprotocols: tuple[str, ...] = ("psync.v2.json", "psync.v2.msgpack"), **more: object
) -> AbstractAsyncContextManager[Server]:
    known = [Subprotocol(name) for name in subprotocols] or None
    return serve(handler, "127.0.0.1", 0, subprotocols=known, ping_interval=None, close_timeout=1, **more)  # type: ignore[arg-type] # as `serve`


def address(server: Server) -> str:
    return f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"


async def echo(socket: ServerConnection) -> None:
    async for frame in socket:
        await socket.send(frame)


@pytest.mark.parametrize(("form", "frame"), [(Format.JSON, "{}"), (Format.MSGPACK, b"\x80")])
def test_it_offers_the_subprotocol_of_its_format_and_the_token_in_a_header(form: Format, frame: str | bytes) -> None:
    seen: list[tuple[object, object]] = []

    async def handler(socket: ServerConnection) -> None:
        assert socket.request is not None
        seen.append((socket.subprotocol, socket.request.headers.get("Authorization")))
        await echo(socket)

    async def test() -> None:
        async with serving(handler) as server:
            connection = await connect(address(server), form, "secret", None)
            await connection.send(frame)
            assert await connection.receive(5) == frame
            await connection.close()
            await connection.close()
        assert seen == [(form.subprotocol, "Bearer secret")]

    run(test())


def test_no_log_shows_the_token(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with serving(echo, logger=logging.getLogger("the server's own")) as server:
            connection = await connect(address(server), Format.JSON, "hush-hush", None)
            await connection.close()

    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.ERROR, "the server's own")
    run(test())
    assert "hush" not in caplog.text


def test_the_close_code_and_reason_are_those_of_the_server() -> None:
    async def test() -> None:
        async with serving(lambda socket: socket.close(4409, "replaced")) as server:
            connection = await connect(address(server), Format.JSON, None, None)
            with pytest.raises(Broken) as end:
                await connection.receive(5)
            assert (end.value.code, end.value.reason, end.value.silent) == (4409, "replaced", False)
            with pytest.raises(Broken) as end:
                await connection.send("{}")
            assert end.value.unsent

    run(test())


def test_a_cut_is_a_close_without_a_code() -> None:
    async def handler(socket: ServerConnection) -> None:
        socket.transport.abort()

    async def test() -> None:
        async with serving(handler) as server:
            connection = await connect(address(server), Format.JSON, None, None)
            with pytest.raises(Broken) as end:
                await connection.receive(5)
            assert (end.value.code, end.value.silent) == (1006, False)
            await connection.close()

    run(test())


def test_a_silent_server_is_given_up() -> None:
    async def test() -> None:
        async with serving(echo) as server:
            connection = await connect(address(server), Format.JSON, None, None)
            with pytest.raises(Broken) as end:
                await connection.receive(0.05)
            assert (end.value.code, end.value.silent) == (1006, True)
            await connection.close()

    run(test())


def test_pings_are_a_sign_of_life_and_are_answered() -> None:
    async def handler(socket: ServerConnection) -> None:
        for _ in range(10):
            answered = await socket.ping()
            await answered
            await asyncio.sleep(0.05)  # the rhythm of the server's pings, not a wait for something
        await socket.send("alive")
        await socket.wait_closed()

    async def test() -> None:
        async with serving(handler) as server:
            connection = await connect(address(server), Format.JSON, None, None)
            assert await connection.receive(0.3) == "alive"
            await connection.close()

    run(test())


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b'{"error":"connections","message":"the server is full"}', "connections: the server is full"), (b"<html>", "Service Unavailable")],
)
def test_a_refused_handshake_says_why_and_when_to_come_back(body: bytes, reason: str) -> None:
    def refuse(socket: ServerConnection, _request: Request) -> Response:
        response = socket.respond(HTTPStatus.SERVICE_UNAVAILABLE, "")
        response.headers["Retry-After"] = "7"
        del response.headers["Content-Length"]
        response.headers["Content-Length"] = str(len(body))
        response.body = body
        return response

    async def test() -> None:
        async with serving(echo, process_request=refuse) as server:
            with pytest.raises(Refused) as refusal:
                await connect(address(server), Format.JSON, None, None)
            assert (refusal.value.status, refusal.value.reason, refusal.value.retry_after) == (503, reason, 7)

    run(test())


def test_a_server_that_does_not_speak_the_profile_is_refused() -> None:
    async def test() -> None:
        async with serving(echo, subprotocols=()) as server:
            with pytest.raises(Refused, match=r"does not speak psync\.v2\.json") as refusal:
                await connect(address(server), Format.JSON, None, None)
            assert refusal.value.status == 400

    run(test())


def test_where_nobody_listens_there_is_nobody_to_reach() -> None:
    async def test() -> None:
        async with serving(echo) as server:
            url = address(server)
        with pytest.raises(Unreachable):
            await connect(url, Format.JSON, None, None)

    run(test())


def test_a_certificate_is_trusted_if_it_is_told_so_and_else_there_is_nobody_to_reach(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)

    async def test() -> None:
        async with serving(echo, ssl=context) as server:
            url = address(server).replace("ws:", "wss:")
            with pytest.raises(Unreachable, match="certificate verify failed"):
                await connect(url, Format.JSON, None, None)
            connection = await connect(url, Format.JSON, None, ssl.create_default_context(cafile=str(certificate.cert)))
            await connection.close()

    run(test())
