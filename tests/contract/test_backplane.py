"""What every backplane does, whatever is behind it (`actors.ports.Backplane`)."""

import pytest

from actors.messages import GroupKey
from actors.ports import Backplane
from actors.reasons import GroupConflict
from actors.runtime import BrokerRef
from tests.broker import ERROR, JOINED, LEFT, LIST, Broker
from tests.contract.backplanes import BACKPLANES
from tests.doubles import Fail, NotingActor, Venom

KEY = GroupKey("tenant", "group")


@pytest.fixture(params=BACKPLANES)
def backplane(request: pytest.FixtureRequest) -> Backplane:
    return BACKPLANES[request.param]()


@pytest.fixture
def broker(backplane: Backplane) -> Broker:
    return Broker(backplane=backplane)


def start(broker: Broker) -> BrokerRef:
    """A living actor that can own a group."""
    return NotingActor.start(broker.runtime)


def fail(broker: Broker, actor: BrokerRef) -> None:
    actor.tell(Fail(ValueError()))
    broker.run()


def test_a_group_has_one_living_owner(backplane: Backplane, broker: Broker) -> None:
    backplane.attach(KEY, start(broker))
    with pytest.raises(GroupConflict):
        backplane.attach(KEY, start(broker))


def test_an_owner_may_say_so_twice(backplane: Backplane, broker: Broker) -> None:
    owner = start(broker)
    backplane.attach(KEY, owner)
    backplane.attach(KEY, owner)
    assert owner.is_alive()


def test_the_same_name_in_two_tenants_is_two_groups(backplane: Backplane, broker: Broker) -> None:
    backplane.attach(KEY, start(broker))
    backplane.attach(KEY._replace(tenant="other"), start(broker))
    with pytest.raises(GroupConflict):
        backplane.attach(KEY._replace(tenant="other"), start(broker))


def test_a_group_that_was_given_up_may_have_a_new_owner(backplane: Backplane, broker: Broker) -> None:
    owner, successor = start(broker), start(broker)
    backplane.attach(KEY, owner)
    backplane.detach(KEY, owner)
    backplane.attach(KEY, successor)
    with pytest.raises(GroupConflict):
        backplane.attach(KEY, owner)


def test_a_failed_owner_is_followed_by_another(backplane: Backplane, broker: Broker) -> None:
    owner, successor = start(broker), start(broker)
    backplane.attach(KEY, owner)
    fail(broker, owner)
    backplane.attach(KEY, successor)
    backplane.detach(KEY, owner)
    with pytest.raises(GroupConflict):
        backplane.attach(KEY, start(broker))


def test_only_the_owner_gives_a_group_up(backplane: Backplane, broker: Broker) -> None:
    backplane.attach(KEY, start(broker))
    backplane.detach(KEY, start(broker))
    backplane.detach(KEY._replace(group_id="unknown"), start(broker))
    with pytest.raises(GroupConflict):
        backplane.attach(KEY, start(broker))


def test_places_only_grow_within_a_group(backplane: Backplane, broker: Broker) -> None:
    other = KEY._replace(group_id="other")
    for key in (KEY, other):
        backplane.attach(key, start(broker))
    places = {KEY: [backplane.place(KEY)], other: [backplane.place(other)]}
    for _ in range(50):
        for key, given in places.items():
            given.append(backplane.place(key))
    assert all(given == sorted(set(given)) for given in places.values())


def test_places_go_on_growing_when_the_owner_fails(backplane: Backplane, broker: Broker) -> None:
    owner = start(broker)
    backplane.attach(KEY, owner)
    before = [backplane.place(KEY) for _ in range(3)]
    fail(broker, owner)
    backplane.attach(KEY, start(broker))
    assert backplane.place(KEY) > max(before)


def test_a_broker_on_it_keeps_its_promises(broker: Broker) -> None:
    ann, bob = broker.join("a", "b")
    ann.relay("offer", Venom(ValueError()))
    ann.heard(), bob.heard()
    eve = broker.connect().register("e")
    assert eve.heard() == [(LIST, "a", "b")]
    assert ann.heard() == bob.heard() == [(JOINED, "e")]
    bob.register("b")
    assert bob.heard() == [(LIST, "a")]
    bob.lost()
    eve.relay("offer", "b")
    assert eve.heard() == [(LEFT, "b", "lost"), (ERROR, "unknown_peer", "b")]
