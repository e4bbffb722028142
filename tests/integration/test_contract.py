"""docs/asyncapi.yaml and the server agree on all that passes between it and the clients of the conformance rows."""

import asyncio
import json
from collections.abc import Callable

import msgpack

from actors.events import Format
from actors.messages import BadMessage
from gateway.conformance.connection import Passage
from gateway.conformance.facts import LIMITS
from gateway.conformance.message import parsed
from gateway.conformance.player import play
from gateway.conformance.target import Target
from gateway.conformance.transcript import load
from gateway.wire import Decoder, WireLimits
from tests.contract.judge import BEYOND, fault, kinds
from tests.integration.client import V2Client
from tests.integration.server import CLOSE_TIMEOUT, Server

DECODER = Decoder(WireLimits())
ROWS = [row for row in load() if not row.slow and not row.token and row.on_duplicate in {None, "challenge"}]


def passages(port: int) -> list[Passage]:
    """All that the rows say and hear."""
    heard: list[Passage] = []
    target = Target.at(f"ws://127.0.0.1:{port}/ws", None, 10.0)

    async def judge() -> None:
        free = asyncio.Semaphore(8)

        async def one(number: int) -> None:
            async with free:
                verdict = await play(ROWS[number], target, LIMITS, heard.append)
                assert verdict.outcome == "passed", verdict

        await asyncio.gather(*map(one, range(len(ROWS))))

    asyncio.run(judge())
    return heard


def decoded(passage: Passage) -> object:
    """The value of a frame.

    Raises:
        ValueError: it has none.

    """
    if passage.kind == "text":
        return parsed(passage.data)
    return msgpack.unpackb(passage.data, strict_map_key=False, timestamp=0)


def is_refused(passage: Passage) -> bool | None:
    """Whether the server refuses what a client says; None when it does so for what no schema can say."""
    read = DECODER.decode(Format.JSON if passage.kind == "text" else Format.MSGPACK, passage.data)
    return None if isinstance(read, BadMessage) and read.says.startswith(BEYOND) else isinstance(read, BadMessage)


def is_faulty(passage: Passage) -> bool:
    try:
        return fault("client", decoded(passage)) is not None
    except (ValueError, msgpack.UnpackException):
        return True


def test_every_frame_of_the_server_is_one_that_the_document_allows_and_every_kind_is_there(share: Callable[..., Server]) -> None:
    heard = passages(share({"limits.close_timeout": CLOSE_TIMEOUT}).port)
    for sender in ("server", "v2 server"):
        values = [
            decoded(passage) for passage in heard if passage.from_server and (passage.subprotocol is not None) == (sender == "v2 server")
        ]
        assert {found for value in values if (found := fault(sender, value))} == set()
        assert {value["type"] for value in values if isinstance(value, dict)} == set(kinds(sender)) - {"goaway"}
    said = [passage for passage in heard if not passage.from_server]
    differing = [passage for passage in said if (refused := is_refused(passage)) is not None and refused != is_faulty(passage)]
    assert differing == []
    assert {is_faulty(passage) for passage in said} == {True, False}


def test_what_a_server_says_that_goes_down_is_one_that_the_document_allows(serve: Callable[..., Server]) -> None:
    server = serve({"drain.reconnect_spread": 0.1, "limits.close_timeout": CLOSE_TIMEOUT})
    client = server.connect(V2Client)
    server.signal()
    assert fault("v2 server", json.loads(client.hear("goaway").raw)) is None
    assert client.closed().code == 1012
    client.close()
    assert server.exit_code() == 0
