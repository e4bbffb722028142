import asyncio

import pytest

from psync_signal import Failed, Malformed, Message, Peers, Signal, SignalError
from psync_signal.reconnect import Refused, Unreachable
from tests.psync_signal.attending import joined, payload
from tests.psync_signal.doubles import ScriptedLine, ScriptedWorld, run

# --- Joining ---


def test_the_client_is_in_once_the_server_has_said_so_and_the_first_event_says_who_is_there() -> None:
    async def test() -> None:
        async with joined("bob", "eve"):
            pass

    run(test())


def test_it_tries_again_until_the_server_can_be_reached() -> None:
    async def test() -> None:
        line = ScriptedLine()
        line.joins()
        world = ScriptedWorld(Unreachable("nobody listens"), Refused(503, "draining", 7), line)
        async with world.signal():
            assert world.waits == [0.5, 7]

    run(test())


@pytest.mark.parametrize("temporary", [True, False])
def test_a_first_register_that_is_refused_is_told_to_who_waits_for_it(temporary: bool) -> None:
    async def test() -> None:
        line = ScriptedLine()
        line.refuses("peer_id_taken", temporary=temporary)
        with pytest.raises(SignalError, match="peer_id_taken"):
            async with ScriptedWorld(line).signal():
                raise AssertionError("it was let in")
        assert line.closed

    run(test())


def test_who_waits_no_longer_leaves_nothing_behind() -> None:
    async def test() -> None:
        line = ScriptedLine()
        line.welcome()
        entering = asyncio.create_task(ScriptedWorld(line).signal().__aenter__())
        await line.heard("register")
        entering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entering
        assert line.closed
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(test())


def test_a_format_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="xml"):
        Signal("ws://nowhere/ws", peer_id="me", group_id="room", format="xml")


def test_a_client_has_one_life() -> None:
    async def test() -> None:
        async with joined() as (signal, _, _):
            pass
        with pytest.raises(RuntimeError, match="one life"):
            await signal.__aenter__()

    run(test())


# --- Sending ---


@pytest.mark.parametrize("status", ["delivered", "queued"])
def test_a_message_is_answered_with_what_became_of_it(status: str) -> None:
    async def test() -> None:
        async with joined("bob") as (signal, line, _):
            sending = asyncio.create_task(signal.send("bob", "offer", {"sdp": "v=0"}))
            offer = await line.heard("offer")
            assert (offer.target_id, offer.source_id, payload(offer)) == ("bob", None, {"sdp": "v=0"})
            line.say("ack", {"id": offer.id, "status": status})
            assert await sending == status

    run(test())


def test_a_broadcast_has_no_target() -> None:
    async def test() -> None:
        async with joined() as (signal, line, _):
            sending = asyncio.create_task(signal.broadcast([1]))
            message = await line.heard("message")
            assert (message.target_id, payload(message)) == (None, [1])
            line.say("ack", {"id": message.id, "status": "delivered"})
            assert await sending == "delivered"

    run(test())


def test_an_error_is_raised_where_it_was_sent_and_is_no_event() -> None:
    async def test() -> None:
        async with joined() as (signal, line, _):
            sending = asyncio.create_task(signal.send("bob", "message"))
            message = await line.heard("message")
            ref = {"id": message.id, "type": "message", "target_id": "bob"}
            line.say("error", {"code": "unknown_peer", "message": "gone", "temporary": True, "retry_after_ms": 500, "ref": ref})
            with pytest.raises(SignalError) as error:
                await sending
            assert (error.value.code, error.value.temporary, error.value.retry_after, error.value.ref) == ("unknown_peer", True, 0.5, ref)
            line.say("message", 1, source_id="eve")
            assert isinstance(await anext(signal), Message)

    run(test())


def test_an_error_that_nobody_waits_for_is_an_event() -> None:
    async def test() -> None:
        async with joined() as (signal, line, _):
            await signal.post("bob", "candidate", {"candidate": ""}, id="mine")
            assert (await line.heard("candidate")).id == "mine"
            line.say("error", {"code": "undelivered", "message": "gone", "temporary": True, "ref": {"id": "mine"}})
            event = await anext(signal)
            assert isinstance(event, Failed)
            assert (event.error.code, event.error.ref) == ("undelivered", {"id": "mine"})

    run(test())


