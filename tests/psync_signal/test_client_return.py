"""How the client comes back, and when it does not."""

import asyncio

import pytest

from psync_signal import GoingAway, Lost, Message, Peers, SignalEnded, SignalError
from psync_signal.reconnect import Broken, Refused, Unreachable
from tests.psync_signal.attending import joined, listed, payload
from tests.psync_signal.doubles import ScriptedLine, ScriptedWorld, run

# --- The connection ends ---


def test_a_lost_connection_is_told_and_made_again_with_the_session() -> None:
    async def test() -> None:
        second = ScriptedLine()
        second.joins("bob", session="s2", resumed=True)
        second.say("message", "queued", source_id="bob")
        line = ScriptedLine()
        line.joins("bob", session="s1")
        world = ScriptedWorld(line, second)
        async with world.signal() as signal:
            await listed(signal)
            line.breaks(1006, silent=True)
            assert await anext(signal) == Lost(1006, "as told", silent=True)
            event = await anext(signal)
            assert isinstance(event, Peers)
            assert event.resumed
            assert payload(await second.heard("register"))["session"] == "s1"
            message = await anext(signal)
            assert isinstance(message, Message)
            assert message.payload == "queued"
            assert line.closed
            assert world.waits == [0.5]

    run(test())


@pytest.mark.parametrize(
    ("code", "silent", "window", "kept"), [(1006, False, 12.5, 12.5), (1006, True, 12.5, 0), (1013, False, 12.5, 0), (1006, False, None, 0)]
)
def test_a_loss_tells_how_long_the_place_is_kept(code: int, silent: bool, window: float | None, kept: float) -> None:
    async def test() -> None:
        first = ScriptedLine()
        first.joins(window=window)
        async with ScriptedWorld(first).signal() as signal:
            await listed(signal)
            first.breaks(code, silent=silent)
            assert await anext(signal) == Lost(code, "as told", silent, kept)

    run(test())


def test_attempts_that_fail_do_not_outlast_the_place() -> None:
    async def test() -> None:
        first, last = ScriptedLine(), ScriptedLine()
        first.joins(window=1.5)
        last.welcome()
        world = ScriptedWorld(first, *[Unreachable()] * 3, last)
        async with world.signal() as signal:
            await listed(signal)
            first.breaks()
            await last.heard("register")
            assert world.waits == [0.5, 1, 1.5, 1.5], "the clock of this world stands still"

    run(test())


def test_a_loss_fails_what_waits_for_an_answer_and_what_is_sent_before_the_client_is_back() -> None:
    async def test() -> None:
        async with joined() as (signal, line, _):
            sending = asyncio.create_task(signal.send("bob", "message"))
            await line.heard("message")
            line.breaks()
            with pytest.raises(SignalError) as error:
                await sending
            assert error.value.code == "unanswered"
            assert isinstance(await anext(signal), Lost)
            for sent in (signal.send("bob", "message"), signal.post("bob", "message")):
                with pytest.raises(SignalError, match="no connection") as error:
                    await sent
                assert error.value.code == "unavailable"

    run(test())


@pytest.mark.parametrize(("unsent", "code"), [(False, "unanswered"), (True, "unavailable")])
def test_a_message_whose_connection_ends_under_it_may_have_arrived_and_one_that_comes_later_has_not(unsent: bool, code: str) -> None:
    async def test() -> None:
        async with joined() as (signal, line, _):
            line.failing = Broken(unsent=unsent)
            with pytest.raises(SignalError) as error:
                await signal.post("bob", "message")
            assert error.value.code == code

    run(test())


@pytest.mark.parametrize(("passed", "left"), [(0.5, 2.5), (60, 0)])
def test_after_a_goaway_it_comes_back_in_its_slot(passed: float, left: float) -> None:
    async def test() -> None:
        async with joined() as (signal, line, world):
            line.say("goaway", {"reason": "draining", "deadline_ms": 1000, "reconnect_after_ms": 3000})
            assert await anext(signal) == GoingAway("draining", 1, 3)
            world.now += passed
            line.breaks(1012)
            assert isinstance(await anext(signal), Lost)
            await asyncio.sleep(0)
            assert world.waits == [left]

    run(test())


