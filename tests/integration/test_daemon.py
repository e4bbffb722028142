"""What the PSync daemon of the field needs (`docs/protocol.md`), with clients that behave as it does. Every frame is read strictly."""

import itertools
import re
import time
from collections.abc import Callable
from datetime import datetime

import pytest

from tests.integration.client import Client
from tests.integration.daemon import Daemon
from tests.integration.line import PATIENCE
from tests.integration.server import Server

PEER = re.compile(r'\{"id":"early","group_id":"[^"]+","last_seen":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"\}')


def test_the_first_frame_after_register_is_the_list_though_others_talk(server: Server, group: str) -> None:
    talker, late = server.connect(Client), server.connect(Daemon)
    talker.register("talker", group)
    late.ask("late", group)
    for number in range(50):
        talker.say("message", payload=number)
    assert [peer["id"] for peer in late.joined()] == ["talker"]
    talker.hear("peer_joined")


def test_a_peer_in_the_list_has_id_group_and_time_in_this_order_and_the_time_in_utc(server: Server, group: str) -> None:
    early, late = server.connect(Daemon), server.connect(Daemon)
    early.register("early", group)
    late.ask("late", group)
    raw = late.hear("peer_list").raw
    assert isinstance(raw, str)
    (peer,) = PEER.findall(raw)
    seen = datetime.fromisoformat(peer.rpartition('":"')[2].rstrip('"}'))
    assert abs(seen.timestamp() - time.time()) < PATIENCE


def test_an_empty_list_is_an_array_and_not_null(server: Server, group: str) -> None:
    daemon = server.connect(Daemon)
    daemon.ask("alone", group)
    raw = daemon.hear("peer_list").raw
    assert isinstance(raw, str)
    assert '"peers":[]' in raw


@pytest.mark.parametrize("end", ["\n", "\r\n", " \n\n"])
def test_frames_may_end_in_a_newline(server: Server, group: str, end: str) -> None:
    daemon = server.connect(Client)
    daemon.peer_id = "daemon"
    register = {"type": "register", "payload": {"peer_id": "daemon", "group_id": group}}
    daemon.send(daemon.encode(register) + end.encode())
    assert daemon.joined() == []
    daemon.send(daemon.encode({"type": "message", "target_id": "daemon", "payload": {"n": 1}}) + end.encode())
    assert daemon.hear("message").payload == {"n": 1}


@pytest.mark.parametrize("path", ["/ws", "/ws?peer=x", "/ws?", "/ws?peer=a%20b&group=%2F&peer=c"])
def test_the_handshake_needs_no_origin_and_no_subprotocol_and_may_carry_a_query(server: Server, group: str, path: str) -> None:
    daemon = server.connect(Daemon, path)
    assert "Sec-WebSocket-Protocol" not in daemon.handshake.headers
    assert "Sec-WebSocket-Extensions" not in daemon.handshake.headers
    assert daemon.register("x", group) == []


def test_a_heartbeat_may_carry_more_than_a_timestamp_and_gets_no_answer(server: Server, group: str) -> None:
    daemon = server.connect(Daemon)
    daemon.register("daemon", group)
    for _ in range(3):
        daemon.heartbeat()
    daemon.assert_silence()


def test_a_heartbeat_refreshes_when_a_peer_was_seen(server: Server, group: str) -> None:
    daemon, early = server.connect(Daemon), server.connect(Client)
    daemon.register("daemon", group)
    (before,) = early.register("early", group)
    while datetime.fromisoformat(before["last_seen"]).timestamp() + 0.002 > time.time():
        early.ping()
        early.ponged()
    daemon.heartbeat()
    # The server shakes hands with this one after it has read the heartbeat.
    after, _ = server.connect(Client).register("late", group)
    assert after["id"] == "daemon"
    assert after["last_seen"] > before["last_seen"]


