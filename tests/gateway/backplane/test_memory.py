"""What is particular to memory; what every backplane does is tested in `tests/contract`."""

from actors.messages import GroupKey
from gateway.backplane.memory import MemoryBackplane
from tests.broker import Broker
from tests.doubles import Venom


def test_nothing_stays_of_groups_that_have_ended() -> None:
    backplane = MemoryBackplane()
    broker = Broker(backplane=backplane)
    for number in range(100):
        group_id = str(number)
        ann, bob = broker.join("a", "b", group_id=group_id)
        if number % 2:
            ann.relay("offer", Venom(ValueError()))
        ann.lost()
        bob.lost()
    tables = [table for table in vars(backplane).values() if isinstance(table, dict)]
    assert tables == [{}] * len(tables) != []
    assert broker.metrics["groups"] == 0


def test_a_place_tells_nothing_of_how_many_join_other_groups() -> None:
    backplane = MemoryBackplane()
    assert [backplane.place(GroupKey("", "g")) for _ in range(3)] == [1, 2, 3]
    assert backplane.place(GroupKey("acme", "g")) == 1
