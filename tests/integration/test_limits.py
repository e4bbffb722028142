"""Every limit on a real server: up to it all is well, beyond it happens what is documented, and a metric counts that."""

from collections.abc import Callable
from types import MappingProxyType

import pytest

from gateway.config import Config, keys_of
from tests.integration.limits import conduct, crowds, ends, messages, queues, quotas, tokens
from tests.integration.server import Server

CASES = MappingProxyType({**messages.CASES, **conduct.CASES, **queues.CASES, **quotas.CASES, **crowds.CASES, **ends.CASES, **tokens.CASES})


def test_every_limit_has_its_case() -> None:
    limits = {key.path[-1] for key in keys_of(Config) if key.path[0] == "limits"}
    assert limits - {"memory_bytes"} == set(CASES), "memory_bytes is tried in tests/integration/test_memory.py"


@pytest.mark.parametrize("key", CASES)
def test_up_to_a_limit_all_is_well_and_beyond_it_happens_what_is_documented_and_counted(serve: Callable[..., Server], key: str) -> None:
    case = CASES[key]
    server = serve({f"limits.{key}": case.value, **case.besides})
    case.at(server)
    before = server.count(case.metric, case.label)
    assert before == 0 or case.counts_at
    server.hang_up()
    server.wait_for_connections(0)
    case.beyond(server)
    assert server.count(case.metric, case.label) > before
