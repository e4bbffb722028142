"""What a server says of itself before anything is played, and that nothing is made of what it does not say."""

import pytest
from websockets.asyncio.server import ServerConnection

from gateway.conformance.welcome import announced_limits
from tests.gateway.conformance.judged import Handler, judged, run

V2 = ["psync.v2.json"]


def says(text: str | None) -> Handler:
    async def handle(connection: ServerConnection) -> None:
        if text is not None:
            await connection.send(text)
        await connection.wait_closed()

    return handle


def announced(text: str | None, subprotocols: list[str] | None, patience: float = 5.0) -> dict[str, float] | None:
    async def ask() -> dict[str, float] | None:
        async with judged(says(text), patience=patience, subprotocols=subprotocols) as target:
            return await announced_limits(target)

    return run(ask())


def test_the_limits_that_rows_come_up_to_are_taken_from_the_welcome() -> None:
    welcome = '{"type":"welcome","payload":{"limits":{"message_bytes":1000,"id_length":64,"outbox_bytes":1}}}'
    assert announced(welcome, V2) == {"message_bytes": 1000, "id_length": 64}


@pytest.mark.parametrize("subprotocols", [None, ["mqtt"]])
def test_a_server_that_does_not_choose_v2_does_not_speak_it(subprotocols: list[str] | None) -> None:
    assert announced("{}", subprotocols) is None


@pytest.mark.parametrize("text", ["{}", "no JSON", '{"payload":{"limits":{"id_length":"long"}}}', None])
def test_a_welcome_that_is_none_announces_nothing(text: str | None) -> None:
    assert announced(text, V2, patience=5.0 if text else 0.2) == {}
