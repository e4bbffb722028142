"""A connection of v2 that is cut, over real sockets: its place, and what comes for it, wait for the next one."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.client import Client, PackedClient, PackedV2Client, V2Client
from tests.integration.line import PATIENCE, Closed
from tests.integration.server import CLOSE_TIMEOUT, Server

both = pytest.mark.parametrize("kind", [V2Client, PackedV2Client])


def join(server: Server, kind: type[V2Client], group: str) -> tuple[V2Client, Client, dict[str, Any]]:
    """A client of v2, a witness of v1 that came before it, and what the first was told of its own place."""
    witness, client = server.connect(PackedClient), server.connect(kind)
    witness.register("witness", group)
    client.ask("x", group)
    own: dict[str, Any] = client.hear("peer_list").payload["self"]
    assert witness.hear("peer_joined").peer == "x"
    return client, witness, own


def cut(server: Server, client: Client, resumable: int = 1) -> None:
    """Break a connection, and wait until the server knows."""
    client.close()
    deadline = time.monotonic() + PATIENCE
    while (there := server.count("resumable")) != resumable:
        assert time.monotonic() < deadline, f"{there} places are kept, expected {resumable}"


@both
def test_a_cut_connection_is_taken_up_again_with_what_came_meanwhile_in_order(
    serve: Callable[..., Server], group: str, kind: type[V2Client]
) -> None:
    server = serve()
    client, witness, own = join(server, kind, group)
    sender = server.connect(V2Client)
    sender.register("sender", group)
    assert client.hear("peer_joined").peer == witness.hear("peer_joined").peer == "sender"
    cut(server, client)
    for number in range(3):
        sender.say("message", "x", number, id=str(number))
        assert sender.hear("ack").payload == {"id": str(number), "status": "queued"}
    witness.say("offer", "x", {"sdp": "old"})
    witness.say("offer", "x", {"sdp": "new"})
    witness.say("candidate", "x", {"candidate": "c"})
    witness.assert_silence()
    late = server.connect(Client)
    assert [peer["id"] for peer in late.register("late", group)] == ["witness", "x", "sender"]
    back = server.connect(kind)
    back.ask("x", group, session=own["session"])
    answer = back.hear("peer_list").payload
    assert (answer["self"], answer["resumed"]) == (own, True)
    assert [peer["id"] for peer in answer["peers"]] == ["witness"]
    assert [back.hear("message").payload for _ in range(3)] == [0, 1, 2]
    assert back.hear("offer").payload == {"sdp": "new"}
    assert back.hear("candidate").payload == {"candidate": "c"}
    assert back.hear("peer_joined").peer == "late"
    assert witness.hear("peer_joined").peer == "late"
    back.say("message", "witness", "again")
    assert witness.hear("message").payload == "again"
    witness.assert_silence()
    assert server.count("resumes") == 1


def test_a_window_that_ends_is_told_to_the_group_and_to_who_had_sent(serve: Callable[..., Server], group: str) -> None:
    server = serve({"resume.window": 0.5})
    client, witness, own = join(server, V2Client, group)
    cut(server, client)
    witness.say("offer", "x", {}, id="7")
    assert witness.refused("undelivered").payload["ref"] == {"id": "7", "type": "offer", "target_id": "x"}
    assert witness.hear("peer_left").payload["reason"] == "lost"
    back = server.connect(V2Client)
    back.ask("x", group, session=own["session"])
    answer = back.hear("peer_list").payload
    assert "resumed" not in answer
    assert answer["self"]["session"] != own["session"]
    assert (server.count("resumable"), server.count("resume_expirations")) == (0, 1)


def test_a_client_that_says_goodbye_has_left(server: Server, group: str) -> None:
    client, witness, _ = join(server, V2Client, group)
    client.leave_politely()
    assert witness.hear("peer_left").payload["reason"] == "left"


def test_a_connection_that_is_still_open_gives_its_place_to_who_shows_the_session(server: Server, group: str) -> None:
    client, witness, own = join(server, V2Client, group)
    back = server.connect(PackedV2Client)
    back.ask("x", group, session=own["session"])
    assert back.hear("peer_list").payload["resumed"] is True
    client.refused("replaced")
    assert client.closed().code == 4409
    witness.say("offer", "x", "to the new one")
    assert back.hear("offer").payload == "to the new one"
    witness.assert_silence()


def test_a_place_is_taken_up_in_another_format_and_what_that_cannot_say_its_sender_hears_of(
    serve: Callable[..., Server], group: str
) -> None:
    server = serve()
    packed, witness, own = join(server, PackedV2Client, group)
    cut(server, packed)
    for number, payload in enumerate(({"n": 1.5}, b"\x00", None)):
        witness.say("message", "x", payload, id=str(number))
    witness.assert_silence()
    plain = server.connect(V2Client)
    plain.ask("x", group, session=own["session"])
    assert plain.hear("peer_list").payload["self"] == own
    assert [plain.hear("message").payload for _ in range(2)] == [{"n": 1.5}, None]
    assert witness.refused("unrepresentable").payload["ref"] == {"id": "1", "type": "message", "target_id": "x"}
    witness.assert_silence()


def story(client: Client, end: str) -> list[str]:
    """What a client hears, up to and with a close frame or the message `end`."""
    told: list[str] = []
    deadline = time.monotonic() + PATIENCE
    while not told or told[-1] not in {"4409", end}:
        assert time.monotonic() < deadline, told
        told += [
            str(heard.code) if isinstance(heard, Closed) else str(heard.payload) if heard.type == "message" else heard.type
            for heard in client.heard()
        ]
    return told


def test_of_two_that_show_the_session_at_once_one_has_the_place_and_what_was_kept_comes_once(
    serve: Callable[..., Server], group: str
) -> None:
    server = serve()
    client, witness, own = join(server, V2Client, group)
    cut(server, client)
    witness.say("message", "x", "kept")
    witness.assert_silence()
    rivals = [server.connect(kind) for kind in (V2Client, PackedV2Client)]
    for rival in rivals:
        rival.ask("x", group, session=own["session"])
    deadline = time.monotonic() + PATIENCE
    while server.count("resumes") != 2:
        assert time.monotonic() < deadline
    witness.say("message", "x", "from now on")
    loser, winner = sorted((story(rival, "from now on") for rival in rivals), key=lambda told: told[-1])
    assert loser[-2:] == ["error", "4409"]
    assert (winner[0], winner[-1]) == ("peer_list", "from now on")
    assert (loser + winner).count("kept") == 1
    witness.assert_silence()


def test_a_server_that_is_full_has_the_place_of_who_was_there_still(serve: Callable[..., Server], group: str) -> None:
    server = serve({"limits.peers_per_tenant": 2, "limits.peers_per_group": 2})
    client, witness, own = join(server, V2Client, group)
    cut(server, client)
    for peer_id, session in (("x", "0" * 32), ("y", own["session"])):
        stranger = server.connect(V2Client)
        stranger.ask(peer_id, group, session=session)
        stranger.refused("tenant_full")
    back = server.connect(V2Client)
    back.ask("x", group, session=own["session"])
    assert back.hear("peer_list").payload["resumed"] is True
    witness.assert_silence()


def test_what_is_beyond_the_bounds_is_refused(serve: Callable[..., Server], group: str) -> None:
    server = serve({"resume.queue_messages": 2, "resume.queue_bytes": 1000})
    client, witness, own = join(server, V2Client, group)
    cut(server, client)
    witness.say("message", "x", "y" * 900)
    witness.say("message", "x", "y" * 200)
    witness.refused("slow_peer")
    witness.say("message", "x", "z")
    witness.say("message", "x", "z")
    witness.refused("slow_peer")
    assert server.count("resume_overflows") == 2
    back = server.connect(V2Client)
    back.ask("x", group, session=own["session"])
    back.hear("peer_list")
    assert [back.hear("message").payload for _ in range(2)] == ["y" * 900, "z"]


def test_a_server_goes_down_in_order_while_a_place_is_kept(serve: Callable[..., Server], group: str) -> None:
    server = serve({"limits.close_timeout": CLOSE_TIMEOUT})
    client, witness, _ = join(server, V2Client, group)
    cut(server, client)
    witness.say("message", "x", "for nobody")
    witness.assert_silence()
    server.signal()
    assert witness.closed().code == 1012
    assert server.exit_code() == 0
