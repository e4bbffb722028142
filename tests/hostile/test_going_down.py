"""The end under load: everybody is told, nobody is cut off."""

import time
from collections.abc import Callable

from tests.hostile.crowd import Crowd
from tests.integration.line import PATIENCE
from tests.integration.server import Server

PEERS = 500
BOUNDED = 8.0
"""Seconds for all of it, on a busy machine. The default of `drain.timeout` is 30."""


def test_of_500_peers_that_relay_each_is_closed_with_1012_and_none_is_reset(serve: Callable[..., Server]) -> None:
    # The crowd has one thread, which may need more than the default of a second to answer 500 close frames.
    unhurried = {"limits.messages_per_second": 1_000_000, "limits.messages_burst": 1_000_000, "limits.close_timeout": BOUNDED / 2}
    server = serve(unhurried)
    crowd = Crowd(server, PEERS)
    assert crowd.busy.wait(PATIENCE), crowd.fault
    began = time.monotonic()
    server.signal()
    crowd.wait_until_closed()
    assert server.exit_code(within=BOUNDED) == 0
    assert time.monotonic() - began < BOUNDED
    assert [closed.code for closed in crowd.closed] == [1012] * PEERS
