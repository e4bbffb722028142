import asyncio
import json

import msgpack
import pytest

from gateway.keeper.waiting import MOST_MESSAGES
from psync_signal.envelope import Format
from psync_signal.reconnect import Broken, Refused
from tests.gateway.keeper.attended import cared_for, names, registered
from tests.psync_signal.doubles import ScriptedLine, peer, run

HEARTBEAT = {"timestamp": "2026-01-01T00:00:00Z"}


# --- Registering ---


def test_the_first_frame_after_register_is_the_list() -> None:
    async def test() -> None:
        async with registered(ScriptedLine(), there=("a", "b")) as care:
            ((wish, form),) = care.opened
            assert (wish.peer_id, wish.group_id, form) == ("me", "room", Format.JSON)

    run(test())


def test_a_client_that_speaks_messagepack_is_answered_in_it_and_so_it_goes_upstream() -> None:
    async def test() -> None:
        async with cared_for() as care:
            register = {"type": "register", "payload": {"peer_id": "me", "group_id": "room", "metadata": {"n": b"\x00"}}}
            await care.ward.hear(msgpack.packb(register))
            await asyncio.sleep(0)
            ((wish, form),) = care.opened
            assert (form, msgpack.unpackb(bytes(wish.metadata))) == (Format.MSGPACK, {"n": b"\x00"})
            await care.say("offer", {}, target_id="bob")
            assert isinstance((await care.client.refused("unsupported_format")).raw, bytes)

    run(test())


def test_a_second_register_of_the_same_is_answered_with_the_list_and_goes_nowhere() -> None:
    async def test() -> None:
        line = ScriptedLine()
        async with registered(line, there=("a",)) as care:
            line.say("peer_joined", {"peer": peer("b")})
            await care.client.hear("peer_joined")
            await care.say("register", {"peer_id": "me", "group_id": "room"})
            assert names(await care.client.hear("peer_list")) == ["a"]
            assert len(care.opened) == 1

    run(test())


def test_a_register_of_another_group_leaves_the_first() -> None:
    async def test() -> None:
        first, second = ScriptedLine(), ScriptedLine()
        second.joins("z")
        async with registered(first, second) as care:
            await care.say("register", {"peer_id": "me", "group_id": "cellar"})
            assert names(await care.client.hear("peer_list")) == ["z"]
            assert first.closed
            assert [wish.group_id for wish, _ in care.opened] == ["room", "cellar"]

    run(test())


def test_a_register_that_the_server_refuses_is_told_and_another_one_may_follow() -> None:
    async def test() -> None:
        taken, line = ScriptedLine(), ScriptedLine()
        taken.refuses("peer_id_taken", temporary=True)
        line.joins()
        async with cared_for(taken, line) as care:
            await care.say("register", {"peer_id": "me", "group_id": "room"})
            await care.client.refused("peer_id_taken")
            await care.say("message")
            await care.client.refused("not_registered")
            await care.say("register", {"peer_id": "me", "group_id": "room"})
            await care.client.hear("peer_list")
            assert care.client.closes.empty()

    run(test())


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("hello", "bad_message"),
        ("[]", "bad_message"),
        ('{"type":"dance"}', "unknown_type"),
        ('{"type":"register"}', "bad_register"),
        ('{"type":"register","payload":{"peer_id":"me"}}', "bad_register"),
        ('{"type":"message","id":"7"}', "not_registered"),
    ],
)
def test_what_is_wrong_is_answered_with_an_error(frame: str, code: str) -> None:
    async def test() -> None:
        async with cared_for() as care:
            await care.ward.hear(frame)
            await care.client.refused(code)
            assert care.opened == []

    run(test())


# --- Both ways ---


