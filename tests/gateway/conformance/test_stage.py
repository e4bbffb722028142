"""The steps of a row, one by one: each holds for a server that does as demanded, and fails for one that does not."""

import asyncio
import json
from collections.abc import Mapping

import msgpack
import pytest
from websockets.asyncio.server import ServerConnection

from gateway.conformance.facts import LIMITS
from gateway.conformance.player import play
from gateway.conformance.transcript import read
from tests.gateway.conformance.judged import Handler, ignore, judged, run

CONNECT = {"do": "connect", "who": "a"}


def seen(handler: Handler, *steps: Mapping[str, object], patience: float = 5.0, subprotocols: list[str] | None = None) -> str:
    """What was seen instead of what the steps demand; nothing when they pass."""
    text = json.dumps({"about": [], "rows": [{"name": "r", "demands": "d", "rule": "x", "steps": list(steps)}]})

    async def judge() -> str:
        async with judged(handler, patience=patience, subprotocols=subprotocols) as target:
            return (await play(read("f", text.encode())[0], target, {**LIMITS, "registers_burst": 2}, ignore)).seen

    return run(judge())


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


def says(*messages: str | bytes) -> Handler:
    """A server that says this to everyone, and then listens."""

    async def handle(connection: ServerConnection) -> None:
        for message in messages:
            await connection.send(message)
        await connection.wait_closed()

    return handle


async def hang_up(connection: ServerConnection) -> None:
    connection.transport.abort()


async def close(connection: ServerConnection) -> None:
    await connection.close(4408)


# --- Opening ---


def test_the_subprotocol_of_a_connection_is_what_is_demanded() -> None:
    offer = {**CONNECT, "offers": ["x", "y"]}
    assert seen(echo, {**offer, "chosen": "y"}, subprotocols=["y"]) == ""
    assert seen(echo, offer, subprotocols=["y"]) == "a: the server chose the subprotocol y, not None"


def test_a_handshake_that_is_not_answered_is_told() -> None:
    async def silent(connection: ServerConnection) -> None:
        raise AssertionError("nobody gets here")

    assert "the handshake failed" in seen(silent, {**CONNECT, "offers": ["x"], "chosen": "x"}, subprotocols=["y"])


def welcoming(form: str) -> Handler:
    """A server of one group, which knows how to register in one format and does no more."""
    members: list[tuple[ServerConnection, dict[str, str]]] = []

    def packed(kind: str, payload: object) -> str | bytes:
        message = {"type": kind, "source_id": "", "target_id": "", "payload": payload}
        return json.dumps(message) if form == "json" else bytes(msgpack.packb(message))

    async def handle(connection: ServerConnection) -> None:
        frame = await connection.recv()
        payload = (json.loads(frame) if isinstance(frame, str) else msgpack.unpackb(frame))["payload"]
        peer = {"id": payload["peer_id"], "group_id": payload["group_id"], "last_seen": "2026-01-31T09:30:00Z"}
        await connection.send(packed("peer_list", {"peers": [other for _, other in members]}))
        for other, _ in members:
            await other.send(packed("peer_joined", {"peer": peer}))
        members.append((connection, peer))
        await connection.wait_closed()

    return handle


@pytest.mark.parametrize("form", ["json", "msgpack"])
def test_a_join_registers_and_looks_at_the_list_and_at_who_hears_of_it(form: str) -> None:
    first, second = {"do": "join", "who": "a", "format": form}, {"do": "join", "who": "b", "name": "bob", "format": form, "heard_by": ["a"]}
    assert seen(welcoming(form), {**first, "peers": []}, {**second, "peers": ["a"]}, {"do": "silence", "who": "a", "seconds": 0.05}) == ""
    assert "1 items" in seen(welcoming(form), first, {**second, "peers": []})


def welcoming_v2(form: str, *messages: dict[str, object]) -> Handler:
    """A server that speaks v2 in one format, and answers whatever comes with these messages."""

    async def handle(connection: ServerConnection) -> None:
        for message in messages:
            if message["type"] != "welcome":
                await connection.recv()
            await connection.send(json.dumps(message) if form == "json" else bytes(msgpack.packb(message)))
        await connection.wait_closed()

    return handle


@pytest.mark.parametrize("form", ["json", "msgpack"])
def test_a_join_in_v2_looks_at_the_welcome_and_keeps_what_it_is_told_to(form: str) -> None:
    join = {"do": "join", "who": "a", "profile": "v2", "format": form, "keep": {"session": "payload.self.session"}}
    welcome: dict[str, object] = {"type": "welcome", "payload": {}}
    answer: dict[str, object] = {"type": "peer_list", "payload": {"peers": [], "self": {"session": "s-1"}}}
    send = {"do": "send", "who": "a", "text": "$session"} if form == "json" else {"do": "send", "who": "a", "msgpack": "$session"}
    known = [f"psync.v2.{form}"]
    assert seen(welcoming_v2(form, welcome, answer), join, send, subprotocols=known) == ""
    early: dict[str, object] = {**welcome, "source_id": ""}
    assert "message.source_id: there, and must not be" in seen(welcoming_v2(form, early), join, subprotocols=known)
    assert "chose the subprotocol None" in seen(echo, join)


