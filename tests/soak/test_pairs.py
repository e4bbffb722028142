"""A pair notices what is missing, doubled or out of order, and who is closed."""

from typing import TYPE_CHECKING, Any, cast

import pytest

from tests.integration.line import Closed
from tests.integration.strict import Message
from tests.soak.pairs import Pairs, Talker, percentile

if TYPE_CHECKING:
    from tests.integration.client import Client


class ScriptedClient:
    """Notes what it is told to say, and hears what the test puts into it."""

    def __init__(self, *heard: Message | Closed) -> None:
        self.peer_id = "left"
        self.said: list[tuple[str, str, Any]] = []
        self._heard = list(heard)

    def say(self, type_: str, target_id: str, payload: object) -> None:
        self.said.append((type_, target_id, payload))

    def heard(self) -> list[Message | Closed]:
        return self._heard


def message(number: int, source: str = "right", type_: str = "message") -> Message:
    return Message(type_, source, "left", [number, 10.0, ""], "")


def talker(*heard: Message | Closed) -> Talker:
    return Talker(cast("Client", ScriptedClient(*heard)), "right")


def test_what_arrives_in_order_is_counted_with_its_delay() -> None:
    assert talker(message(0), message(1, type_="offer")).listen(10.5) == [0.5, 0.5]


@pytest.mark.parametrize(
    "heard",
    [
        [message(1)],
        [message(0), message(0)],
        [message(0), message(2)],
        [message(0, source="someone else")],
        [message(0, type_="error")],
        [Closed(1011, "")],
    ],
)
def test_anything_else_fails(heard: list[Message | Closed]) -> None:
    with pytest.raises(AssertionError):
        talker(*heard).listen(10.5)


def test_what_was_said_and_not_heard_is_lost() -> None:
    left, right = talker(), talker(message(0))
    for _ in range(2):
        left.speak(10.0)
    right.listen(11.0)
    pairs = Pairs(1.0, talkers=[left, right])
    assert (pairs.said, pairs.lost) == (2, 1)
    assert [payload[0] for _, _, payload in cast("ScriptedClient", left.client).said] == [0, 1]


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(value) for value in range(1, 101)]
    assert (percentile(values, 50), percentile(values, 99), percentile(values, 100)) == (51.0, 100.0, 100.0)
    assert percentile([], 99) == 0.0
