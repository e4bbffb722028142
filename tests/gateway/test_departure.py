"""Who is told to go, when, and when it is closed; on a clock that is moved by the waiting."""

from typing import TYPE_CHECKING, Any

import pytest

from actors.events import GoAway
from actors.messages import Close
from actors.reasons import CloseCode
from gateway.departure import BATCH, GRACE_SECONDS, Departure, Slot, slots, spread_for
from gateway.frames import CLOSE, encode_close
from gateway.subprotocol import KNOWN, PLAIN, Subprotocol
from tests.gateway.doubles import NotingPeer
from tests.gateway.wired import Wired, frame

if TYPE_CHECKING:
    from collections.abc import Callable

V2 = KNOWN["psync.v2.json"]
GOODBYE = Close(CloseCode.RESTART, None, "server restarts")


class Node:
    """Some connections, and a clock that the departure moves by waiting for them to be gone. `then` is done when it has waited."""

    def __init__(self, *subprotocols: Subprotocol) -> None:
        self.now = 100.0
        self.wired = [Wired(subprotocol=subprotocol) for subprotocol in subprotocols]
        self.connections: dict[Any, object] = {wired.connection: None for wired in self.wired}
        self.closed_at: dict[int, float] = {}
        self.then: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return 0.0

    def wait(self, timeout: float) -> bool:
        self._note()
        self.now += timeout
        self.then()
        return not self.connections

    def depart(self, spread: float = 10.0, longest: float = 60.0) -> None:
        Departure(self.connections, self, self, spread=spread, longest=longest).run()
        self._note()

    def _note(self) -> None:
        for number, wired in enumerate(self.wired):
            if GOODBYE in wired.peer.told:
                self.closed_at.setdefault(number, self.now - 100.0)

    def told(self, number: int) -> list[object]:
        return self.wired[number].peer.told

    def ends(self, number: int) -> None:
        self.connections.pop(self.wired[number].connection, None)


def test_slots_lie_evenly_over_the_time_and_end_a_grace_later() -> None:
    assert list(slots(4, 8.0, 60.0)) == [Slot(after, after + GRACE_SECONDS) for after in (0.0, 2.0, 4.0, 6.0)]
    assert list(slots(0, 8.0, 60.0)) == []


def test_few_clients_need_little_time_and_many_have_what_there_is() -> None:
    assert [spread_for(count, 10.0) for count in (0, 5, 10_000, 20_000)] == [0.0, 0.005, 10.0, 10.0]


def test_no_slot_ends_later_than_the_longest_but_all_come_back_spread_out() -> None:
    assert list(slots(4, 8.0, 3.5)) == [Slot(0.0, 1.0), Slot(2.0, 3.0), Slot(4.0, 3.5), Slot(6.0, 3.5)]
    assert list(slots(2, 8.0, 0.0)) == [Slot(0.0, 0.0), Slot(4.0, 0.0)]


def test_those_of_v1_are_closed_at_once_and_nobody_is_waited_for() -> None:
    node = Node(PLAIN, PLAIN)
    node.depart()
    assert [node.told(number) for number in (0, 1)] == [[GOODBYE]] * 2
    assert node.now == 100.0


def test_those_of_v2_are_told_their_slots_and_closed_when_these_are_over() -> None:
    node = Node(V2, PLAIN, V2)
    node.depart(spread=10.0)
    assert node.told(0) == [GoAway("draining", 1000, 0), GOODBYE]
    assert node.told(1) == [GOODBYE]
    assert node.told(2) == [GoAway("draining", 6000, 5000), GOODBYE]
    assert node.closed_at == {1: 0.0, 0: 1.0, 2: 6.0}


def test_who_goes_by_itself_is_not_closed() -> None:
    node = Node(V2, V2)
    node.then = lambda: node.ends(1)
    node.depart()
    assert node.told(0)[-1] == GOODBYE
    assert node.told(1) == [GoAway("draining", 6000, 5000)]


def test_it_is_over_when_everyone_has_gone() -> None:
    node = Node(V2, V2, V2)
    node.then = node.connections.clear
    node.depart(spread=30.0)
    assert node.now == 101.0
    assert all(GOODBYE not in node.told(number) for number in range(3))


def test_a_departure_with_no_time_closes_behind_the_word() -> None:
    node = Node(V2, V2)
    node.depart(longest=0.0)
    assert [node.told(number) for number in (0, 1)] == [[GoAway("draining", 0, after), GOODBYE] for after in (0, 5000)]
    assert node.now == 100.0


@pytest.mark.parametrize("subprotocol", [PLAIN, V2])
def test_the_hub_has_its_turn_after_each_batch(monkeypatch: pytest.MonkeyPatch, subprotocol: Subprotocol) -> None:
    node = Node(*[subprotocol] * (2 * BATCH))
    turns: list[int] = []
    monkeypatch.setattr("gateway.departure.gevent.sleep", lambda _seconds: turns.append(sum(bool(node.told(n)) for n in range(2 * BATCH))))
    node.depart(longest=0.0)
    assert turns[:2] == [BATCH, 2 * BATCH]
    assert len(turns) == (2 if subprotocol is PLAIN else 4)


@pytest.mark.parametrize(("subprotocol", "told"), [(PLAIN, [GOODBYE]), (V2, [GoAway("draining", 0, 4000), GOODBYE])])
def test_one_that_comes_too_late_to_be_told_with_the_others_is_turned_away(subprotocol: Subprotocol, told: list[object]) -> None:
    node = Node(subprotocol)
    Departure({}, node, node, spread=4.0, longest=60.0).turn_away(node.wired[0].connection)
    assert node.told(0) == told


def test_one_that_has_ended_meanwhile_is_told_nothing() -> None:
    node = Node(PLAIN, V2)
    for wired in node.wired:
        wired.connection.end()
    before = [list(node.told(number)) for number in (0, 1)]
    node.depart()
    assert [node.told(number) for number in (0, 1)] == before


def test_one_whose_actor_is_dead_is_closed_by_its_outbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NotingPeer, "post", lambda _peer, _message: False)
    node = Node(PLAIN)
    node.depart()
    node.wired[0].loop.settle()
    assert node.wired[0].socket.sent == encode_close(1012, "server restarts")
    node.wired[0].comes(frame(CLOSE, b"\x03\xf4"))
    assert node.wired[0].socket.is_shut()
