"""Slow clients are closed one in a turn, in order, each once."""

from typing import TYPE_CHECKING

from gateway.operator.metrics import Counts
from gateway.shedding import Shedding
from tests.gateway.outboxed import Bench, NotingSender, relayed

if TYPE_CHECKING:
    from collections.abc import Callable


class Room:
    """A shedding whose turns are ended by hand."""

    def __init__(self) -> None:
        self.metrics = Counts()
        self.ends: list[Callable[[], None]] = []
        self.shedding = Shedding(self.ends.append, self.metrics)

    def turn(self) -> None:
        ends, self.ends[:] = self.ends[:], []
        for end in ends:
            end()


def slow() -> Bench:
    """An outbox in which something waits."""
    bench = Bench()
    bench.socket.window = 5
    for _ in range(2):
        bench.outbox.send(relayed(b'"x"', sender=NotingSender()))
        bench.turn()
    return bench


def test_one_is_closed_in_a_turn_in_the_order_in_which_they_came() -> None:
    room, clients = Room(), [slow() for _ in range(3)]
    room.shedding.begin([client.outbox for client in clients[:2]])
    room.shedding.begin([clients[2].outbox])
    closed = []
    while room.shedding.under_way:
        room.turn()
        closed.append([client.outbox.closed for client in clients])
    assert closed == [[True, False, False], [True, True, False], [True, True, True]]
    assert room.metrics.value("memory_sheds") == 3
    assert room.ends == []


def test_one_that_has_gone_meanwhile_is_not_counted() -> None:
    room, client = Room(), slow()
    room.shedding.begin([client.outbox])
    client.outbox.abandon()
    room.turn()
    assert room.metrics.value("memory_sheds") == 0
    assert not room.shedding.under_way


def test_with_nobody_to_close_there_is_nothing_to_do() -> None:
    room = Room()
    room.shedding.begin([])
    assert room.ends == []
