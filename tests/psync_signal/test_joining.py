import pytest

from psync_signal.envelope import Codec, Format, Malformed, value_of
from psync_signal.errors import SignalError
from psync_signal.joining import Registration, join
from psync_signal.reconnect import Broken
from tests.psync_signal.doubles import ScriptedLine, run

CODEC = Codec(Format.JSON)
ME = Registration("me", "room")


async def registered(line: ScriptedLine) -> object:
    return value_of(bytes((await line.heard("register")).payload), Format.JSON)


def test_the_welcome_is_awaited_then_the_client_registers_and_the_list_is_the_answer() -> None:
    async def test() -> None:
        line = ScriptedLine()
        line.joins("bob", session="s")
        joined = await join(line, CODEC, ME, "")
        assert await registered(line) == {"peer_id": "me", "group_id": "room"}
        assert ([peer.id for peer in joined.peers.peers], joined.peers.session, joined.silence) == (["bob"], "s", 60)

    run(test())


def test_metadata_and_session_are_sent_when_there_are_any() -> None:
    async def test() -> None:
        line = ScriptedLine()
        line.joins()
        await join(line, CODEC, Registration("me", "room", {"name": "Me"}), "secret")
        assert await registered(line) == {"peer_id": "me", "group_id": "room", "metadata": {"name": "Me"}, "session": "secret"}

    run(test())


def test_the_server_may_be_silent_for_as_long_as_its_welcome_says() -> None:
    async def test() -> None:
        line = ScriptedLine()
        line.welcome(expire_ms=1500)
        line.say("peer_list", {"peers": []})
        assert (await join(line, CODEC, ME, "")).silence == 1.5
        assert line.silences == [10, 1.5]

    run(test())


@pytest.mark.parametrize(("told", "window"), [(12.5, 12.5), (0, 0), (None, 0)])
def test_a_place_is_kept_for_as_long_as_the_welcome_says(told: float | None, window: float) -> None:
    async def test() -> None:
        line = ScriptedLine()
        line.joins(window=told)
        assert (await join(line, CODEC, ME, "")).window == window

    run(test())


def test_a_refusal_is_raised() -> None:
    async def test() -> None:
        line = ScriptedLine()
        line.refuses("peer_id_taken", temporary=True)
        with pytest.raises(SignalError, match="peer_id_taken"):
            await join(line, CODEC, ME, "")

    run(test())


def test_what_is_said_between_register_and_list_by_a_newer_server_is_ignored() -> None:
    async def test() -> None:
        line = ScriptedLine()
        line.welcome()
        line.say("weather", {"rain": True})
        line.say("peer_list", {"peers": []})
        assert (await join(line, CODEC, ME, "")).peers.peers == ()

    run(test())


def test_a_server_that_does_not_say_welcome_is_none_of_this_profile() -> None:
    async def test() -> None:
        line = ScriptedLine()
        line.say("peer_list", {"peers": []})
        with pytest.raises(Malformed, match="expected a welcome, got 'peer_list'"):
            await join(line, CODEC, ME, "")

    run(test())


def test_a_connection_that_ends_meanwhile_is_told() -> None:
    async def test() -> None:
        line = ScriptedLine()
        line.welcome()
        line.breaks(4408)
        with pytest.raises(Broken):
            await join(line, CODEC, ME, "")

    run(test())
