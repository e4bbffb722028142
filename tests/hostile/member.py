"""A peer that does nothing by itself: registered, its list read, and from then on as its test wants it."""

import json

from tests.integration.line import TEXT, Line, frame
from tests.integration.server import Server

__all__ = ["member", "message"]


def member(server: Server, peer_id: str, group: str, *, receive_buffer: int | None = None) -> Line:
    """A bare connection that has joined a group; `receive_buffer` is what its kernel keeps for it, in bytes."""
    line = server.line(receive_buffer=receive_buffer)
    line.upgrade(behind=message("register", payload={"peer_id": peer_id, "group_id": group}))
    opcode, payload = line.frame()
    assert (opcode, json.loads(payload)["type"]) == (TEXT, "peer_list"), payload
    return line


def message(type_: str, target_id: str | None = None, payload: object = None, **members: object) -> bytes:
    """One message as a frame."""
    target = {} if target_id is None else {"target_id": target_id}
    return frame(TEXT, json.dumps({"type": type_, **target, "payload": payload, **members}).encode())
