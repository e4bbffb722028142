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
from tests.integration.stuck import STALL_SECONDS

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


# --- A hub that does not turn ---

IDLE_ENDS = 8
AT_ONCE = 1.0


def test_an_idle_server_hears_each_signal(serve: Callable[..., Server]) -> None:
    for _ in range(IDLE_ENDS):
        server = serve()
        began = time.monotonic()
        server.signal()
        server.wait_for_line('"drained"')
        assert time.monotonic() - began < AT_ONCE, "what is left is Python's own end"
        assert server.exit_code() == 0


def stuck(serve: Callable[..., Server]) -> tuple[Server, Client]:
    """A server in the midst of a handler that blocks, and a client that waits for it."""
    server = serve(module="tests.integration.stuck_server")
    client = server.connect(Client)
    client.register("culprit", "home")
    client.say("message", "culprit", id="peer: stuck")
    server.wait_for_line("the hub has not turned")
    return server, client


def test_a_signal_that_comes_while_the_hub_is_stuck_is_heard_when_it_turns_again(serve: Callable[..., Server]) -> None:
    server, client = stuck(serve)
    began = time.monotonic()
    server.signal()
    assert client.hear("message").source_id == "culprit", "what was under way is delivered"
    assert client.closed().code == 1012
    client.close()
    server.wait_for_line('"drained"')
    assert time.monotonic() - began < STALL_SECONDS + AT_ONCE
    assert server.exit_code() == 0


def test_a_second_signal_ends_a_server_whose_hub_is_stuck_too(serve: Callable[..., Server]) -> None:
    server, _client = stuck(serve)
    deadline = time.monotonic() + AT_ONCE
    # More than two: signals of a kind that come before the first of them is handled are one for the kernel.
    while server.process.poll() is None:
        assert time.monotonic() < deadline, server.log()
        server.signal()
    assert server.exit_code() == 130


def test_a_signal_to_a_server_that_was_stopped_is_heard_when_it_goes_on(serve: Callable[..., Server]) -> None:
    server = serve()
    client = server.connect(Client)
    client.register("peer", "home")
    server.signal(signal.SIGSTOP)
    server.signal()
    server.signal(signal.SIGCONT)
    assert client.closed().code == 1012
    client.close()
    server.wait_for_line('"drained"')
    assert server.exit_code() == 0