def test_a_join_that_is_not_answered_is_told() -> None:
    assert "b received nothing within 0.2 s" in seen(says(), {"do": "join", "who": "b"}, patience=0.2)


# --- Out, and in ---


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ({"json": {"a": "$group"}}, {"json": {"a": "$group"}}),
        ({"text": ["[", {"repeat": "1,", "times": {"limit": "registers_burst"}}, "1]"]}, {"json": [1, 1, 1], "contains": "1,1"}),
        ({"msgpack": {"a": "$group"}}, {"msgpack": {"a": "$group"}}),
        ({"hex": "81 a161 01"}, {"contains_hex": "a1 61 01", "msgpack": {"a": 1}}),
        ({"json": 1, "times": {"limit": "registers_burst"}}, {"json": 1, "times": 2}),
        ({"text": '"$group"'}, {"matches": '^"$group"$'}),
    ],
)
def test_what_is_sent_in_each_way_is_received_in_each_way(sent: dict[str, object], received: dict[str, object]) -> None:
    steps = {"do": "send", "who": "a", **sent}, {"do": "receive", "who": "a", **received}, {"do": "silence", "who": "a", "seconds": 0.05}
    assert seen(echo, CONNECT, *steps) == ""


@pytest.mark.parametrize(
    ("demanded", "told"),
    [
        ({"json": [2]}, "message[0]: 1, not 2"),
        ({"contains": "[ 1 ]"}, 'in which there is no "[ 1 ]"'),
        ({"matches": "^1"}, "which does not match ^1"),
        ({"msgpack": [1]}, "not [1] in MessagePack"),
        ({"contains_hex": "91"}, "in MessagePack"),
        ({"keep": {"x": "a.b"}}, "a.b is no string"),
    ],
)
def test_what_is_received_and_not_demanded_is_told(demanded: dict[str, object], told: str) -> None:
    assert told in seen(says("[1]"), CONNECT, {"do": "receive", "who": "a", **demanded})


def test_what_is_kept_is_sent_later() -> None:
    steps = (
        {"do": "receive", "who": "a", "json": {}, "keep": {"session": "a"}},
        {"do": "send", "who": "a", "text": "$session"},
        {"do": "receive", "who": "a", "contains": "s-1", "json": "s-1"},
    )

    async def handle(connection: ServerConnection) -> None:
        await connection.send('{"a":"s-1"}')
        await connection.send(json.dumps(await connection.recv()))
        await connection.wait_closed()

    assert seen(handle, CONNECT, *steps) == ""


def test_messages_of_types_that_are_to_be_skipped_are_passed_over() -> None:
    handler = says('{"type":"x"}', '{"type":"y"}', b"\x81\xa4type\xa1x", '{"type":"z"}')
    receive = {"do": "receive", "who": "a", "skip": ["x"], "json": {"type": "y"}}
    assert seen(handler, CONNECT, receive, {**receive, "json": {"type": "z"}}) == ""
    assert 'message.type: "y", not "z"' in seen(handler, CONNECT, {**receive, "json": {"type": "z"}})


def test_silence_is_broken_by_anything() -> None:
    silence = {"do": "silence", "who": "a", "seconds": 0.05}
    assert seen(says(), CONNECT, silence) == ""
    assert seen(says("x"), CONNECT, {**silence, "seconds": 5}) == "a should have received nothing: a text frame x"
    assert "a should have received nothing: the connection ended" in seen(hang_up, CONNECT, {**silence, "seconds": 5})


def test_a_close_frame_has_the_code_that_is_demanded() -> None:
    closed = {"do": "closed", "who": "a", "code": 4408, "within": 5}
    assert seen(close, CONNECT, closed) == ""
    assert "closed with 4408" in seen(close, CONNECT, {**closed, "code": 4409})
    assert "not closed with 4408" in seen(says("x"), CONNECT, closed)
    assert "nothing within 0.2 s" in seen(says(), CONNECT, {"do": "closed", "who": "a", "code": 4408}, patience=0.2)


def test_a_pong_carries_what_the_ping_did() -> None:
    ping, pong = {"do": "ping", "who": "a", "text": "x"}, {"do": "pong", "who": "a", "text": "x"}
    assert seen(echo, CONNECT, ping, pong) == ""
    assert "not a pong with 'y'" in seen(echo, CONNECT, ping, {**pong, "text": "y"})


def test_bytes_a_close_frame_and_a_crash_reach_the_server() -> None:
    raw = {"do": "raw", "who": "a", "hex": ["8181 00000000", {"repeat": "31", "times": 1}]}
    assert seen(echo, CONNECT, raw, {"do": "receive", "who": "a", "json": 1}) == ""
    assert seen(echo, CONNECT, {"do": "close", "who": "a", "code": 4000}, {"do": "closed", "who": "a", "code": 4000}) == ""
    ended = asyncio.Event()

    async def wait(connection: ServerConnection) -> None:
        await connection.wait_closed()
        ended.set()

    assert seen(wait, CONNECT, {"do": "drop", "who": "a"}) == ""
    assert ended.is_set()