@pytest.mark.parametrize(
    "payload",
    [
        {"candidate": "candidate:1 1 udp 2122260223 192.0.2.7 50088 typ host"},
        {"candidate": "candidate:1 1 udp 1 192.0.2.7 50088 typ host", "sdp_mid": None},
        {"candidate": "", "sdp_mid": "0", "sdp_mline_index": 0},
    ],
)
def test_a_candidate_without_mid_or_line_index_is_relayed_verbatim(server: Server, group: str, payload: dict[str, object]) -> None:
    first, second = server.connect(Daemon), server.connect(Daemon)
    first.register("first", group)
    second.register("second", group)
    first.link()
    second.say("candidate", "first", payload)
    assert first.hear("candidate").payload == payload


@pytest.mark.parametrize(
    "text",
    [
        '{"a" : 1.10,  "b":1e400,"a":"\\u00e9\\/é"}',
        '[1, 2 ,{"TYPE":"x","Type":null}]',
        '"v=0\\r\\no=- 1 2 IN IP4 127.0.0.1\\r\\n"',
        "18446744073709551617",
        '{"lone":"\\ud800"}',
    ],
)
def test_the_text_of_a_payload_arrives_byte_for_byte(server: Server, group: str, text: str) -> None:
    first, second = server.connect(Client), server.connect(Client)
    first.register("first", group)
    second.register("second", group)
    first.hear("peer_joined")
    second.send(f'{{"type":"offer","target_id":"first","payload":{text}}}'.encode())
    raw = first.hear("offer").raw
    assert isinstance(raw, str)
    assert f'"payload":{text}' in raw


def test_of_two_peers_exactly_one_lists_the_other(server: Server, group: str) -> None:
    names = [f"daemon-{number}" for number in range(12)]
    daemons = [server.connect(Daemon) for _ in names]
    for daemon, name in zip(daemons, names, strict=True):
        daemon.ask(name, group)
    for daemon in daemons:
        daemon.joined()
    offers = {(daemon.peer_id, other) for daemon in daemons for other in daemon.offers}
    for pair in itertools.combinations(names, 2):
        assert len(offers & {pair, pair[::-1]}) == 1, pair


def test_daemons_that_offer_to_everyone_in_their_lists_all_get_linked_once(server: Server, group: str) -> None:
    names = [f"daemon-{number}" for number in range(6)]
    daemons = [server.connect(Daemon) for _ in names]
    for daemon, name in zip(daemons, names, strict=True):
        daemon.register(name, group)
    for daemon in daemons:
        for _ in range(len(names) - 1 - len(daemon.offers)):
            daemon.link()
    for daemon in daemons:
        for _ in daemon.offers:
            daemon.link()
        assert sorted([*daemon.links, daemon.peer_id]) == names
        daemon.assert_silence()


def test_candidates_that_come_before_the_answer_are_held_until_it(server: Server, group: str) -> None:
    answerer, offerer = server.connect(Daemon), server.connect(Daemon)
    answerer.register("answerer", group)
    offerer.register("offerer", group)
    for number in range(3):
        offerer.say("candidate", "answerer", {"candidate": f"candidate:{number}"})
    answerer.hear("peer_joined")
    offer = answerer.hear("offer")
    answerer.assert_silence()
    answerer.say("answer", offer.source_id, {"sdp": "v=0\r\n", "type": "answer"})
    assert [answerer.hear("candidate").payload["candidate"] for _ in range(3)] == [f"candidate:{number}" for number in range(3)]
    offerer.hear("answer")


def test_candidates_of_an_offer_that_is_never_answered_come_after_a_second(server: Server, group: str) -> None:
    answerer, offerer = server.connect(Daemon), server.connect(Daemon)
    answerer.register("answerer", group)
    offerer.register("offerer", group)
    sent = time.monotonic()
    offerer.say("candidate", "answerer", {"candidate": "candidate:1"})
    answerer.hear("peer_joined")
    answerer.hear("offer")
    assert answerer.hear("candidate").payload == {"candidate": "candidate:1"}
    assert 0.9 < time.monotonic() - sent < 2


