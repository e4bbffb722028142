"""Faults inside the server: each ends what it is in, and no more. Whoever is concerned is told, and the log says it once."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.hostile.faults import FAULTS
from tests.hostile.pair import Pair
from tests.integration.client import Client
from tests.integration.line import PATIENCE
from tests.integration.server import Server

MODULE = "tests.hostile.faulty_server"


@pytest.fixture(scope="module")
def faulty() -> Iterator[Callable[[str], tuple[Server, Pair]]]:
    """Servers with faults, by the test that they are for: of one kind a log takes 20 lines a second, and each fault is to be one."""
    found: dict[str, tuple[Server, Pair]] = {}
    with ExitStack() as ends:

        def find(test: str) -> tuple[Server, Pair]:
            if test not in found:
                server = Server(module=MODULE)
                ends.callback(server.kill)
                ends.callback(server.check)
                ends.callback(server.stop)
                found[test] = server, ends.enter_context(Pair(server))
            return found[test]

        yield find


@pytest.fixture
def server(request: pytest.FixtureRequest, faulty: Callable[[str], tuple[Server, Pair]]) -> Iterator[Server]:
    """A server with faults, whose other clients notice nothing of them."""
    server, pair = faulty(request.node.originalname)
    yield server
    pair.assert_goes_on(1)
    server.hang_up()
    assert server.process.poll() is None, server.log()


def meet(server: Server, group: str) -> tuple[Client, Client, Client]:
    """Three peers of one group, who have heard of each other."""
    clients = tuple(server.connect(Client) for _ in range(3))
    for client, name in zip(clients, ("first", "second", "third"), strict=True):
        client.register(name, group)
    first, second, third = clients
    for hearer in (first, first, second):
        hearer.hear("peer_joined")
    return first, second, third


def assert_logged(server: Server, *said: str) -> None:
    """Wait until the log has told of these faults, each in one line, and of no others."""
    lines: list[str] = []
    deadline = time.monotonic() + PATIENCE
    while len(lines) < len(said):
        lines += server.faults()
        assert time.monotonic() < deadline, lines
    assert len(lines) == len(said), lines
    for line, words in zip(lines, said, strict=True):
        assert words in json.loads(line)["message"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_peer_whose_actor_fails_is_closed_with_1011_and_has_left(server: Server, group: str, fault: str) -> None:
    first, second, third = meet(server, group)
    first.say("message", "second", id=f"peer: {fault}")
    assert first.closed().code == 1011
    for other in (second, third):
        left = other.hear("peer_left")
        assert (left.peer, left.payload["reason"]) == ("first", "lost")
    second.say("message", "third", 1)
    assert third.hear("message").payload == 1
    assert_logged(server, "PeerActor")
    assert len(server.connect(Client).register("first", group)) == 2


@pytest.mark.parametrize("fault", FAULTS)
def test_a_message_that_brings_its_receiver_down_is_answered(server: Server, group: str, fault: str) -> None:
    first, second, third = meet(server, group)
    first.say("message", "second", id=f"target: {fault}")
    assert second.closed().code == 1011
    heard = {message.type: message.payload for message in (first.next(), first.next())}
    assert heard["peer_left"]["reason"] == "lost"
    assert (heard["error"]["code"], heard["error"]["ref"]["id"]) == ("internal", f"target: {fault}")
    assert third.hear("peer_left").peer == "second"
    first.say("message", "third", 1)
    assert third.hear("message").payload == 1
    first.assert_silence()
    assert_logged(server, "PeerActor")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_group_whose_actor_fails_goes_on_with_the_same_peers(server: Server, group: str, fault: str) -> None:
    clients = first, second, third = meet(server, group)
    first.say("message", "second", id=f"group: {fault}")
    told = [first.refused("internal") for _ in range(2)]
    assert [error.payload["ref"] for error in told if error.payload["ref"]] == [
        {"id": f"group: {fault}", "type": "message", "target_id": "second"}
    ]
    for other in (second, third):
        assert other.refused("internal").payload["ref"] == {}
    for speaker, hearer in ((first, second), (second, third), (third, first)):
        speaker.say("offer", hearer.peer_id, speaker.peer_id)
        assert hearer.hear("offer").payload == speaker.peer_id
    for client in clients:
        client.assert_silence()
    assert [peer["id"] for peer in server.connect(Client).register("late", group)] == ["first", "second", "third"]
    assert_logged(server, "GroupActor")


def test_a_group_that_fails_again_and_again_is_closed_with_1011_and_another_can_be_made(server: Server, group: str) -> None:
    clients = first, _, _ = meet(server, group)
    for _ in range(3):
        first.say("message", "second", id="group: an exception")
    for client, errors in zip(clients, (5, 2, 2), strict=True):
        for _ in range(errors):
            client.refused("internal")
        assert client.closed().code == 1011
    assert_logged(server, *3 * ["GroupActor"], "is given up")
    assert server.connect(Client).register("first", group) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_connection_whose_own_code_fails_is_closed_with_1011(server: Server, group: str, fault: str) -> None:
    first, second, third = meet(server, group)
    first.send(f"connection: {fault}".encode())
    assert first.closed().code == 1011
    for other in (second, third):
        assert other.hear("peer_left").payload["reason"] == "lost"
        other.assert_silence()
    assert_logged(server, "connection failed")


@pytest.mark.parametrize("fault", ["an exception", "a kill", "an exit"])
def test_without_its_directory_the_server_closes_everybody_in_order_and_ends_with_70(serve: Callable[..., Server], fault: str) -> None:
    server = serve(module=MODULE)
    clients = meet(server, "a group")
    server.connect(Client).ask("fatal", f"directory: {fault}")
    for client in clients:
        assert client.closed().code == 1012
    server.hang_up()
    assert server.exit_code(within=3) == 70
    assert "the directory failed" in "".join(server.faults())
