"""What is looked at when somebody asks."""

import logging

import pytest

from actors.messages import Tick
from gateway.operator.metrics import READINGS
from gateway.operator.readings import SLICE, read
from tests.gateway.operator.office import DeadDirectory, Load, Office


def test_everything_is_read_once() -> None:
    office = Office()
    office.broker.join("a", "b")
    office.broker.join("a", group_id="h", tenant="acme")
    readings = read(office.node)
    assert set(readings) == set(READINGS)
    assert readings["tenant_peers"] == {"": 2, "acme": 1}
    assert readings["tenant_groups"] == {"": 1, "acme": 1}
    assert readings["tenant_connections"] == {"": 2, "acme": 1}
    assert readings["accepting"] == {"": 1.0}
    assert readings["waiting_actors"] == {"": 3}


def test_what_waits_is_told_in_all_and_of_the_one_that_has_most() -> None:
    office = Office()
    a, b = office.broker.join("a", "b")
    office.loads = [(a.peer, Load(10)), (b.peer, Load(500)), *[(a.peer, Load(1))] * SLICE]
    for _ in range(3):
        b.peer.tell(Tick())
    readings = read(office.node)
    assert (readings["mailbox_messages"], readings["mailbox_messages_max"]) == ({"": 3}, {"": 3})
    assert (readings["outbox_bytes"], readings["outbox_bytes_max"]) == ({"": 510 + SLICE}, {"": 500})


def test_a_node_that_drains_accepts_nobody() -> None:
    office = Office()
    office.ready = False
    assert read(office.node)["accepting"] == {"": 0.0}


def test_when_the_actors_do_not_answer_the_rest_is_read(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "gateway.operator"):
        readings = read(Office(DeadDirectory()).node)
    assert set(READINGS) - set(readings) == {"tenant_groups", "tenant_peers"}
    assert [record.getMessage() for record in caplog.records] == ["no readings of tenants: refused: unavailable"]
