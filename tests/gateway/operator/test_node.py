"""The node that an app shows to its operators."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from gevent import socket as green

from gateway.app import App
from gateway.config import Config
from tests.gateway.door import LONG, read_all, wait_for
from tests.gateway.test_app import Served, config, event, register


def with_operator(listen: str) -> Config:
    basic = config()
    return msgspec.structs.replace(basic, operator=msgspec.structs.replace(basic.operator, listen=listen))


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served(App(with_operator("127.0.0.1:0")))
    yield served
    served.close()


def get(served: Served, path: str, method: str = "GET") -> tuple[int, str]:
    assert served.app.operator is not None
    with green.create_connection(served.app.operator.bound, timeout=LONG) as client:
        client.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n".encode())
        head, _, body = read_all(client).partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


def joined(served: Served) -> Any:  # noqa: ANN401 - gevent publishes no type for its sockets
    client = served.connect(register("a"))
    event(client)
    return client


def test_an_app_has_no_listener_for_operators_unless_it_is_told_to() -> None:
    app = App(config())
    assert app.operator is None


def test_it_tells_what_there_is(served: Served) -> None:
    joined(served)
    status, page = get(served, "/metrics")
    assert status == 200
    told = dict(line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
    assert told["psync_signal_connections"] == told["psync_signal_peers"] == "1.0"
    assert told["psync_signal_connections_limit"] == f"{float(served.app.capacity.connections)}"
    assert told["psync_signal_accepting"] == "1.0"
    assert told["psync_signal_memory_tight"] == told["psync_signal_outbox_bytes"] == "0.0"


def test_a_peer_can_be_removed(served: Served) -> None:
    client = joined(served)
    assert get(served, "/api/v1/tenants/-/groups/g/peers/a", "DELETE") == (200, '{"removed": 1}\n')
    assert read_all(client)[2:4] == (4410).to_bytes(2)


def test_a_drain_ends_it_in_order(served: Served) -> None:
    client = joined(served)
    assert get(served, "/api/v1/drain", "POST")[0] == 202
    assert read_all(client)[2:4] == (1012).to_bytes(2)
    wait_for(lambda: bool(served.ended.ready()))
    assert served.ended.get() == 0


def test_what_it_serves_to_operators_is_not_on_the_public_port(served: Served) -> None:
    assert [served.get(path)[0] for path in ("/metrics", "/api/v1/nodes")] == [404, 404]
    assert json.loads(served.get("/readyz")[1])["status"] == "accepting"