def test_a_later_register_that_is_refused_for_a_while_is_tried_again() -> None:
    async def test() -> None:
        lines = [ScriptedLine() for _ in range(3)]
        lines[0].joins()
        lines[1].refuses("peer_id_taken", temporary=True)
        lines[2].joins("bob")
        lines[0].breaks()
        world = ScriptedWorld(*lines)
        async with world.signal() as signal:
            await listed(signal)
            assert isinstance(await anext(signal), Lost)
            assert [peer.id for peer in await listed(signal)] == ["bob"]
            assert world.waits == [0.5, 1]

    run(test())


def test_a_server_of_another_profile_is_tried_again_later() -> None:
    async def test() -> None:
        odd, line = ScriptedLine(), ScriptedLine()
        odd.say("peer_list", {"peers": []})
        line.joins()
        world = ScriptedWorld(odd, line)
        async with world.signal():
            assert world.waits == [0.5]

    run(test())


@pytest.mark.parametrize("code", [4409, 4410, 4400, 1008])
def test_a_final_close_ends_the_iteration_with_its_code_after_what_was_heard(code: int) -> None:
    async def test() -> None:
        async with joined() as (signal, line, world):
            line.say("message", "last", source_id="bob")
            line.breaks(code)
            assert isinstance(await anext(signal), Message)
            for _ in range(2):
                with pytest.raises(SignalEnded, match=f"{code}: as told"):
                    await anext(signal)
            assert world.waits == []
            with pytest.raises(SignalError, match="no connection"):
                await signal.send("bob", "message")

    run(test())


# --- Tokens ---


def test_a_token_is_asked_for_before_each_connection() -> None:
    async def test() -> None:
        lines = [ScriptedLine(), ScriptedLine()]
        for line in lines:
            line.joins()
        lines[0].breaks(4401)
        tokens = iter(["first", "second"])
        world = ScriptedWorld(*lines)
        async with world.signal(token=lambda: next(tokens)) as signal:
            await listed(signal)
            assert isinstance(await anext(signal), Lost)
            await listed(signal)
            assert world.tokens == ["first", "second"]

    run(test())


@pytest.mark.parametrize("token", ["fixed", lambda: "the same"])
def test_a_refused_token_is_sent_once(token: object) -> None:
    async def test() -> None:
        world = ScriptedWorld(Refused(401, "not_authenticated: expired"))
        with pytest.raises(SignalEnded, match="expired") as end:
            async with world.signal(token=token):
                raise AssertionError("it was let in")
        assert end.value.code == 401
        assert len(world.tokens) == 1

    run(test())


def test_what_the_token_function_raises_is_raised_to_the_application() -> None:
    def broken() -> str:
        raise LookupError("no token today")

    async def test() -> None:
        with pytest.raises(LookupError, match="no token today"):
            async with ScriptedWorld().signal(token=broken):
                raise AssertionError("it was let in")

    run(test())


def test_a_client_that_was_in_asks_its_token_function_again_when_that_fails() -> None:
    answers = iter(["first", None, "second"])

    def moody() -> str:
        answer = next(answers)
        if answer is None:
            raise LookupError("no token just now")
        return answer

    async def test() -> None:
        lines = [ScriptedLine(), ScriptedLine()]
        for line in lines:
            line.joins()
        lines[0].breaks(1012)
        world = ScriptedWorld(*lines)
        async with world.signal(token=moody) as signal:
            await listed(signal)
            assert isinstance(await anext(signal), Lost)
            await listed(signal)
            assert world.tokens == ["first", "second"]
            assert world.waits == [0.5, 1.0]

    run(test())
