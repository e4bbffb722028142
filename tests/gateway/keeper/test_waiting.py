import msgspec

from gateway.keeper.waiting import Waiting
from psync_signal.envelope import Envelope


def message(target_id: str | None, size: int = 1) -> Envelope:
    return Envelope("message", target_id=target_id, payload=msgspec.Raw(b"1" * size))


def nobody(_name: str | None) -> bool:
    return False


def test_messages_go_in_the_order_in_which_they_came_and_stay_until_sent() -> None:
    waiting, first, second = Waiting(), message("a"), message("a")
    assert waiting.add(first)
    assert waiting.add(second)
    assert waiting.next(nobody) is first
    assert waiting.next(nobody) is first
    waiting.sent(first)
    assert waiting.next(nobody) is second
    waiting.sent(second)
    assert waiting.next(nobody) is None


def test_those_to_a_peer_that_is_awaited_let_others_pass() -> None:
    waiting, held, goes, everyone = Waiting(), message("a"), message("b"), message(None)
    for each in (held, goes, everyone):
        waiting.add(each)
    for each in (goes, everyone):
        assert waiting.next(lambda name: name == "a") is each
        waiting.sent(each)
    assert waiting.next(lambda name: name == "a") is None
    assert waiting.next(nobody) is held


def test_one_too_many_does_not_fit_until_one_is_sent() -> None:
    waiting, first = Waiting(messages=2), message("a")
    assert [waiting.add(first), waiting.add(message("a")), waiting.add(message("a"))] == [True, True, False]
    waiting.sent(first)
    assert waiting.add(message("a"))


def test_one_byte_too_many_does_not_fit_until_there_is_room() -> None:
    waiting, first = Waiting(size=10), message("a", 6)
    assert [waiting.add(first), waiting.add(message("a", 5)), waiting.add(message("a", 4))] == [True, False, True]
    waiting.sent(first)
    assert waiting.add(message("a", 6))
    assert not waiting.add(message("a", 1))