def test_messages_pass_both_ways_and_their_payloads_byte_for_byte() -> None:
    async def test() -> None:
        line = ScriptedLine()
        async with registered(line, there=("bob",)) as care:
            await care.say("heartbeat", HEARTBEAT)
            await care.ward.hear('{"type":"offer","source_id":"me","target_id":"bob","id":"","payload":{"n" : 1.10}}\n')
            offer = await line.heard("offer")
            assert (offer.target_id, offer.id, bytes(offer.payload)) == ("bob", None, b'{"n" : 1.10}')
            line.say("answer", {"sdp": "v=0"}, source_id="bob", target_id="me")
            answer = await care.client.hear("answer")
            assert (answer.source_id, answer.target_id, answer.payload) == ("bob", "me", {"sdp": "v=0"})

    run(test())


def test_a_message_under_another_name_goes_nowhere() -> None:
    async def test() -> None:
        line = ScriptedLine()
        async with registered(line) as care:
            await care.say("message", 1, source_id="root", id="7")
            assert (await care.client.refused("source_mismatch")).payload["ref"] == {"id": "7", "type": "message"}
            await care.say("message", 2)
            assert bytes((await line.heard("message")).payload) == b"2"

    run(test())


def test_an_error_of_the_server_reaches_the_client_as_it_is() -> None:
    async def test() -> None:
        line = ScriptedLine()
        async with registered(line) as care:
            error = {"code": "unknown_peer", "message": "gone", "temporary": True, "ref": {"id": "7", "type": "offer", "target_id": "bob"}}
            line.say("error", error)
            assert (await care.client.refused("unknown_peer")).payload == error

    run(test())


# --- The server is away ---


def test_after_a_restart_the_client_hears_nothing_of_those_who_come_back() -> None:
    async def test() -> None:
        first, second = ScriptedLine(), ScriptedLine()
        async with registered(first, second, there=("a", "b")) as care:
            second.joins("a")
            second.say("peer_joined", {"peer": peer("b")})
            second.say("peer_joined", {"peer": peer("new")})
            first.breaks(1012)
            assert (await care.client.hear("peer_joined")).peer == "new"

    run(test())


def test_after_a_restart_it_is_to_offer_to_those_who_are_new_and_came_before_it() -> None:
    async def test() -> None:
        first, second = ScriptedLine(), ScriptedLine()
        async with registered(first, second, there=("a",)) as care:
            second.joins("a", "new")
            first.breaks(1006)
            assert names(await care.client.hear("peer_list")) == ["new"]

    run(test())


def test_who_does_not_come_back_is_lost_after_a_while() -> None:
    async def test() -> None:
        first, second = ScriptedLine(), ScriptedLine()
        async with registered(first, second, there=("a",), patience=0) as care:
            second.joins()
            first.breaks(1012)
            left = await care.client.hear("peer_left")
            assert (left.peer, left.payload["reason"]) == ("a", "lost")

    run(test())


def test_a_resumed_connection_is_no_news_but_for_what_came_meanwhile() -> None:
    async def test() -> None:
        first, second = ScriptedLine(), ScriptedLine()
        async with registered(first, second, there=("a", "b")) as care:
            second.joins("a", resumed=True)
            second.say("peer_left", {"peer": peer("b"), "reason": "left"})
            first.breaks(1006)
            assert (await care.client.hear("peer_left")).peer == "b"

    run(test())


@pytest.mark.parametrize(("patience", "silent"), [(0, False), (30, True)])
def test_who_was_forgotten_by_the_others_offers_to_all_of_them_again(patience: float, silent: bool) -> None:
    async def test() -> None:
        first, second = ScriptedLine(), ScriptedLine()
        async with registered(first, second, there=("a", "gone"), patience=patience) as care:
            second.joins("a")
            first.breaks(1006, silent=silent)
            assert (await care.client.hear("peer_left")).peer == "gone"
            assert names(await care.client.hear("peer_list")) == ["a"]

    run(test())


def test_when_the_server_took_the_client_for_away_it_offers_to_all_again() -> None:
    async def test() -> None:
        line = ScriptedLine()
        async with registered(line, there=("a",)) as care:
            line.say("peer_list", {"peers": [peer("a")]})
            assert names(await care.client.hear("peer_list")) == ["a"]

    run(test())


