"""Over real sockets; there is no server upstream unless a test says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gateway.keeper.keeper import Keeper, Settings
from gateway.keeper.ward import Registration
from psync_signal.envelope import Format
from tests.psync_signal.doubles import run

NOBODY = "ws://127.0.0.1:9/ws"


@asynccontextmanager
async def running(**more: Any) -> AsyncIterator[tuple[Keeper, str]]:  # noqa: ANN401 - as Settings
    """A keeper, and its address."""
    settings: dict[str, Any] = {"upstream": NOBODY, "host": "127.0.0.1", "port": 0, "token": None, "tls": None, "connections": 64}
    keeper = Keeper(Settings(**(settings | more)))
    serving = asyncio.create_task(keeper.run())
    try:
        yield keeper, f"ws://127.0.0.1:{await keeper.port}/ws"
    finally:
        keeper.stop()
        await serving


async def closed(socket: ClientConnection) -> int:
    with pytest.raises(ConnectionClosed) as end:
        await socket.recv()
    assert end.value.rcvd is not None
    return end.value.rcvd.code


async def refused(url: str, **more: Any) -> int:  # noqa: ANN401 - as connect
    with pytest.raises(InvalidStatus) as refusal:
        await connect(url, **more)
    return refusal.value.response.status_code


def test_a_local_client_is_answered() -> None:
    async def test() -> None:
        async with running() as (_, url), connect(f"{url}?peer=x") as socket:
            await socket.send("hello")
            assert '"bad_message"' in str(await socket.recv())

    run(test())


def test_a_web_page_is_refused_whatever_its_origin() -> None:
    async def test() -> None:
        async with running() as (_, url):
            for origin in ("https://example.org", "http://127.0.0.1", "null"):
                assert await refused(url, origin=origin) == 403

    run(test())


def test_another_path_is_not_there() -> None:
    async def test() -> None:
        async with running() as (_, url):
            assert await refused(url.replace("/ws", "/console")) == 404

    run(test())


def test_one_client_too_many_is_refused_until_another_has_gone() -> None:
    async def test() -> None:
        async with running(connections=1) as (_, url):
            async with connect(url):
                assert await refused(url) == 503
            async with connect(url) as socket:
                await socket.send("hello")
                await socket.recv()

    run(test())


def test_a_client_that_shook_hands_wrongly_takes_no_place() -> None:
    async def test() -> None:
        async with running(connections=1) as (_, url):
            assert await refused(url, origin="https://example.org") == 403
            async with connect(url) as socket:
                await socket.send("hello")
                await socket.recv()

    run(test())


def test_a_client_that_does_not_register_is_closed() -> None:
    async def test() -> None:
        async with running(register_timeout=0) as (_, url), connect(url) as socket:
            assert await closed(socket) == 4408

    run(test())


def test_the_end_closes_every_client_with_a_code() -> None:
    async def test() -> None:
        async with running() as (keeper, url), connect(url) as first, connect(url) as second:
            await first.send('{"type":"register","payload":{"peer_id":"me","group_id":"room"}}')
            keeper.stop()
            assert [await closed(first), await closed(second)] == [1012, 1012]

    run(test())


def test_the_client_of_the_server_is_made_with_what_the_local_one_has_registered() -> None:
    async def test() -> None:
        async with running() as (keeper, _):
            signal = keeper.open_signal(Registration("me", "room"), Format.MSGPACK)
            await signal.close()
            with pytest.raises(StopAsyncIteration):
                await anext(signal)

    run(test())
