"""How a server's own account is asked for and read."""

import json
from collections.abc import Callable

from tests.integration.client import Client
from tests.integration.server import Server
from tests.soak.gauge import Gauge, last_state

STATE = {"message": "state", "actors": {"PeerActor": 3, "Directory": 1}, "connections": 3}
OTHER = '{"level": "info", "message": "peer id registered twice", "group": "state"}\n'


def test_a_peer_and_its_group_are_two_actors_more_and_a_descriptor(serve: Callable[..., Server], group: str) -> None:
    server = serve({"log.format": "json"})
    gauge = Gauge(server)
    before = gauge.now()
    assert before.connections == 0
    server.connect(Client).register("peer", group)
    there = gauge.now()
    assert there[0] == 1
    assert (there.descriptors, there.actors) == (before.descriptors + 1, before.actors + 2)
    assert there.rss_kib > 10_000
    assert (gauge.counts["registers"], gauge.counts["errors"]) == (1, 0)


def test_actors_are_as_they_were_counted_last(serve: Callable[..., Server], group: str) -> None:
    server = serve({"log.format": "json"})
    gauge = Gauge(server)
    before = gauge.now()
    server.connect(Client).register("peer", group)
    assert gauge.read().actors == before.actors
    gauge.ask()
    server.wait_for_line('"message": "state".*"PeerActor": 1')
    assert gauge.read().actors == before.actors + 2


def test_the_last_state_counts_and_other_lines_do_not() -> None:
    later = {**STATE, "connections": 9}
    assert last_state([json.dumps(STATE), OTHER, json.dumps(later), OTHER]) == later
    assert last_state([OTHER, "no JSON at all\n"]) is None