def test_messages_wait_for_the_server_and_for_their_receiver_and_go_in_order() -> None:
    async def test() -> None:
        first, second = ScriptedLine(), ScriptedLine()
        async with registered(first, second, there=("a", "b")) as care:
            first.breaks(1012)
            await first.ended()
            for number in range(3):
                await care.say("message", number, target_id="a")
                await care.say("message", number, target_id="b")
            second.joins("b")
            await second.heard("register")
            for number in range(3):
                message = await second.heard("message")
                assert (message.target_id, bytes(message.payload)) == ("b", str(number).encode())
            second.say("peer_joined", {"peer": peer("a")})
            for number in range(3):
                message = await second.heard("message")
                assert (message.target_id, bytes(message.payload)) == ("a", str(number).encode())
            assert care.client.heard_nothing()

    run(test())


def test_what_is_too_much_to_wait_is_answered_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with cared_for() as care:
            await care.say("register", {"peer_id": "me", "group_id": "room"})
            for number in range(MOST_MESSAGES):
                await care.say("message", number)
            assert care.client.heard_nothing()
            await care.say("message", "too much", id="7")
            assert (await care.client.refused("unavailable")).payload["ref"] == {"id": "7", "type": "message"}
            assert caplog.messages == ["a message is refused: too many wait for the server"]

    run(test())


def test_a_message_whose_connection_ends_under_it_is_answered_and_not_sent_twice() -> None:
    async def test() -> None:
        first, second = ScriptedLine(), ScriptedLine()
        async with registered(first, second, there=("a",)) as care:
            first.failing = Broken()
            await care.say("message", 1, target_id="a", id="7")
            await care.client.refused("undelivered")
            first.breaks()
            second.joins("a")
            await second.heard("register")
            await care.say("message", 2, target_id="a")
            assert bytes((await second.heard("message")).payload) == b"2"

    run(test())


# --- The end ---


@pytest.mark.parametrize(("status", "code"), [(401, 4401), (403, 4403), (404, 1011)])
def test_a_client_that_the_server_does_not_want_is_told_and_closed(status: int, code: int) -> None:
    async def test() -> None:
        async with cared_for(Refused(status, "not_authenticated: expired")) as care:
            await care.say("register", {"peer_id": "me", "group_id": "room"})
            error = await care.client.hear("error")
            assert error.payload["code"] == ("unavailable" if status == 404 else "not_allowed")
            assert "expired" in error.payload["message"]
            assert await care.client.closes.get() == code

    run(test())


@pytest.mark.parametrize("code", [4409, 4410, 1009])
def test_a_final_close_of_the_server_is_passed_on(code: int) -> None:
    async def test() -> None:
        line = ScriptedLine()
        async with registered(line) as care:
            line.breaks(code)
            await care.client.hear("error")
            assert await care.client.closes.get() == code

    run(test())


def test_leaving_leaves_upstream_and_the_connection_stays() -> None:
    async def test() -> None:
        line = ScriptedLine()
        async with registered(line) as care:
            await care.say("leave")
            assert line.closed
            await care.say("message")
            await care.client.refused("not_registered")
            assert care.client.closes.empty()

    run(test())


def test_a_client_that_is_gone_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        line = ScriptedLine()
        async with registered(line) as care:
            care.client.gone = True
            line.say("message", 1, source_id="bob")
            await line.ended()
        assert not [record for record in caplog.records if record.levelname == "ERROR"]

    run(test())


def test_a_fault_in_the_keeper_closes_the_client_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with cared_for(RuntimeError("boom")) as care:
            await care.ward.hear(json.dumps({"type": "register", "payload": {"peer_id": "me", "group_id": "room"}}))
            assert await care.client.closes.get() == 1011
            assert "boom" in caplog.text

    run(test())
