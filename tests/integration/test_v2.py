"""Profile v2 over real sockets, in both formats and beside v1."""

import re
import time
from collections.abc import Callable

import pytest

from tests.integration.client import Client, PackedClient, PackedV2Client, V2Client
from tests.integration.line import BINARY, TEXT, frame
from tests.integration.server import CLOSE_TIMEOUT, Server
from tests.integration.strict import Message

EVERY = [Client, PackedClient, V2Client, PackedV2Client]
both = pytest.mark.parametrize("kind", [V2Client, PackedV2Client])


@both
def test_a_client_is_welcomed_and_knows_its_own_place(server: Server, group: str, kind: type[V2Client]) -> None:
    client = server.connect(kind)
    assert client.handshake.headers["Sec-WebSocket-Protocol"] == client.subprotocols[0]
    assert re.fullmatch(r"[0-9a-f]{16}", client.welcome["connection_id"])
    assert client.welcome["heartbeat"] == {"interval_ms": 25_000, "expire_ms": 60_000}
    assert client.welcome["limits"]["resume_window"] == 30
    assert client.welcome["limits"]["message_bytes"] == 65_536
    client.ask("a", group)
    own = client.hear("peer_list").payload["self"]
    assert (own["id"], own["group_id"]) == ("a", group)
    assert re.fullmatch(r"[0-9a-f]{32}", own["session"])


@both
def test_what_has_an_id_is_acknowledged(server: Server, group: str, kind: type[V2Client]) -> None:
    ann, bob = server.connect(kind), server.connect(Client)
    bob.register("bob", group)
    ann.register("ann", group)
    assert bob.hear("peer_joined").peer == "ann"
    for number, (type_, target) in enumerate([("offer", "bob"), ("message", None), ("heartbeat", None), ("leave", None)]):
        ann.say(type_, target, id=str(number))
        assert ann.hear("ack").payload == {"id": str(number), "status": "delivered"}
    ann.say("leave", id="4")
    assert ann.refused("not_registered").payload["ref"] == {"id": "4", "type": "leave"}


@pytest.mark.parametrize("speaks", EVERY)
@pytest.mark.parametrize("hears", EVERY)
def test_peers_of_every_profile_and_format_understand_each_other(
    server: Server, group: str, speaks: type[Client], hears: type[Client]
) -> None:
    speaker, hearer = server.connect(speaks), server.connect(hears)
    hearer.register("hearer", group, metadata={"n": 1.5})
    (peer,) = speaker.register("speaker", group)
    assert peer["metadata"] == {"n": 1.5}
    assert hearer.hear("peer_joined").peer == "speaker"
    for type_, target in (("offer", "hearer"), ("message", None)):
        speaker.say(type_, target, {"sdp": "v=0"})
        message = hearer.hear(type_)
        assert (message.source_id, message.target_id, message.payload) == ("speaker", target or "", {"sdp": "v=0"})
    speaker.leave_politely()
    assert hearer.hear("peer_left").payload["reason"] == "left"


@pytest.mark.parametrize(("kind", "opcode"), [(V2Client, BINARY), (PackedV2Client, TEXT)])
def test_a_frame_of_the_wrong_type_closes_the_connection(server: Server, kind: type[V2Client], opcode: int) -> None:
    client = server.connect(kind)
    client.line.send(frame(opcode, b"{}"))
    closed = client.closed()
    assert (closed.code, "frames alone" in closed.reason) == (1003, True)


def test_a_v2_client_that_was_replaced_is_closed_for_good(share: object, group: str) -> None:
    assert callable(share)
    server: Server = share({"group.on_duplicate": "newest"})
    owner, newcomer = server.connect(V2Client), server.connect(V2Client)
    owner.register("x", group)
    assert newcomer.register("x", group) == []
    owner.refused("replaced")
    assert owner.closed().code == 4409


def test_a_server_that_goes_down_gives_each_v2_client_its_slot(serve: Callable[..., Server], group: str) -> None:
    server = serve({"drain.reconnect_spread": 2.0, "limits.close_timeout": CLOSE_TIMEOUT})
    first, second, third, stranger = clients = [server.connect(kind) for kind in (V2Client, PackedV2Client, V2Client, PackedV2Client)]
    for number, client in enumerate(clients[:3]):
        client.register(str(number), group)
    old = server.connect(Client)
    begun = time.monotonic()
    server.signal()
    assert old.closed().code == 1012
    slots = [until(client, "goaway").payload for client in clients]
    assert slots == [{"reason": "draining", "deadline_ms": after + 1000, "reconnect_after_ms": after} for after in (0, 1, 2, 4)]
    second.say("message", "2", "still here", id="7")
    assert second.hear("ack").payload["id"] == "7"
    assert third.hear("message").payload == "still here"
    stranger.ask("3", group)
    stranger.refused("draining")
    stranger.leave_politely()
    for client, slot in ((first, slots[0]), (second, slots[1]), (third, slots[2])):
        assert client.closed().code == 1012
        assert time.monotonic() - begun >= slot["deadline_ms"] / 1000 - 0.05  # the server's clock began a little later
    assert server.exit_code() == 0


def until(client: Client, type_: str) -> Message:
    """The next message of this type, whatever comes before it."""
    while (message := client.next()).type != type_:
        pass
    return message
