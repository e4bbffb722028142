import pytest

from psync_signal.errors import SignalError
from psync_signal.unanswered import Unanswered
from tests.psync_signal.doubles import run


def test_each_message_gets_the_answer_to_its_own_id() -> None:
    async def test() -> None:
        waiting = Unanswered(8)
        with waiting.expect() as (one, first), waiting.expect() as (two, second):
            assert one != two
            assert waiting.settle(two, "queued")
            assert waiting.settle(one, "delivered")
            assert [await first, await second] == ["delivered", "queued"]

    run(test())


def test_an_error_is_raised_where_its_message_waits() -> None:
    async def test() -> None:
        waiting = Unanswered(8)
        with waiting.expect() as (name, answer):
            assert waiting.fail(SignalError("unknown_peer", "gone", ref={"id": name}))
            with pytest.raises(SignalError, match="unknown_peer"):
                await answer

    run(test())


def test_an_answer_that_nobody_waits_for_is_said_to_be_none() -> None:
    async def test() -> None:
        waiting = Unanswered(8)
        with waiting.expect() as (name, _):
            assert waiting.settle(name, "delivered")
            assert not waiting.settle(name, "delivered")
        assert not waiting.settle(name, "delivered")
        assert not waiting.settle(None, "delivered")
        assert not waiting.fail(SignalError("undelivered", "late", ref={"id": name}))
        assert not waiting.fail(SignalError("internal", "about nothing"))

    run(test())


def test_when_the_connection_ends_all_are_told_that_nobody_knows() -> None:
    async def test() -> None:
        waiting = Unanswered(8)
        with waiting.expect() as (_, first), waiting.expect() as (two, second):
            waiting.settle(two, "delivered")
            waiting.give_up("the connection has ended")
            with pytest.raises(SignalError, match="it may have arrived") as error:
                await first
            assert error.value.code == "unanswered"
            assert await second == "delivered"

    run(test())


def test_one_beyond_the_bound_is_refused_and_room_comes_back() -> None:
    async def test() -> None:
        waiting = Unanswered(1)
        with waiting.expect(), pytest.raises(SignalError, match="unavailable"), waiting.expect():
            raise AssertionError("a second one was let in")
        with waiting.expect() as (name, _):
            assert name

    run(test())
