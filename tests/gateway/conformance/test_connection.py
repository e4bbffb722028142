"""One client: what it hears, what it answers by itself, and what it can do that no library would."""

import asyncio

import pytest
from websockets.asyncio.server import ServerConnection

from gateway.conformance.connection import Connection, Heard, Passage, Unmet
from gateway.conformance.target import Target
from tests.gateway.conformance.judged import Handler, ignore, judged, run, witness


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def heard_from(handler: Handler, *, pongs: bool = True) -> list[Heard]:
    """What a client hears of a server up to the end."""
    async with judged(handler) as target:
        connection = await Connection.open("a", target, ignore, pongs=pongs)
        heard = [await connection.next(5)]
        while heard[-1].kind not in {"close", "end"}:
            heard.append(await connection.next(5))
        await connection.end()
    return heard


def test_messages_of_both_kinds_come_back_and_are_witnessed() -> None:
    passages: list[Passage] = []

    async def talk() -> None:
        async with judged(echo) as target:
            connection = await Connection.open("a", target, witness(passages))
            connection.send("text", b'"\xc3\xa4"')
            connection.send("binary", b"\x00")
            assert await connection.next(5) == Heard("text", b'"\xc3\xa4"')
            assert await connection.next(5) == Heard("binary", b"\x00")
            await connection.end()

    run(talk())
    assert {(passage.who, passage.subprotocol) for passage in passages} == {("a", None)}
    assert sorted((passage.from_server, passage.kind) for passage in passages) == [
        (False, "binary"),
        (False, "text"),
        (True, "binary"),
        (True, "text"),
    ]


def test_fragments_are_one_message() -> None:
    async def fragmented(connection: ServerConnection) -> None:
        await connection.send([b"a", b"b", b"c"])
        await connection.close(4000)

    heard = run(heard_from(fragmented))
    assert heard[0] == Heard("binary", b"abc")
    assert str(heard[1]).startswith("closed with 4000")


def test_a_ping_is_answered_unless_the_client_is_told_not_to() -> None:
    answered: list[bool] = []

    async def ask(connection: ServerConnection) -> None:
        pong = await connection.ping()
        try:
            await asyncio.wait_for(pong, 0.2)
        except TimeoutError:
            answered.append(False)
        else:
            answered.append(True)
        await connection.close()

    run(heard_from(ask))
    run(heard_from(ask, pongs=False))
    assert answered == [True, False]


def test_a_ping_of_its_own_is_answered_with_a_pong() -> None:
    async def talk() -> Heard:
        async with judged(echo) as target:
            connection = await Connection.open("a", target, ignore)
            connection.ping(b"x")
            heard = await connection.next(5)
            await connection.end()
            return heard

    assert run(talk()) == Heard("pong", b"x")


def test_any_bytes_can_be_sent_and_the_close_frame_that_they_earn_is_heard() -> None:
    async def talk() -> Heard:
        async with judged(echo) as target:
            connection = await Connection.open("a", target, ignore)
            connection.write(b"\x81\x00")
            heard = await connection.next(5)
            connection.ping(b"")
            with pytest.raises(Unmet, match="a: the server has closed the connection before"):
                connection.send("text", b"")
            with pytest.raises(Unmet, match="a: the server has closed the connection before"):
                connection.close(1000)
            await connection.end()
            return heard

    assert run(talk()).data[:2] == (1002).to_bytes(2)


def test_a_close_frame_is_answered_and_a_crash_leaves_no_answer() -> None:
    codes: list[int | None] = []

    async def listen(connection: ServerConnection) -> None:
        await connection.wait_closed()
        codes.append(connection.protocol.close_rcvd.code if connection.protocol.close_rcvd else None)

    async def talk() -> None:
        async with judged(listen) as target:
            polite, rude = await Connection.open("a", target, ignore), await Connection.open("b", target, ignore)
            polite.close(4321)
            assert (await polite.next(5)).data == (4321).to_bytes(2)
            rude.drop()
            await polite.end()
            await rude.end()

    run(talk())
    assert set(codes) == {4321, None}


def test_a_server_that_breaks_rfc_6455_is_told_so() -> None:
    async def masked(connection: ServerConnection) -> None:
        connection.transport.write(b"\x81\x80\x00\x00\x00\x00")
        await connection.wait_closed()

    (end,) = run(heard_from(masked))
    assert "not RFC 6455" in str(end)


def test_a_flood_that_no_step_asks_for_ends_the_connection() -> None:
    async def flood(connection: ServerConnection) -> None:
        connection.transport.write(b"\x81\x01x" * 4200)
        await connection.wait_closed()

    heard = run(heard_from(flood))
    assert heard[-1].kind == "end"
    assert "more than 4096 messages" in str(heard[-1])


def test_a_token_goes_with_the_handshake() -> None:
    shown: list[str] = []

    async def look(connection: ServerConnection) -> None:
        assert connection.request is not None
        shown.append(connection.request.headers["Authorization"])
        await connection.close()

    async def knock() -> None:
        async with judged(look) as target:
            connection = await Connection.open("a", target._replace(token="t0ken"), ignore)
            assert (await connection.next(5)).kind == "close"
            await connection.end()

    run(knock())
    assert shown == ["Bearer t0ken"]


def test_the_subprotocol_that_the_server_chose_is_known() -> None:
    async def talk() -> str | None:
        async with judged(echo, subprotocols=["b"]) as target:
            connection = await Connection.open("a", target, ignore, offers=["a", "b"])
            await connection.end()
            return connection.chosen

    assert run(talk()) == "b"


@pytest.mark.parametrize(
    ("answer", "error"),
    [(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", Unmet), (b"SSH-2.0\r\n", Unmet), (b"", EOFError), (None, TimeoutError)],
    ids=["refused", "another protocol", "ended", "silent"],
)
def test_a_handshake_that_fails_is_told(answer: bytes | None, error: type[Exception]) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
        writer.close()

    async def knock() -> None:
        async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
            target = Target.at(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws", None, 5.0 if answer is not None else 0.2)
            with pytest.raises(error):
                await Connection.open("a", target, ignore)

    run(knock())
