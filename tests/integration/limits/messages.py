"""The limits of one message: its frames, its payload, its ids."""

import time

from tests.hostile.member import member
from tests.integration.limits.case import GROUP, Case, bare, peer, say_to_oneself, upgraded
from tests.integration.line import CONTINUATION, TEXT, Line, frame
from tests.integration.server import Server

__all__ = ["CASES"]

BYTES, FRAGMENTS, DEPTH, ELEMENTS, ID_LENGTH, METADATA, SECONDS = 512, 4, 4, 16, 16, 32, 1.0


def message_of_bytes(server: Server) -> None:
    client = peer(server, "me")
    client.send(say_to_oneself(client, BYTES))
    client.hear("message")


def message_of_too_many_bytes(server: Server) -> None:
    client = peer(server, "me")
    client.send(say_to_oneself(client, BYTES + 1))
    assert client.closed().code == 1009


def in_fragments(line: Line, count: int) -> None:
    text = b'{"type":"message","target_id":"me"}'
    line.send(frame(TEXT, text[:1], final=False))
    for at in range(1, count - 1):
        line.send(frame(CONTINUATION, text[at : at + 1], final=False))
    line.send(frame(CONTINUATION, text[count - 1 :]))


def fragments(server: Server) -> None:
    line = member(server, "me", GROUP)
    in_fragments(line, FRAGMENTS)
    assert b'"message"' in line.frame()[1]


def too_many_fragments(server: Server) -> None:
    line = member(server, "me", GROUP)
    in_fragments(line, FRAGMENTS + 1)
    assert line.close_frame().code == 1008


def nested(depth: int) -> object:
    return [nested(depth - 1)] if depth > 1 else []


def deep_payload(server: Server) -> None:
    client = peer(server, "me")
    client.say("message", "me", nested(DEPTH))
    assert client.hear("message").payload == nested(DEPTH)


def too_deep_payload(server: Server) -> None:
    client = peer(server, "me")
    client.say("message", "me", nested(DEPTH + 1))
    client.refused("bad_message")
    client.assert_silence()


def many_elements(server: Server) -> None:
    client = peer(server, "me")
    client.say("message", "me", [1] * ELEMENTS)
    assert client.hear("message").payload == [1] * ELEMENTS


def too_many_elements(server: Server) -> None:
    client = peer(server, "me")
    client.say("message", "me", [1] * (ELEMENTS + 1))
    client.refused("bad_message")
    client.assert_silence()


def long_ids(server: Server) -> None:
    client = peer(server, "m" * ID_LENGTH, "g" * ID_LENGTH)
    client.say("message", client.peer_id, id="i" * ID_LENGTH)
    client.hear("message")


def too_long_ids(server: Server) -> None:
    client = bare(server)
    for name, group in (("m" * (ID_LENGTH + 1), "g"), ("m", "g" * (ID_LENGTH + 1))):
        client.ask(name, group)
        client.refused("bad_register")
    client.register("me", GROUP)
    client.say("message", "me", id="i" * (ID_LENGTH + 1))
    client.refused("bad_message")


def metadata(server: Server) -> None:
    client = bare(server)
    client.register("me", GROUP, metadata="x" * (METADATA - 2))
    (shown,) = bare(server).register("other", GROUP)
    assert shown["metadata"] == "x" * (METADATA - 2)


def too_much_metadata(server: Server) -> None:
    client = bare(server)
    client.ask("another", GROUP, metadata="x" * (METADATA - 1))
    client.refused("too_large")
    client.register("another", GROUP)


def message_in_time(server: Server) -> None:
    line, data = member(server, "me", GROUP), frame(TEXT, b'{"type":"message","target_id":"me"}')
    line.send(data[:20])
    time.sleep(SECONDS / 3)  # as slow as it is
    line.send(data[20:])
    assert b'"message"' in line.frame()[1]


def message_too_late(server: Server) -> None:
    line = upgraded(server)
    began = time.monotonic()
    line.send(frame(TEXT, b'{"type":"heartbeat"}')[:10])
    assert line.close_frame().code == 1008
    assert time.monotonic() - began > SECONDS - 0.1


CASES = {
    "message_bytes": Case(BYTES, message_of_bytes, message_of_too_many_bytes, "closes", "1009"),
    "fragments": Case(FRAGMENTS, fragments, too_many_fragments, "closes", "1008"),
    "json_depth": Case(DEPTH, deep_payload, too_deep_payload, "errors", "bad_message"),
    "elements": Case(ELEMENTS, many_elements, too_many_elements, "errors", "bad_message"),
    "id_length": Case(ID_LENGTH, long_ids, too_long_ids, "errors", "bad_register"),
    "metadata_bytes": Case(METADATA, metadata, too_much_metadata, "errors", "too_large"),
    "message_timeout": Case(SECONDS, message_in_time, message_too_late, "closes", "1008"),
}
