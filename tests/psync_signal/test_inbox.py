import asyncio

import pytest

from psync_signal.errors import SignalEnded
from psync_signal.events import Lost
from psync_signal.inbox import Inbox
from tests.psync_signal.doubles import run

ONE, TWO, THREE = Lost(1), Lost(2), Lost(3)


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_events_come_out_in_order_and_a_reader_waits_for_them() -> None:
    async def test() -> None:
        inbox = Inbox(8)
        reading = asyncio.create_task(inbox.get())
        await settle()
        assert not reading.done()
        await inbox.put(ONE)
        await inbox.put(TWO)
        assert [await reading, await inbox.get()] == [ONE, TWO]

    run(test())


def test_who_fills_it_waits_for_room_but_the_end_of_a_connection_is_noted_at_once() -> None:
    async def test() -> None:
        inbox = Inbox(1)
        await inbox.put(ONE)
        putting = asyncio.create_task(inbox.put(THREE))
        await settle()
        assert inbox.full
        assert not putting.done()
        inbox.note(TWO)
        assert [await inbox.get(), await inbox.get()] == [ONE, TWO]
        await putting
        assert await inbox.get() == THREE

    run(test())


def test_what_is_there_is_read_before_the_end_and_the_end_stays() -> None:
    async def test() -> None:
        inbox = Inbox(8)
        await inbox.put(ONE)
        inbox.end()
        inbox.end(SignalEnded(4409, "too late: only the first end counts"))
        inbox.note(TWO)
        assert await inbox.get() == ONE
        for _ in range(2):
            with pytest.raises(StopAsyncIteration):
                await inbox.get()

    run(test())


def test_an_end_with_an_error_raises_it_also_in_a_reader_that_waits() -> None:
    async def test() -> None:
        inbox = Inbox(8)
        reading = asyncio.create_task(inbox.get())
        await settle()
        inbox.end(SignalEnded(4410, "kicked"))
        with pytest.raises(SignalEnded, match="kicked"):
            await reading

    run(test())


def test_the_end_frees_who_waits_for_room() -> None:
    async def test() -> None:
        inbox = Inbox(1)
        await inbox.put(ONE)
        putting = asyncio.create_task(inbox.put(TWO))
        await settle()
        inbox.end()
        await putting
        assert await inbox.get() == ONE
        with pytest.raises(StopAsyncIteration):
            await inbox.get()

    run(test())
