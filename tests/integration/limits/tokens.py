"""The limits of bad tokens from one address."""

import time

from tests.integration.limits.case import Case
from tests.integration.line import HANDSHAKE
from tests.integration.server import Server

__all__ = ["CASES"]

BURST, PER_MINUTE = 3, 600.0
ONE_AT_ONCE = {"limits.token_failures_burst": 1}
SLOWLY = {"limits.token_failures_per_minute": 0.01}


def bad_token(server: Server) -> tuple[int, str]:
    """Status of a handshake with a token that no key has signed, and when the next may come."""
    answer = server.request("GET", "/t/acme/ws", {**HANDSHAKE, "Authorization": "Bearer bad"})
    return answer.status, answer.headers.get("retry-after", "")


def burst(server: Server) -> None:
    for _ in range(BURST):
        assert bad_token(server) == (401, "")


def one_more(server: Server) -> None:
    """The limit may have been reached before, and no more than the time has given back is there."""
    statuses, waits = zip(*(bad_token(server) for _ in range(BURST + 1)), strict=True)
    assert set(statuses) <= {401, 429}
    assert statuses[-1] == 429
    assert int(waits[-1]) > 0


def at_the_rate(server: Server) -> None:
    for _ in range(BURST):
        assert bad_token(server) == (401, "")
        time.sleep(60 / PER_MINUTE)  # the rate that is tried


CASES = {
    "token_failures_per_minute": Case(PER_MINUTE, at_the_rate, one_more, "refusals", "token_failures", ONE_AT_ONCE),
    "token_failures_burst": Case(BURST, burst, one_more, "refusals", "token_failures", SLOWLY),
}
