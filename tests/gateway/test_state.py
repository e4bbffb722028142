"""The state, as far as it can be known here: what this test adds to it."""

from typing import Any

from gateway.operator.metrics import Counts
from gateway.state import state_of
from tests.broker import Broker
from tests.doubles import Note, NotingActor


def state() -> dict[str, Any]:
    counts = Counts()
    counts.increment("registers", by=3)
    return state_of(7, counts)


def test_it_tells_of_every_actor_that_exists_and_of_what_waits_in_its_mailbox() -> None:
    before = state()
    broker = Broker()
    broker.join("a", "b")
    actor = NotingActor.start(broker.runtime)
    actor.tell(Note("waits"))
    after = state()
    added = {name: count - before["actors"].get(name, 0) for name, count in after["actors"].items()}
    assert {"PeerActor": 2, "GroupActor": 1, "Directory": 1, "NotingActor": 1}.items() <= added.items()
    assert after["mailboxes"] - before["mailboxes"] == 2, "its start, and the note"
    assert (after["connections"], after["counts"]["registers"]) == (7, {"": 3})
    assert after["greenlets"] >= 1
