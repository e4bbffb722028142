"""Groups on real sockets: who hears whom, in which order, and what a sender is told when nobody does."""

from collections.abc import Callable

import pytest

from tests.integration.client import Client
from tests.integration.server import Server

BURST = 200


def pair(server: Server, group: str) -> tuple[Client, Client]:
    """Two clients in a group; neither has anything left to hear."""
    first, second = server.connect(Client), server.connect(Client)
    first.register("first", group)
    second.register("second", group)
    first.hear("peer_joined")
    return first, second


def test_nothing_crosses_from_one_group_to_another(server: Server, group: str) -> None:
    first, second = pair(server, group)
    stranger = server.connect(Client)
    assert stranger.register("first", f"{group} too") == []
    stranger.say("message", payload="to all")
    stranger.say("offer", "second", {})
    stranger.refused("unknown_peer")
    stranger.leave_politely()
    first.assert_silence()
    second.assert_silence()


@pytest.mark.parametrize("target", [None, "first"])
def test_a_burst_arrives_whole_and_in_order(server: Server, group: str, target: str | None) -> None:
    first, second = pair(server, group)
    for number in range(BURST):
        second.say("message", target, number)
    assert [first.hear("message").payload for _ in range(BURST)] == list(range(BURST))


def test_a_message_without_a_target_reaches_everyone_else(server: Server, group: str) -> None:
    first, second = pair(server, group)
    third = server.connect(Client)
    third.register("third", group)
    for client in (first, second):
        client.hear("peer_joined")
    first.say("message", payload={"to": "all"})
    for client in (second, third):
        message = client.hear("message")
        assert (message.source_id, message.target_id, message.payload) == ("first", "", {"to": "all"})
    first.assert_silence()


def test_who_leaves_keeps_the_connection_and_may_join_another_group(server: Server, group: str) -> None:
    first, second = pair(server, group)
    second.say("leave")
    left = first.hear("peer_left")
    assert (left.peer, left.payload["reason"]) == ("second", "left")
    second.say("message", "first", 1)
    second.refused("not_registered")
    assert second.register("second", f"{group} too") == []
    first.assert_silence()


def test_registering_elsewhere_leaves_the_first_group(server: Server, group: str) -> None:
    first, second = pair(server, group)
    assert second.register("second", f"{group} too") == []
    assert first.hear("peer_left").payload["reason"] == "left"
    first.say("offer", "second", {})
    first.refused("unknown_peer")


def test_registering_the_same_again_gets_the_list_again_and_tells_nobody(server: Server, group: str) -> None:
    first, second = pair(server, group)
    assert [peer["id"] for peer in second.register("second", group)] == ["first"]
    first.assert_silence()


def test_an_error_names_the_message_that_it_is_about(server: Server, group: str) -> None:
    first, _ = pair(server, group)
    first.say("candidate", "nobody", {}, id="c-1")
    error = first.refused("unknown_peer").payload
    assert error["ref"] == {"id": "c-1", "type": "candidate", "target_id": "nobody"}
    assert error["temporary"]


def test_whoever_has_not_registered_is_told_to(server: Server) -> None:
    client = server.connect(Client)
    for type_ in ("offer", "message", "heartbeat", "leave"):
        client.say(type_, "somebody")
        assert "register" in client.refused("not_registered").payload["message"]


def test_registers_of_one_connection_are_rate_limited(server: Server, group: str) -> None:
    client = server.connect(Client)
    for number in range(5):
        assert client.register("guesser", f"{group} {number}") == []
    client.ask("guesser", f"{group} 5")
    assert 0 < client.refused("rate_limited").payload["retry_after_ms"] <= 1000


def test_a_full_group_refuses_the_next_and_keeps_its_connection(serve: Callable[..., Server], group: str) -> None:
    server = serve({"limits.peers_per_group": 2})
    first, second, third = (server.connect(Client) for _ in range(3))
    first.register("first", group)
    second.register("second", group)
    third.ask("third", group)
    assert third.refused("group_full").payload["temporary"]
    first.hear("peer_joined")
    first.leave_politely()
    second.hear("peer_left")
    assert [peer["id"] for peer in third.register("third", group)] == ["second"]
