"""Silence: who is asked for a sign of life, hidden, brought back, and given up. With deadlines short enough to wait for."""

import time
from collections.abc import Callable

from tests.integration.client import Client
from tests.integration.line import CLOSE, PING, PONG, TEXT, Line, frame, parse_close
from tests.integration.server import Server

SHORT = {"heartbeat.ping_interval": 0.2, "heartbeat.expire_after": 0.6, "heartbeat.close_after": 1.2}
PATIENT = {**SHORT, "heartbeat.close_after": 60}
HEARTBEAT = frame(TEXT, b'{"type":"heartbeat"}')


def silent_peer(server: Server, group: str) -> Line:
    """A peer that has registered, and from then on says nothing by itself, not even pong."""
    line = server.line()
    register = f'{{"type":"register","payload":{{"peer_id":"silent","group_id":"{group}"}}}}'
    line.upgrade(behind=frame(TEXT, register.encode()))
    line.frame()
    return line


def witness_of(server: Server, group: str) -> tuple[Client, Line]:
    """A client that sees the silent peer in its list, and that peer."""
    silent, witness = silent_peer(server, group), server.connect(Client)
    assert [peer["id"] for peer in witness.register("witness", group)] == ["silent"]
    assert b'"peer_joined"' in silent.frame()[1]
    return witness, silent


def assert_left(witness: Client, reason: str) -> None:
    left = witness.hear("peer_left")
    assert (left.peer, left.payload["reason"]) == ("silent", reason)


def assert_joined(witness: Client) -> None:
    assert witness.hear("peer_joined").peer == "silent"


def next_but_pings(line: Line) -> tuple[int, bytes]:
    opcode, payload = line.frame()
    while opcode == PING:
        opcode, payload = line.frame()
    return opcode, payload


def test_a_connection_that_never_registers_is_closed_with_4408(share: Callable[..., Server]) -> None:
    server = share({"limits.register_timeout": 0.3})
    client = server.connect(Client)
    began = time.monotonic()
    client.ping()
    client.ponged()
    client.say("message", "somebody")
    client.refused("not_registered")
    assert client.closed().code == 4408
    assert 0.2 < time.monotonic() - began < 1.3


def test_a_ping_is_answered_with_what_it_carried(server: Server, group: str) -> None:
    client = server.connect(Client)
    client.register("peer", group)
    for data in (b"", b"?", bytes(range(125))):
        client.ping(data)
        assert client.ponged() == data


def test_the_server_pings_a_silent_client(share: Callable[..., Server], group: str) -> None:
    silent = silent_peer(share(PATIENT), group)
    assert silent.frame() == (PING, b"")
    assert silent.frame() == (PING, b"")


def test_a_silent_peer_is_hidden_and_comes_back_with_its_next_frame(share: Callable[..., Server], group: str) -> None:
    server = share(PATIENT)
    witness, silent = witness_of(server, group)
    assert_left(witness, "away")
    witness.say("offer", "silent", {})
    witness.refused("peer_away")
    late = server.connect(Client)
    assert [peer["id"] for peer in late.register("late", group)] == ["witness"]
    late.leave_politely()
    witness.hear("peer_joined")
    witness.hear("peer_left")
    silent.send(HEARTBEAT)
    assert_joined(witness)
    opcode, payload = next_but_pings(silent)
    assert opcode == TEXT
    assert b'"peer_list"' in payload
    assert b'"witness"' in payload
    witness.say("offer", "silent", {})
    assert b'"offer"' in next_but_pings(silent)[1]


def test_a_pong_brings_a_hidden_peer_back_too(share: Callable[..., Server], group: str) -> None:
    witness, silent = witness_of(share(PATIENT), group)
    assert_left(witness, "away")
    silent.send(frame(PONG))
    assert_joined(witness)


def test_a_peer_that_stays_silent_is_closed_and_nobody_hears_of_it_twice(share: Callable[..., Server], group: str) -> None:
    server = share(SHORT)
    witness, silent = witness_of(server, group)
    assert_left(witness, "away")
    # 0.6 s later it is closed; the witness has its own deadlines to meet meanwhile.
    witness.answer_pings(4)
    opcode, payload = next_but_pings(silent)
    assert opcode == CLOSE
    closed = parse_close(payload)
    assert closed.code == 1001
    assert "silent" in closed.reason
    witness.assert_silence()
    assert [peer["id"] for peer in server.connect(Client).register("silent", group)] == ["witness"]


def test_a_deaf_client_that_talks_and_never_pongs_is_hidden_until_it_pongs(share: Callable[..., Server], group: str) -> None:
    witness, deaf = witness_of(share({**PATIENT, "heartbeat.expire_after": 30}), group)
    for _ in range(3):
        assert deaf.frame()[0] == PING
        deaf.send(HEARTBEAT)
        witness.attend()
    assert_left(witness, "away")
    deaf.send(frame(TEXT, b'{"type":"message","target_id":"witness","payload":1}'))
    assert b'"peer_away"' in next_but_pings(deaf)[1]
    deaf.send(frame(PONG))
    assert_joined(witness)


def test_any_sign_of_life_keeps_a_peer_in_its_group_and_open(share: Callable[..., Server], group: str) -> None:
    server = share(SHORT)
    witness = server.connect(Client)
    witness.register("witness", group)
    peers = {sign: server.line() for sign in (HEARTBEAT, frame(PING), frame(PONG))}
    for number, line in enumerate(peers.values()):
        register = f'{{"type":"register","payload":{{"peer_id":"{number}","group_id":"{group}"}}}}'
        line.upgrade(behind=frame(TEXT, register.encode()))
        assert witness.hear("peer_joined").peer == str(number)
    for _ in range(8):
        for sign, line in peers.items():
            opcode = TEXT
            while opcode != PING:
                opcode, _ = line.frame()
            # Whatever the sign, it answers pings too: who never does is deaf.
            line.send(sign + frame(PONG))
        witness.attend()
    witness.assert_silence()
