import asyncio
import json

import msgpack
import pytest

from psync_signal.envelope import Format
from psync_signal.reconnect import Refused
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


def test_a_client_that_asks_for_ice_servers_gets_them_and_fresh_ones_when_it_registers_again() -> None:
    async def test() -> None:
        line = ScriptedLine()
        async with cared_for(line) as care:
            line.welcome()
            line.say("peer_list", {"peers": [peer("a")], "ice_servers": [{"urls": ["turn:192.0.2.1"], "credential": "old"}]})
            for credential in ("old", "new"):
                await care.say("register", {"peer_id": "me", "group_id": "room", "ice": True})
                await line.heard("register")
                if credential == "new":
                    line.say("peer_list", {"peers": [peer("a")], "ice_servers": [{"urls": ["turn:192.0.2.1"], "credential": "new"}]})
                frame = await care.client.raw()
                assert f'"ice_servers":[{{"urls":["turn:192.0.2.1"],"credential":"{credential}"}}]' in frame
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
