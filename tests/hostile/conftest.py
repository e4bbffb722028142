"""Servers under attack: those of the integration tests, each with a healthy pair on it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.hostile.pair import Pair
from tests.integration.conftest import Settings, certificate, frozen, group, running, serve, share
from tests.integration.server import Server

__all__ = ["certificate", "frozen", "group", "running", "serve", "share"]


@pytest.fixture(scope="session")
def pairs(running: dict[str, Server]) -> Iterator[dict[Server, Pair]]:
    """The pairs that tests share, by their servers; all of them leave at the end, also when one of them was not well."""
    found: dict[Server, Pair] = {}
    with ExitStack() as ends:
        yield found
        for pair in found.values():
            ends.callback(pair.stop)


@pytest.fixture
def besiege(share: Callable[..., Server], pairs: dict[Server, Pair]) -> Iterator[Callable[..., Server]]:
    """Gives a shared server (settings as of `Server`) with a pair on it that relays all through the test, and for a moment after."""
    used: list[Pair] = []

    def find(settings: Settings | None = None) -> Server:
        server = share(settings)
        if server not in pairs:
            pairs[server] = Pair(server)
        used.append(pairs[server])
        return server

    yield find
    for pair in used:
        pair.assert_goes_on(0)
