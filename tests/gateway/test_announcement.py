"""The whole frames, in both encodings, are in the vectors (`to_client`), which `test_wire.py` reads."""

import msgspec
import pytest

from actors.events import ErrorEvent, Format, PeerInfo, PeerJoined, PeerLeft, PeerList, Place, Reference
from actors.reasons import ErrorCode, LeaveReason
from gateway.announcement import announcement


def said(event: PeerList | PeerJoined | PeerLeft | ErrorEvent, form: Format = Format.JSON) -> tuple[str, bytes]:
    type_, body = announcement(event, form)
    return type_, (msgspec.json if form is Format.JSON else msgspec.msgpack).encode(body)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1767225599.9994, "2025-12-31T23:59:59.999Z"),
        (1767225599.9996, "2026-01-01T00:00:00.000Z"),
        (1767225600.123, "2026-01-01T00:00:00.123Z"),
        (1709164800.05, "2024-02-29T00:00:00.050Z"),
        (4102444800.0, "2100-01-01T00:00:00.000Z"),
    ],
)
def test_last_seen_is_utc_to_the_nearest_millisecond(moment: float, text: str) -> None:
    _, body = said(PeerJoined(PeerInfo("a", "g", moment), {}))
    assert body.decode() == f'{{"peer":{{"id":"a","group_id":"g","last_seen":"{text}"}}}}'


def test_the_keys_of_a_peer_come_in_the_order_of_the_contract() -> None:
    _, body = said(PeerList((PeerInfo("a", "g", 0.0, b'{"z":1}'),)))
    assert list(msgspec.json.decode(body)["peers"][0]) == ["id", "group_id", "last_seen", "metadata"]


def test_a_list_of_nobody_is_an_empty_array() -> None:
    assert said(PeerList(())) == ("peer_list", b'{"peers":[]}')


def test_ice_servers_come_behind_the_peers_in_both_encodings() -> None:
    listed = PeerList((), ice_servers=b'[{"urls":["stun:a"]}]')
    assert said(listed) == ("peer_list", b'{"peers":[],"ice_servers":[{"urls":["stun:a"]}]}')
    _, packed = said(listed, Format.MSGPACK)
    assert msgspec.msgpack.decode(packed) == {"peers": [], "ice_servers": [{"urls": ["stun:a"]}]}


def test_ice_servers_come_behind_a_v2_clients_own_place() -> None:
    _, body = said(PeerList((), Place("a", "g", "s", 1), ice_servers=b"[]"))
    assert body == b'{"peers":[],"self":{"id":"a","group_id":"g","session":"s","sequence":1},"ice_servers":[]}'


def test_metadata_is_written_as_the_peer_wrote_it() -> None:
    _, body = said(PeerLeft(PeerInfo("a", "g", 0.0, b'{ "n" : 1.50 }'), LeaveReason.LEFT, {}))
    assert b'"metadata":{ "n" : 1.50 }},"reason":"left"}' in body


def test_metadata_reaches_a_msgpack_peer_in_its_encoding() -> None:
    _, body = said(PeerJoined(PeerInfo("a", "g", 0.0, b'{"n":1.50}'), {}), Format.MSGPACK)
    assert msgspec.msgpack.decode(body)["peer"]["metadata"] == {"n": 1.5}


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_error_code_is_written_as_its_word(code: ErrorCode) -> None:
    type_, body = said(ErrorEvent(code, "why", temporary=True, reference=Reference(target_id="b")))
    expected = f'{{"code":"{code.value}","message":"why","temporary":true,"ref":{{"target_id":"b"}}}}'
    assert (type_, body.decode()) == ("error", expected)
