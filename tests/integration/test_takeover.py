"""A server that is replaced by another on the same addresses (`server.reuse_port`)."""

import signal
from collections.abc import Callable, Iterator

import pytest

from tests.integration.client import Client
from tests.integration.server import Server, ended_in_order
from tests.soak.newcomers import Newcomers
from tests.soak.restarts import SHARED, restarts, successor

RATE, SOME = 100.0, 20


@pytest.fixture
def succeed() -> Iterator[Callable[[Server], Server]]:
    """Starts the process that is to replace a server."""
    with ended_in_order() as started:

        def start(server: Server) -> Server:
            started.append(successor(server))
            return started[-1]

        yield start


def older(serve: Callable[..., Server]) -> Server:
    return serve({**SHARED, "operator.listen": "127.0.0.1:0"})


def test_two_restarts_under_load_turn_nobody_away_and_every_client_is_told_and_comes_back() -> None:
    found = restarts(2, RATE, lambda _line: None)
    assert found.turned_away == {}
    assert found.returned > 0


def test_newcomers_and_operators_are_the_younger_s_while_clients_stay_with_the_older(
    serve: Callable[..., Server], succeed: Callable[[Server], Server], group: str
) -> None:
    old = older(serve)
    client = old.connect(Client)
    client.register("stays", group)
    new = succeed(old)
    new.wait_for_line(f"another process listens on 127.0.0.1:{old.port}: newcomers come here now")
    before = old.count("registers")
    with Newcomers(new.port, RATE) as newcomers:
        newcomers.wait_for(SOME)
    assert (old.count("registers"), new.count("registers")) == (before, newcomers.outcomes.total())
    assert f"psync_signal_registers_total {newcomers.outcomes.total()}.0" in old.operate("GET", "/metrics").body
    client.say("message", "stays", "still here")
    assert client.hear("message").payload == "still here"


def test_when_the_younger_dies_newcomers_are_the_older_s_again(
    serve: Callable[..., Server], succeed: Callable[[Server], Server], group: str
) -> None:
    old = older(serve)
    new = succeed(old)
    new.signal(signal.SIGKILL)
    assert new.exit_code() == -signal.SIGKILL
    with Newcomers(old.port, RATE) as newcomers:
        newcomers.wait_for(SOME)
    assert set(newcomers.outcomes) == {"joined"}
    assert old.count("registers") == newcomers.outcomes.total()


def test_a_server_that_shares_its_port_and_is_alone_ends_at_once_when_it_is_told_to(serve: Callable[..., Server]) -> None:
    old = older(serve)
    old.signal()
    assert old.exit_code() == 0
    assert "another process" not in old.log()


def test_a_second_server_by_mistake_is_refused_unless_both_share_the_port(serve: Callable[..., Server]) -> None:
    alone = serve({"operator.listen": "127.0.0.1:0"})
    with pytest.raises(AssertionError, match=r"cannot listen on 127\.0\.0\.1:\d+: Address already in use"):
        successor(alone)
