import json

import pytest

from psync_signal.envelope import Codec, Format, Malformed
from psync_signal.events import Event, Failed, GoingAway, Message, Peer, PeerJoined, PeerLeft, Peers, event_of
from tests.psync_signal.doubles import peer

CODEC = Codec(Format.JSON)


def heard(type_: str, payload: object, **more: object) -> Event | None:
    return event_of(CODEC.read(json.dumps({"type": type_, "payload": payload, **more})), CODEC)


def test_a_list_names_the_peers_in_order_and_what_belongs_to_this_client() -> None:
    servers = [{"urls": ["turn:192.0.2.1"], "username": "u", "credential": "c"}]
    said = {"peers": [peer("bob", metadata={"name": "Bob"}), peer("eve")], "self": {"session": "s", "sequence": 9}, "resumed": True}
    event = heard("peer_list", said | {"ice_servers": servers})
    assert isinstance(event, Peers)
    assert [(each.id, each.group_id, each.metadata) for each in event.peers] == [("bob", "room", {"name": "Bob"}), ("eve", "room", None)]
    assert (event.resumed, event.session, event.ice_servers) == (True, "s", tuple(servers))


def test_the_session_is_a_secret_that_no_log_of_an_event_shows() -> None:
    assert "hush" not in repr(Peers((), session="hush"))


def test_who_comes_and_goes() -> None:
    bob = Peer("bob", "room", "2026-01-31T09:30:00.250Z")
    assert heard("peer_joined", {"peer": peer("bob")}) == PeerJoined(bob)
    assert heard("peer_left", {"peer": peer("bob"), "reason": "away"}) == PeerLeft(bob, "away")


@pytest.mark.parametrize("type_", ["offer", "answer", "candidate", "message"])
def test_what_a_peer_sends(type_: str) -> None:
    event = heard(type_, {"sdp": "v=0"}, source_id="bob", target_id="me", id="7")
    assert isinstance(event, Message)
    assert (event.type, event.source_id, event.target_id, event.id, event.payload) == (type_, "bob", "me", "7", {"sdp": "v=0"})


def test_an_error_has_seconds_and_what_it_is_about() -> None:
    ref = {"id": "3", "type": "offer", "target_id": "bob"}
    event = heard("error", {"code": "rate_limited", "message": "slowly", "temporary": True, "retry_after_ms": 1500, "ref": ref})
    assert isinstance(event, Failed)
    error = event.error
    assert (error.code, error.message, error.temporary, error.retry_after, error.ref) == ("rate_limited", "slowly", True, 1.5, ref)


def test_a_goaway_has_seconds() -> None:
    said = {"reason": "draining", "deadline_ms": 5000, "reconnect_after_ms": 250}
    assert heard("goaway", said) == GoingAway("draining", 5.0, 0.25)


def test_a_type_that_nobody_knows_is_nothing() -> None:
    assert heard("weather", {"rain": True}) is None


@pytest.mark.parametrize(("type_", "payload"), [("peer_list", {}), ("peer_joined", {"peer": 1}), ("peer_left", []), ("error", {})])
def test_a_message_that_is_not_as_its_type_is_malformed(type_: str, payload: object) -> None:
    with pytest.raises(Malformed):
        heard(type_, payload)


def test_a_message_of_the_server_without_its_payload_is_malformed() -> None:
    with pytest.raises(Malformed, match="peer_list without a payload"):
        event_of(CODEC.read('{"type":"peer_list"}'), CODEC)
