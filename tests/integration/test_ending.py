"""The end of the server: in order by one signal, at once by two."""

import json
import signal
import time
from collections.abc import Callable

import pytest

from tests.integration.certificate import Certificate
from tests.integration.client import Client
from tests.integration.line import HANDSHAKE
from tests.integration.server import Server

PEERS = 50
GROUPS = 5


def crowd(server: Server) -> list[Client]:
    """Peers in several groups; none has anything left to hear."""
    clients = [server.connect(Client) for _ in range(PEERS)]
    for number, client in enumerate(clients):
        client.register(str(number), f"group {number % GROUPS}")
    for number, client in enumerate(clients):
        for _ in range(number + GROUPS, PEERS, GROUPS):
            client.hear("peer_joined")
    return clients


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_after_a_signal_it_takes_nobody_and_closes_everybody_with_1012_and_exits_with_0(
    serve: Callable[..., Server], number: signal.Signals
) -> None:
    server = serve({"limits.close_timeout": 5})
    clients = crowd(server)
    # It does not answer the close frame: the server waits for it, so that what it says meanwhile can be seen.
    reluctant = server.line()
    reluctant.upgrade()
    server.signal(number)
    for client in clients:
        closed = client.closed()
        assert closed.code == 1012
        assert closed.reason
    assert reluctant.close_frame().code == 1012
    ready = server.request("GET", "/ready")
    assert (ready.status, json.loads(ready.body)["status"]) == (503, "draining")
    assert server.request("GET", "/health").body == "OK\n"
    refused = server.request("GET", "/ws", HANDSHAKE)
    assert (refused.status, json.loads(refused.body)["error"]) == (503, "draining")
    assert int(refused.headers["retry-after"]) > 0
    assert server.process.poll() is None
    reluctant.close()
    server.hang_up()
    assert server.exit_code(within=3) == 0


def test_with_tls_it_goes_in_order_too(serve: Callable[..., Server], certificate: Certificate) -> None:
    server = serve(certificate=certificate)
    clients = crowd(server)
    server.signal()
    assert {client.closed().code for client in clients} == {1012}
    assert server.exit_code(within=3) == 0


def test_without_clients_it_ends_at_once(serve: Callable[..., Server]) -> None:
    server = serve()
    began = time.monotonic()
    server.signal()
    assert server.exit_code() == 0
    assert time.monotonic() - began < 1


def test_clients_that_do_not_answer_do_not_keep_it_for_longer_than_a_close_may_take(serve: Callable[..., Server]) -> None:
    server = serve({"limits.close_timeout": 0.3})
    lines = [server.line() for _ in range(10)]
    for line in lines:
        line.upgrade()
    began = time.monotonic()
    server.signal()
    assert server.exit_code() == 0
    assert time.monotonic() - began < 1.5


def test_a_request_that_is_never_finished_does_not_keep_it(serve: Callable[..., Server]) -> None:
    server = serve({"limits.handshake_timeout": 30})
    line = server.line()
    line.send(b"GET /ws HTTP/1.1\r\n")
    server.signal()
    assert server.exit_code(within=3) == 0


def test_a_second_signal_ends_it_at_once(serve: Callable[..., Server]) -> None:
    server = serve({"limits.close_timeout": 30})
    line = server.line()
    line.upgrade()
    server.signal()
    assert line.close_frame().code == 1012
    server.signal()
    assert server.exit_code(within=1) == 130
