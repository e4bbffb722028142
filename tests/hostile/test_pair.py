"""The pair itself: it must notice what it is there to notice."""

import signal
import time
from collections.abc import Callable

import pytest

from tests.hostile.pair import PROMPT, Pair
from tests.integration.client import Client
from tests.integration.line import PATIENCE
from tests.integration.server import Server


@pytest.fixture
def server(share: Callable[..., Server]) -> Server:
    return share()


def until_unwell(pair: Pair) -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            pair.assert_healthy()
        except AssertionError as fault:
            return str(fault)
    raise AssertionError("the pair has noticed nothing")


def test_a_pair_that_is_left_alone_is_well(server: Server, group: str) -> None:
    with Pair(server, group) as pair:
        pair.assert_goes_on(10)
        pair.assert_healthy()


def test_a_pair_among_others_lets_them_come_and_go(server: Server, group: str) -> None:
    with Pair(server, group, secluded=False) as pair:
        server.connect(Client).register("stranger", group)
        server.hang_up()
        pair.assert_goes_on()


def test_a_secluded_pair_notices_that_somebody_comes(server: Server, group: str) -> None:
    with pytest.raises(AssertionError, match="peer_joined"), Pair(server, group):
        server.connect(Client).register("stranger", group)


def test_a_pair_notices_a_message_that_it_did_not_send(server: Server, group: str) -> None:
    stranger = server.connect(Client)
    stranger.register("stranger", group)
    with pytest.raises(AssertionError, match="stranger"), Pair(server, group, secluded=False):
        stranger.say("message", payload=1)


def test_a_pair_notices_that_the_server_stands_still(serve: Callable[..., Server]) -> None:
    server = serve()
    pair = Pair(server)
    server.signal(signal.SIGSTOP)
    try:
        assert f"a relay took {PROMPT:.1f}" in until_unwell(pair)
    finally:
        server.signal(signal.SIGCONT)
    with pytest.raises(AssertionError, match="a relay took"):
        pair.stop()


def test_a_pair_notices_that_it_is_closed(serve: Callable[..., Server]) -> None:
    server = serve()
    pair = Pair(server)
    server.signal()
    assert "a CLOSE frame" in until_unwell(pair)
    with pytest.raises(AssertionError, match="a CLOSE frame"):
        pair.stop()
    assert server.exit_code() == 0
