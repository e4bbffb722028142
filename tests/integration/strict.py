"""Reads what the server says as strictly as the decoder of the PSync daemon in the field, which one bad frame makes deaf for good.

That decoder (Go's) wants an object with the strings `type`, `source_id` and `target_id`, and matches keys without regard to case: a
`TYPE` behind a `type` replaces it. The members of a peer it finds by their order. What a v2 client is told is read as strictly, but
there what is empty is left out, and there are more types and members.
"""

import json
import re
from typing import Any, Literal, NamedTuple, NoReturn, TypeAlias

import msgpack

__all__ = ["Form", "Message", "read"]

Form: TypeAlias = Literal["json", "msgpack"]

_STRINGS = ("type", "source_id", "target_id")
_KEYS = {*_STRINGS, "id", "payload"}
_RELAYED = {"offer", "answer", "candidate", "message"}
_OWN_TO_V2 = {
    "welcome": ["connection_id", "heartbeat", "limits"],
    "ack": ["id", "status"],
    "goaway": ["reason", "deadline_ms", "reconnect_after_ms"],
}
_REASONS = {"left", "lost", "away", "replaced", "kicked"}
_RFC3339_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\Z")


class Message(NamedTuple):
    """One message from the server. `raw` is the frame as it came."""

    type: str
    source_id: str
    target_id: str
    payload: Any
    raw: str | bytes
    id: str | None = None

    @property
    def peer(self) -> str:
        """Whom a peer_joined or peer_left is about."""
        return str(self.payload["peer"]["id"])


def read(data: bytes, form: Form, *, v2: bool = False) -> Message:
    """Decode a frame, and fail if it could harm a strict client.

    Raises:
        AssertionError: it could.
    """
    raw = data.decode() if form == "json" else data
    pairs = _pairs(raw)
    keys = [key for key, _ in pairs]
    assert len(set(keys)) == len(keys), f"a key twice: {raw!r}"
    assert set(keys) <= _KEYS, f"a key that no client was told of: {raw!r}"
    members = dict(pairs)
    if v2:
        assert "" not in members.values(), f"empty, and not left out: {raw!r}"
        members = {"source_id": "", "target_id": ""} | members
    for key in _STRINGS:
        assert isinstance(members.get(key), str), f"{key} is no string: {raw!r}"
    payload = _plain(members.get("payload"))
    message = Message(members["type"], members["source_id"], members["target_id"], payload, raw, members.get("id"))
    _check(message, v2=v2)
    return message


class _Object(list[tuple[Any, Any]]):
    """A map as it was written, its keys in order."""


def _pairs(raw: str | bytes) -> _Object:
    value = json.loads(raw, object_pairs_hook=_Object, parse_constant=_refuse) if isinstance(raw, str) else _unpack(raw)
    assert isinstance(value, _Object), f"no object: {raw!r}"
    return value


def _unpack(raw: bytes) -> object:
    return msgpack.unpackb(raw, object_pairs_hook=_Object, raw=False, strict_map_key=False, timestamp=0)


def _refuse(constant: str) -> NoReturn:
    raise AssertionError(f"{constant} is no JSON")


def _plain(value: object) -> Any:  # noqa: ANN401 - what a client sent
    if isinstance(value, _Object):
        return {key: _plain(member) for key, member in value}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _check(message: Message, *, v2: bool) -> None:
    if message.type in _RELAYED:
        assert message.source_id, f"a relay from nobody: {message}"
        return
    assert (message.source_id, message.target_id) == ("", ""), f"the server speaks as somebody: {message}"
    payload = message.payload
    match message.type:
        case "peer_list":
            keys = [key for key in payload if key != "ice_servers"]
            assert keys in ([["peers", "self"], ["peers", "self", "resumed"]] if v2 else [["peers"]]), message
            assert isinstance(payload["peers"], list), message
            for peer in payload["peers"]:
                _check_peer(peer)
            for server in payload.get("ice_servers", ()):
                _check_ice_server(server)
        case "peer_joined":
            assert list(payload) == ["peer"], message
            _check_peer(payload["peer"])
        case "peer_left":
            assert list(payload) == ["peer", "reason"], message
            assert payload["reason"] in _REASONS, message
            _check_peer(payload["peer"])
        case "error":
            assert set(payload) - {"retry_after_ms"} == {"code", "message", "temporary", "ref"}, message
        case _:
            assert v2, f"a type that v1 does not have: {message}"
            assert list(payload) == _OWN_TO_V2[message.type], message


def _check_ice_server(server: Any) -> None:  # noqa: ANN401 - what a client sent
    """Fail unless it is an `RTCIceServer` (W3C WebRTC section 4.2.4) that a browser takes."""
    keys = list(server)
    assert keys in (["urls"], ["urls", "username", "credential"]), server
    assert server["urls"], server
    assert all(isinstance(url, str) for url in server["urls"]), server
    if any(url.startswith("turn") for url in server["urls"]):
        assert server["username"], server
        assert server["credential"], server


def _check_peer(peer: dict[str, object]) -> None:
    assert list(peer)[:3] == ["id", "group_id", "last_seen"], peer
    assert set(list(peer)[3:]) <= {"metadata"}, peer
    assert _RFC3339_UTC.match(str(peer["last_seen"])), peer
