"""Who speaks in another's name, before it has one, or into other groups."""

from collections.abc import Callable

import pytest

from tests.integration.client import Client, PackedClient
from tests.integration.server import Server

TOLERANT = {"limits.errors": 1000, "limits.messages_burst": 1000, "limits.registers_burst": 1000}
TYPES = ("offer", "answer", "candidate", "message")

both_encodings = pytest.mark.parametrize("kind", [Client, PackedClient])


@pytest.fixture
def server(besiege: Callable[..., Server]) -> Server:
    return besiege(TOLERANT)


@both_encodings
def test_what_is_said_in_anothers_name_reaches_nobody(server: Server, group: str, kind: type[Client]) -> None:
    witness, attacker = server.connect(Client), server.connect(kind)
    witness.register("witness", group)
    attacker.register("attacker", group)
    witness.hear("peer_joined")
    for name in ("witness", "Attacker", "attacker ", "nobody", "server"):
        for type_ in (*TYPES, "heartbeat", "leave"):
            attacker.say(type_, "witness", 1, source_id=name)
            attacker.refused("source_mismatch")
    attacker.assert_silence()
    witness.assert_silence()


@both_encodings
def test_who_has_not_registered_is_told_so_and_heard_by_nobody(server: Server, group: str, kind: type[Client]) -> None:
    witness, attacker = server.connect(Client), server.connect(kind)
    witness.register("witness", group)
    for type_ in (*TYPES, "heartbeat", "leave"):
        for name in (None, "witness", "attacker"):
            attacker.say(type_, "witness", 1, source_id=name)
            assert attacker.refused("not_registered").payload["ref"]["type"] == type_
    witness.assert_silence()
    assert [peer["id"] for peer in attacker.register("attacker", group)] == ["witness"]
    attacker.assert_silence()


@both_encodings
@pytest.mark.parametrize("type_", TYPES)
def test_a_peer_of_another_group_is_told_from_one_that_does_not_exist_by_nothing(
    server: Server, group: str, kind: type[Client], type_: str
) -> None:
    hidden, attacker = server.connect(Client), server.connect(kind)
    hidden.register("hidden", f"{group} of others")
    attacker.register("attacker", group)
    answers = []
    for name in ("hidden", "nobody"):
        attacker.say(type_, name, {"sdp": "v=0"}, id="1")
        raw = attacker.refused("unknown_peer").raw
        raw = raw.encode() if isinstance(raw, str) else raw
        assert name.encode() in raw
        answers.append(raw.replace(name.encode(), b"------"))
    assert answers[0] == answers[1]
    attacker.say("message", payload="to the whole group")
    attacker.assert_silence()
    hidden.assert_silence()


@both_encodings
def test_the_same_id_in_another_group_is_another_peer(server: Server, group: str, kind: type[Client]) -> None:
    victim, friend, attacker = server.connect(Client), server.connect(Client), server.connect(kind)
    victim.register("victim", group)
    friend.register("friend", group)
    victim.hear("peer_joined")
    attacker.register("victim", f"{group} of others")
    friend.say("offer", "victim", 1)
    assert victim.hear("offer").payload == 1
    attacker.say("message", "friend", 1)
    attacker.refused("unknown_peer")
    attacker.assert_silence()
    friend.assert_silence()


def test_names_that_look_alike_are_two_names(server: Server, group: str) -> None:
    names = ("café", "cafe\u0301", "\uff23\uff21\uff26\uff25", "cafe", "Cafe", "cafe\u200b", "cafe ", "\u0441\u0430f\u0435")
    clients = [server.connect(Client) for _ in names]
    for number, (client, name) in enumerate(zip(clients, names, strict=True)):
        assert len(client.register(name, group)) == number
    for number, client in enumerate(clients):
        for _ in names[number + 1 :]:
            client.hear("peer_joined")
    clients[0].say("message", "cafe", "for one")
    assert clients[3].hear("message").payload == "for one"
    for client in clients:
        client.assert_silence()


def test_who_has_left_a_group_hears_and_says_nothing_there(server: Server, group: str) -> None:
    witness, attacker = server.connect(Client), server.connect(Client)
    witness.register("witness", group)
    attacker.register("attacker", group)
    witness.hear("peer_joined")
    # At once: what follows the leave waits until the group is done with this peer.
    for type_ in ("leave", "message", "message"):
        attacker.say(type_, None if type_ == "leave" else "witness")
    assert witness.hear("peer_left").payload["reason"] == "left"
    attacker.refused("not_registered")
    attacker.refused("not_registered")
    witness.assert_silence()
    attacker.register("attacker", f"{group} of others")
    witness.say("message", "attacker")
    witness.refused("unknown_peer")
    attacker.assert_silence()
