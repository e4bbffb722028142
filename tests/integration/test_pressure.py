"""Too much, too fast: what is not delivered is answered, what is delivered is in order, and nobody else waits."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.integration.client import Client
from tests.integration.line import PATIENCE, PING, PONG, TEXT, Line, frame
from tests.integration.server import Server

FLOOD = 5000
UNLIMITED = {"limits.messages_per_second": 1_000_000, "limits.messages_burst": 1_000_000, "limits.bytes_burst": 2**30}


def sequence(line: Line, type_: str, key: str) -> list[Any]:
    """Read up to the last message of the flood; return what the messages of one type say under `key`."""
    said: list[Any] = []
    while True:
        opcode, content = line.frame()
        message: dict[str, Any] = json.loads(content) if opcode == TEXT else {"type": ""}
        if message["type"] == type_:
            said.append(message["payload"][key])
        if message["type"] == "answer":
            return said


def registered(server: Server, peer_id: str, group: str) -> Line:
    line = server.line()
    line.upgrade(behind=frame(TEXT, json.dumps({"type": "register", "payload": {"peer_id": peer_id, "group_id": group}}).encode()))
    line.frame()
    return line


def test_of_a_flood_each_message_arrives_in_order_or_is_answered(serve: Callable[..., Server], group: str) -> None:
    server = serve({**UNLIMITED, "limits.mailbox": 16})
    target, sender = registered(server, "target", group), registered(server, "sender", group)
    numbers = [json.dumps({"type": "message", "target_id": "target", "id": str(n), "payload": {"n": n}}) for n in range(FLOOD)]
    ends = [json.dumps({"type": "answer", "target_id": name, "payload": {}}) for name in ("target", "sender")]
    data = b"".join(frame(TEXT, text.encode()) for text in (*numbers, *ends))
    flooding = threading.Thread(target=sender.send, args=(data,))
    flooding.start()
    arrived = sequence(target, "message", "n")
    refused = [about["id"] for about in sequence(sender, "error", "ref")]
    flooding.join(PATIENCE)
    assert arrived == sorted(arrived)
    assert sorted([*map(str, arrived), *refused]) == sorted(map(str, range(FLOOD)))


def test_a_flood_in_one_group_does_not_delay_another(serve: Callable[..., Server], group: str) -> None:
    server = serve(UNLIMITED)
    flooder, calm = registered(server, "flooder", group), server.connect(Client)
    calm.register("calm", f"{group} too")
    data = frame(TEXT, b'{"type":"heartbeat"}') * FLOOD
    flooding = threading.Thread(target=flooder.send, args=(data * 4 + frame(PING, b"the end"),))
    flooding.start()
    for _ in range(20):
        began = time.monotonic()
        calm.assert_silence()
        assert time.monotonic() - began < 0.5
    assert flooder.frame() == (PONG, b"the end")
    flooding.join(PATIENCE)


def test_who_is_too_fast_is_told_and_may_go_on_later(serve: Callable[..., Server], group: str) -> None:
    server = serve({"limits.messages_burst": 10, "limits.messages_per_second": 20})
    client = server.connect(Client)
    client.register("hasty", group)
    for number in range(15):
        client.say("message", "hasty", number)
    heard = [client.next() for _ in range(15)]
    refused = [message for message in heard if message.type == "error"]
    assert [message.payload["code"] for message in refused] == ["rate_limited"] * len(refused)
    assert 1 <= len(refused) <= 6
    assert [message.payload for message in heard if message.type == "message"] == list(range(15 - len(refused)))


def test_who_does_not_listen_to_warnings_is_closed_with_4429(serve: Callable[..., Server], group: str) -> None:
    server = serve({"limits.messages_burst": 10, "limits.messages_per_second": 0.01})
    witness, client = server.connect(Client), server.connect(Client)
    witness.register("witness", group)
    client.register("abuser", group)
    witness.hear("peer_joined")
    for _ in range(30):
        client.say("heartbeat")
    for _ in range(11):
        client.refused("rate_limited")
    assert client.closed().code == 4429
    assert witness.hear("peer_left").payload["reason"] == "lost"