def test_an_answer_that_does_not_come_is_not_awaited_for_ever() -> None:
    async def test() -> None:
        async with joined(patience=0) as (signal, _, _):
            with pytest.raises(SignalError, match="no answer within 0 s; it may have arrived") as error:
                await signal.send("bob", "message")
            assert error.value.code == "unanswered"

    run(test())


def test_a_payload_that_json_cannot_say_is_refused_and_nothing_is_sent() -> None:
    async def test() -> None:
        async with joined() as (signal, line, _):
            with pytest.raises(Malformed):
                await signal.send("bob", "message", float("nan"))
            await signal.post("bob", "answer")
            await line.heard("answer")

    run(test())


def test_more_messages_than_may_wait_are_refused() -> None:
    async def test() -> None:
        async with joined(in_flight=1) as (signal, line, _):
            sending = asyncio.create_task(signal.send("bob", "message"))
            first = await line.heard("message")
            with pytest.raises(SignalError, match="1 messages wait"):
                await signal.send("bob", "message")
            line.say("ack", {"id": first.id, "status": "delivered"})
            assert await sending == "delivered"

    run(test())


def test_leaving_waits_for_the_server_and_ends_the_iteration() -> None:
    async def test() -> None:
        async with joined() as (signal, line, _):
            leaving = asyncio.create_task(signal.leave())
            leave = await line.heard("leave")
            assert not leaving.done()
            line.say("ack", {"id": leave.id, "status": "delivered"})
            await leaving
            assert line.closed
            assert [event async for event in signal] == []

    run(test())


def test_the_list_can_be_asked_for_again_and_what_is_not_asked_for_is_no_answer() -> None:
    async def test() -> None:
        async with joined(metadata={"n": 1}) as (signal, line, _):
            await signal.refresh()
            assert payload(await line.heard("register")) == {"peer_id": "me", "group_id": "room", "metadata": {"n": 1}}
            for _ in range(2):
                line.say("peer_list", {"peers": [], "ice_servers": [{"urls": "stun:192.0.2.1"}]})
            events = [await anext(signal) for _ in range(2)]
            assert [event.refreshed for event in events if isinstance(event, Peers)] == [True, False]
            await signal.refresh()
            line.say("error", {"code": "rate_limited", "message": "slowly", "temporary": True, "ref": {"type": "register"}})
            line.say("peer_list", {"peers": []})
            assert isinstance(await anext(signal), Failed)
            event = await anext(signal)
            assert isinstance(event, Peers)
            assert not event.refreshed

    run(test())


# --- Hearing ---


def test_what_cannot_be_read_and_what_nobody_knows_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with joined() as (signal, line, _):
            line.say("peer_joined", {"peer": 7})
            line.say("weather", {})
            line.say("ack", {"id": "of nothing", "status": "delivered"})
            line.say("message", "hello", source_id="bob")
            event = await anext(signal)
            assert isinstance(event, Message)
            assert event.payload == "hello"
            assert "a frame from the server is left out" in caplog.text

    run(test())


def test_a_reader_that_lags_stops_the_client_from_reading_and_from_sending_and_loses_nothing() -> None:
    async def test() -> None:
        async with joined(inbox=2) as (signal, line, _):
            sending = asyncio.create_task(signal.send("bob", "message"))
            await line.heard("message")
            for number in range(10):
                line.say("message", number, source_id="bob")
            with pytest.raises(SignalError, match="wait to be read") as error:
                await sending
            assert error.value.code == "unanswered"
            with pytest.raises(SignalError, match="read them first") as error:
                await signal.send("bob", "message")
            assert error.value.code == "unavailable"
            assert len(line.silences) < 6
            events = [await anext(signal) for _ in range(10)]
            assert [event.payload for event in events if isinstance(event, Message)] == list(range(10))

    run(test())


# --- The end ---


def test_closing_twice_and_reading_on_is_fine() -> None:
    async def test() -> None:
        async with joined() as (signal, line, _):
            line.say("message", 1, source_id="bob")
            sending = asyncio.create_task(signal.send("bob", "message"))
            await line.heard("message")
            await signal.close()
            await signal.close()
            assert line.closed
            with pytest.raises(SignalError):
                await sending
            assert len([event async for event in signal]) <= 1

    run(test())
