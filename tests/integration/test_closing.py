"""The end of a connection, bytes by hand: which close code comes, and that TCP ends soon after it."""

import json
from collections.abc import Callable

import pytest

from tests.integration.certificate import Certificate
from tests.integration.client import Client
from tests.integration.line import BINARY, CLOSE, CONTINUATION, HANDSHAKE, PING, PONG, TEXT, Line, frame, parse_close
from tests.integration.server import CLOSE_TIMEOUT, Server

SOON = CLOSE_TIMEOUT + 0.5
"""TCP ends within `limits.close_timeout`; this leaves half a second for a busy machine."""

AT_ONCE = 0.5


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, code.to_bytes(2) + reason)


def register(peer_id: str, group: str) -> bytes:
    return frame(TEXT, json.dumps({"type": "register", "payload": {"peer_id": peer_id, "group_id": group}}).encode())


def connected(server: Server) -> Line:
    line = server.line()
    line.upgrade()
    return line


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1011, 3000, 4999])
def test_a_close_frame_is_answered_with_its_own_code(server: Server, code: int) -> None:
    line = connected(server)
    line.send(close(code, b"so long"))
    assert line.close_frame().code == code
    line.finish()
    line.ended_within(SOON)


def test_a_close_frame_without_a_code_is_answered_without_one(server: Server) -> None:
    line = connected(server)
    line.send(frame(CLOSE))
    assert line.close_frame().code == 1005
    line.finish()
    line.ended_within(SOON)


@pytest.mark.parametrize("secure", [False, True])
def test_the_server_ends_tcp_as_soon_as_both_have_sent_a_close_frame(
    serve: Callable[..., Server], certificate: Certificate, *, secure: bool
) -> None:
    settings = {"limits.close_timeout": 5, "limits.errors": 1}
    server = serve(settings, certificate=certificate) if secure else serve(settings)
    by_client, by_server = connected(server), connected(server)
    by_client.send(close(1000))
    assert by_client.close_frame().code == 1000
    by_client.ended_within(AT_ONCE)
    by_server.send(frame(TEXT, b"{") * 2)
    assert [by_server.frame()[0] for _ in range(2)] == [TEXT, TEXT]
    assert by_server.close_frame().code == 4400
    by_server.send(close(4400))
    by_server.ended_within(AT_ONCE)


VIOLATIONS = {
    "a frame that is not masked": (frame(TEXT, b"{}", masked=False), 1002),
    "a reserved bit": (b"\xc1" + frame(TEXT, b"{}")[1:], 1002),
    "an unknown opcode": (frame(0x3, b"x"), 1002),
    "an unknown control opcode": (frame(0xB), 1002),
    "a control frame in fragments": (frame(PING, b"x", final=False), 1002),
    "a control frame of 126 bytes": (frame(PING, b"x" * 126), 1002),
    "a continuation of nothing": (frame(CONTINUATION, b"x"), 1002),
    "a message within a message": (frame(TEXT, b"{", final=False) + frame(TEXT, b"}"), 1002),
    "a length in more bytes than it needs": (b"\x81\xfe\x00\x01\x00\x00\x00\x00x", 1002),
    "a close frame of one byte": (frame(CLOSE, b"\x03"), 1002),
    "a close code that nobody may send": (close(1005), 1002),
    "a close code out of range": (close(999), 1002),
    "a close reason that is not UTF-8": (close(1000, b"\xff"), 1007),
    "text that is not UTF-8": (frame(TEXT, b'{"type":"\xff"}'), 1007),
    "text that ends within a character": (frame(TEXT, b'"\xc3'), 1007),
    "a surrogate in UTF-8": (frame(TEXT, b'"\xed\xa0\x80"'), 1007),
    "a fragment that is not UTF-8": (frame(TEXT, b"\xff", final=False), 1007),
    "a message that is too big": (frame(TEXT, b"x" * 65_537), 1009),
    "a length that is too big, without the message": (frame(BINARY, declared=2**40), 1009),
    "fragments that are too big together": (frame(TEXT, b"x" * 40_000, final=False) + frame(CONTINUATION, b"x" * 40_000), 1009),
    "more fragments than allowed": (frame(TEXT, b"x", final=False) + 256 * frame(CONTINUATION, b"x", final=False), 1008),
}


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_a_client_that_breaks_the_protocol_of_frames_is_told_how_and_closed(server: Server, group: str, violation: str) -> None:
    data, code = VIOLATIONS[violation]
    line, other = server.line(), server.connect(Client)
    other.register("other", group)
    line.upgrade(behind=register("violator", group))
    other.hear("peer_joined")
    line.frame()
    line.send(data)
    closed = line.close_frame()
    assert closed.code == code
    assert closed.reason
    left = other.hear("peer_left")
    assert (left.peer, left.payload["reason"]) == ("violator", "lost")
    line.send(close(code))
    line.ended_within(SOON)


def test_what_came_before_a_violation_is_done(server: Server, group: str) -> None:
    line, other = server.line(), server.connect(Client)
    other.register("other", group)
    line.upgrade(behind=register("violator", group))
    assert line.frame()[0] == TEXT
    line.send(frame(TEXT, b'{"type":"message","payload":"last words"}') + b"\xff\x80")
    other.hear("peer_joined")
    assert other.hear("message").payload == "last words"
    assert other.hear("peer_left").payload["reason"] == "lost"
    assert line.close_frame().code == 1002


