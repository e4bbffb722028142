"""What a local client notices of a server that goes and comes: next to nothing."""

import pytest

from gateway.keeper.waiting import MOST_MESSAGES
from psync_signal.reconnect import Broken
from tests.gateway.keeper.attended import cared_for, names, registered
from tests.psync_signal.doubles import ScriptedLine, peer, run


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


@pytest.mark.parametrize(("window", "code", "silent"), [(0, 1006, False), (30, 1006, True), (30, 1013, False), (30, 4413, False)])
def test_who_was_forgotten_by_the_others_offers_to_all_of_them_again(window: float, code: int, silent: bool) -> None:
    async def test() -> None:
        first, second = ScriptedLine(), ScriptedLine()
        async with registered(first, second, there=("a", "gone"), window=window) as care:
            second.joins("a")
            first.breaks(code, silent=silent)
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
