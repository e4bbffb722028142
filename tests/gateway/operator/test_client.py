"""What operators are told of one connection."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from actors.events import Format
from gateway.operator.client import Client
from gateway.subprotocol import PLAIN

if TYPE_CHECKING:
    from gateway.connection import Connection


def test_it_is_described_as_it_is_now() -> None:
    connection = SimpleNamespace(subprotocol=PLAIN, outbox=SimpleNamespace(format=Format.MSGPACK, waiting=12))
    assert Client.of(cast("Connection", connection)) == Client("v1", "msgpack", 12)
