"""Time that the server loses: it is stopped, or stuck in a call. Nobody is too late for a fault of ours, and the log says where it was."""

import json
import signal
import time
from collections.abc import Callable

import pytest

from tests.integration.client import Client
from tests.integration.server import Server
from tests.integration.stuck import STALL_SECONDS

MODULE = "tests.integration.stuck_server"
SHORT = {"heartbeat.ping_interval": 0.4, "heartbeat.expire_after": 1}
STOPPED_SECONDS = 3.0
TOLD_SECONDS = STOPPED_SECONDS - 0.5
"""A stall is told from the last beat of the hub on, a quarter of a second before it at most; the rest is for a busy machine."""


def meet(server: Server, group: str) -> tuple[Client, Client]:
    """Two peers of one group, of whom the server has just heard."""
    one, other = server.connect(Client), server.connect(Client)
    one.register("one", group)
    other.register("other", group)
    one.hear("peer_joined")
    one.assert_silence()
    return one, other


def assert_nobody_expires(server: Server, *clients: Client) -> None:
    """Listen for longer than `heartbeat.expire_after`: only pings come."""
    for _ in range(4):
        for client in clients:
            client.answer_pings(1)
    for client in clients:
        client.assert_silence()
    assert server.count("expirations") == 0


@pytest.mark.parametrize("speaks", [True, False])
def test_a_server_that_was_stopped_goes_on_as_if_no_time_had_passed(serve: Callable[..., Server], group: str, *, speaks: bool) -> None:
    server = serve(SHORT)
    one, other = meet(server, group)
    server.signal(signal.SIGSTOP)
    messages = range(20) if speaks else range(0)
    try:
        for number in messages:
            one.say("message", "other", number)
        time.sleep(STOPPED_SECONDS)  # for so long it is stopped
    finally:
        server.signal(signal.SIGCONT)
    assert [other.hear("message").payload for _ in messages] == list(messages)
    assert_nobody_expires(server, one, other)
    counts = server.state()["counts"]
    assert counts["hub_stalls"][""] >= 1
    assert counts["hub_stalled_ms"][""] >= TOLD_SECONDS * 1000
    stalled = float(server.wait_for_line(r"the hub was stalled for ([\d.]+) s; no peer expires")[1])
    assert TOLD_SECONDS <= stalled < STOPPED_SECONDS + 1


def get_stuck(server: Server, group: str) -> float:
    """Let a handler block; return when it began, as soon as the log tells of it."""
    culprit = server.connect(Client)
    culprit.register("culprit", f"{group} of its own")
    began = time.monotonic()
    culprit.say("message", "culprit", id="peer: stuck")
    told = json.loads(server.wait_for_line("the hub has not turned").string)
    assert told["level"] == "warning"
    assert "in get_stuck" in told["stack"], "the log shows the place"
    assert time.monotonic() - began < STALL_SECONDS, "and shows it while the hub is still there"
    culprit.close()
    return began


def test_a_handler_that_blocks_is_shown_while_it_does_and_nobody_expires_for_it(serve: Callable[..., Server], group: str) -> None:
    server = serve(SHORT, module=MODULE)
    one, other = meet(server, group)
    began = get_stuck(server, group)
    one.say("message", "other", "meanwhile")
    assert other.hear("message").payload == "meanwhile"
    assert time.monotonic() - began >= STALL_SECONDS
    assert_nobody_expires(server, one, other)
    assert server.count("hub_stalls") >= 1
    server.wait_for_line("the hub was stalled for")


def test_a_stall_that_outlasts_a_challenge_does_not_cost_the_holder_its_id(serve: Callable[..., Server], group: str) -> None:
    server = serve({"heartbeat.challenge_timeout": STALL_SECONDS / 2}, module=MODULE)
    witness, holder, namesake = server.connect(Client), server.connect(Client), server.connect(Client)
    witness.register("witness", group)
    holder.register("taken", group)
    assert witness.hear("peer_joined").peer == "taken"
    namesake.ask("taken", group)
    assert holder.line.ready(within=STALL_SECONDS), "the ping that it does not answer yet"
    began = get_stuck(server, group)
    holder.answer_pings(1)
    namesake.refused("peer_id_taken")
    assert time.monotonic() - began >= STALL_SECONDS
    holder.assert_silence()
    witness.assert_silence()