def test_frames_in_the_segment_of_the_handshake_are_not_lost(server: Server, group: str) -> None:
    line = server.line()
    echo = frame(TEXT, b'{"type":"message","target_id":"eager","payload":1}')
    line.upgrade(behind=register("eager", group) + echo + frame(PING, b"?"))
    frames = [line.frame() for _ in range(3)]
    assert (PONG, b"?") in frames
    assert [json.loads(payload)["type"] for opcode, payload in frames if opcode == TEXT] == ["peer_list", "message"]


def test_half_a_frame_in_the_segment_of_the_handshake_is_completed_by_the_next(server: Server, group: str) -> None:
    line = server.line()
    data = register("halved", group)
    line.upgrade(behind=data[:9])
    line.send(data[9:])
    assert json.loads(line.frame()[1])["type"] == "peer_list"


def test_bytes_may_come_one_by_one(server: Server, group: str) -> None:
    line = connected(server)
    for byte in register("trickle", group) + frame(PING, b"?"):
        line.send(bytes([byte]))
    opcodes = {line.frame()[0], line.frame()[0]}
    assert opcodes == {TEXT, PONG}


def test_register_and_offer_in_one_go_arrive_in_order(server: Server, group: str) -> None:
    target, line = server.connect(Client), server.line()
    target.register("target", group)
    offer = frame(TEXT, b'{"type":"offer","target_id":"target","payload":{"sdp":"v=0"}}')
    line.upgrade(behind=register("eager", group) + offer)
    assert target.hear("peer_joined").peer == "eager"
    assert target.hear("offer").source_id == "eager"


def test_a_fragmented_message_with_a_ping_inside_is_one_message(server: Server, group: str) -> None:
    line = connected(server)
    line.send(register("fragments", group))
    line.frame()
    text = '{"type":"message","target_id":"fragments","payload":"zwölf"}'.encode()
    at = text.index(b"\xb6")
    line.send(frame(TEXT, text[:at], final=False) + frame(PING, b"within") + frame(CONTINUATION, text[at:]))
    assert line.frame() == (PONG, b"within")
    assert json.loads(line.frame()[1])["payload"] == "zwölf"


@pytest.mark.parametrize("trickles", [False, True])
def test_a_message_that_is_not_finished_in_time_is_closed_with_1008(share: Callable[..., Server], *, trickles: bool) -> None:
    line = connected(share({"limits.message_timeout": 0.2}))
    line.send(frame(TEXT, b"x", declared=60_000))
    while not line.ready(within=0.01):
        if trickles:
            line.send(b"x")
    closed = line.close_frame()
    assert closed.code == 1008
    assert "not finished" in closed.reason
    line.ended_within(AT_ONCE)


def test_fragments_and_pings_do_not_make_a_message_last_longer(share: Callable[..., Server]) -> None:
    unlimited = {"limits.messages_burst": 1_000_000, "limits.fragments": 1_000_000}
    line = connected(share({**unlimited, "limits.message_timeout": 0.2}))
    line.send(frame(TEXT, final=False) + frame(PING))
    while (heard := line.frame()) == (PONG, b""):
        line.send(frame(CONTINUATION, final=False) + frame(PING))
    assert parse_close(heard[1]).code == 1008
    line.ended_within(AT_ONCE)


def test_pings_count_against_the_rate_and_a_flood_of_them_is_closed_with_1008(share: Callable[..., Server]) -> None:
    line = connected(share({"limits.messages_burst": 10, "limits.messages_per_second": 0.01}))
    line.send(frame(PING) * 1000)
    pongs = 0
    while (heard := line.frame()) == (PONG, b""):
        pongs += 1
    assert 10 <= pongs < 1000
    assert parse_close(heard[1]) == (1008, "too many pings")
    line.send(close(1008))
    line.ended_within(AT_ONCE)


def test_compression_is_not_agreed_on_and_its_bit_is_a_fault(server: Server) -> None:
    line = server.line()
    line.request(headers={**HANDSHAKE, "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"})
    head = line.head()
    assert head.status == 101
    assert "sec-websocket-extensions" not in head.headers
    line.send(bytes([0xC1]) + frame(TEXT, b"\x72\x04\x00")[1:])
    assert line.close_frame().code == 1002
    line.ended_within(AT_ONCE)


def test_what_was_answered_before_a_violation_in_the_same_segment_is_sent_before_the_close_frame(server: Server, group: str) -> None:
    line = connected(server)
    line.send(register("violator", group) + frame(TEXT, b"{") + frame(TEXT, b"\xff"))
    types = [json.loads(line.frame()[1])["type"] for _ in range(2)]
    assert sorted(types) == ["error", "peer_list"]
    assert line.close_frame().code == 1007
    line.ended_within(AT_ONCE)


def test_a_client_that_closes_politely_has_left_and_is_not_lost(server: Server, group: str) -> None:
    stays, goes = server.connect(Client), server.connect(Client)
    stays.register("stays", group)
    goes.register("goes", group)
    stays.hear("peer_joined")
    assert goes.leave_politely(1001, "bye").code == 1001
    assert stays.hear("peer_left").payload["reason"] == "left"
    stays.assert_silence()


def test_a_client_that_sends_bad_messages_without_end_is_closed_with_4400(serve: Callable[..., Server], group: str) -> None:
    server = serve({"limits.errors": 5})
    client = server.connect(Client)
    client.register("babbler", group)
    for _ in range(6):
        client.send(b"{")
    for _ in range(6):
        client.refused("bad_message")
    assert client.closed().code == 4400
    client.line.ended_within(SOON)