FAULTS = {
    "nothing": ("", "bad_message"),
    "a newline": ("\n", "bad_message"),
    "no JSON": ("hello", "bad_message"),
    "half an object": ('{"type":"offer"', "bad_message"),
    "two objects": ("{}{}", "bad_message"),
    "an array": ("[]", "bad_message"),
    "null": ("null", "bad_message"),
    "a number": ("1", "bad_message"),
    "a string": ('"offer"', "bad_message"),
    "an empty object": ("{}", "bad_message"),
    "a type that is no string": ('{"type":1}', "bad_message"),
    "a type in capitals": ('{"TYPE":"heartbeat"}', "bad_message"),
    "an unknown type": ('{"type":"dance"}', "unknown_type"),
    "a type of the server": ('{"type":"peer_list","payload":{"peers":null}}', "unknown_type"),
    "not a number": ('{"type":"message","payload":NaN}', "bad_message"),
    "infinity": ('{"type":"message","payload":[-Infinity]}', "bad_message"),
    "a trailing comma": ('{"type":"message","payload":[1,]}', "bad_message"),
    "too deep": ('{"type":"message","payload":' + "[" * 65 + "]" * 65 + "}", "bad_message"),
    "far too deep": ('{"type":"message","payload":' + "[" * 20_000 + "]" * 20_000 + "}", "bad_message"),
    "nobody to offer to": ('{"type":"offer","payload":{}}', "bad_message"),
    "an id of another kind": ('{"type":"offer","target_id":7}', "bad_message"),
    "an id that is too long": ('{"type":"offer","target_id":"' + "x" * 129 + '"}', "bad_message"),
    "a control character in an id": ('{"type":"offer","target_id":"a\\u0000b"}', "bad_message"),
    "somebody who is not there": ('{"type":"offer","target_id":"nobody"}', "unknown_peer"),
    "somebody else's name": ('{"type":"message","source_id":"listener"}', "source_mismatch"),
    "a register without a group": ('{"type":"register","payload":{"peer_id":"a"}}', "bad_register"),
    "a register of nothing": ('{"type":"register"}', "bad_register"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_an_error_can_answer_closes_nothing_and_reaches_nobody(server: Server, group: str, fault: str) -> None:
    text, code = FAULTS[fault]
    listener, faulty = server.connect(Daemon), server.connect(Client)
    listener.register("listener", group)
    faulty.register("faulty", group)
    listener.hear("peer_joined")
    faulty.send(text.encode())
    assert faulty.refused(code).payload["message"]
    faulty.assert_silence()
    listener.assert_silence()


def test_keys_that_the_protocol_does_not_have_do_not_reach_a_daemon(server: Server, group: str) -> None:
    daemon, odd = server.connect(Daemon), server.connect(Client)
    daemon.register("daemon", group)
    odd.register("odd", group)
    daemon.hear("peer_joined")
    odd.send(
        b'{"type":"offer","target_id":"daemon","TYPE":null,"Source_Id":[],"x":1,"source_id":"odd","payload":1,"payload":2,"Payload":3}'
    )
    offer = daemon.hear("offer")
    assert (offer.source_id, offer.target_id, offer.payload) == ("odd", "daemon", 2)


@pytest.mark.parametrize("way", ["reset", "finish"])
def test_a_peer_that_leaves_without_a_close_frame_is_lost_at_once(server: Server, group: str, way: str) -> None:
    stays, goes = server.connect(Daemon), server.connect(Daemon)
    stays.register("stays", group)
    goes.register("goes", group)
    stays.link()
    goes.link()
    began = time.monotonic()
    getattr(goes.line, way)()
    left = stays.hear("peer_left")
    assert time.monotonic() - began < 1
    assert (left.peer, left.payload["reason"]) == ("goes", "lost")


def test_a_daemon_that_only_answers_pings_stays_for_as_long_as_it_likes(serve: Callable[..., Server], group: str) -> None:
    server = serve({"heartbeat.ping_interval": 0.1, "heartbeat.expire_after": 0.25, "heartbeat.close_after": 0.5})
    daemon = server.connect(Daemon)
    daemon.register("daemon", group)
    daemon.answer_pings(10)
    daemon.heartbeat()
    daemon.assert_silence()
    assert [peer["id"] for peer in server.connect(Daemon).register("late", group)] == ["daemon"]
