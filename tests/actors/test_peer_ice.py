"""ICE servers in a client's list: for who asks, fresh each time, and by the time of day."""

from actors.events import PeerList
from actors.messages import Register
from actors.peer import PeerActor
from actors.terms import Terms
from tests.broker import PEER_RULES, Broker, Caller
from tests.doubles import RecordingOutbox


def ice(peer_id: str, now: float) -> bytes:
    return f'["{peer_id} {now}"]'.encode()


def connect(broker: Broker) -> Caller:
    outbox = RecordingOutbox()
    peer = PeerActor.start(broker.runtime, broker.directory, outbox, Terms("", "192.0.2.9:5", ice=ice), PEER_RULES)
    return Caller(broker, peer, outbox)


def lists(caller: Caller) -> list[bytes | None]:
    return [event.ice_servers for event in caller.told() if isinstance(event, PeerList)]


def expected(broker: Broker) -> bytes:
    return ice("a", broker.clock.wall())


def test_who_asks_gets_them_and_fresh_ones_for_each_register() -> None:
    broker = Broker()
    ann = connect(broker)
    ann.says(Register("a", "g", ice=True))
    first = expected(broker)
    broker.pass_time(10)
    ann.says(Register("a", "g", ice=True))
    assert lists(ann) == [first, expected(broker)]
    assert first != expected(broker)


def test_who_does_not_ask_gets_none() -> None:
    ann = connect(Broker())
    ann.says(Register("a", "g"))
    assert lists(ann) == [None]


def test_who_asked_and_was_away_gets_fresh_ones_with_the_list_that_brings_it_back() -> None:
    broker = Broker()
    ann = connect(broker)
    ann.says(Register("a", "g", ice=True))
    lists(ann)
    broker.pass_time(100)
    ann.heartbeat()
    assert lists(ann) == [expected(broker)]
