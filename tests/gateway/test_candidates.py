"""Which candidates are found, in every shape in which clients send them."""

import json

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.events import Format
from gateway.candidates import TYPES, UNREADABLE, candidate_types, is_end_of_candidates, may_carry_candidates, read_payload

HOST = "candidate:1 1 udp 2122260223 192.0.2.1 51372 typ host"
MDNS = "candidate:3 1 UDP 2122252543 1f4712db-ea17-4bcf-a596-105139dfd8bf.local 54596 typ host generation 0 ufrag ab"
SRFLX = "candidate:2 1 udp 1686052607 203.0.113.1 51372 typ srflx raddr 0.0.0.0 rport 0"
PRFLX = "candidate:4 1 udp 1686052607 2001:db8::1 51372 typ prflx raddr :: rport 9"
RELAY = "candidate:5 1 tcp 41885439 198.51.100.1 60012 typ relay raddr 203.0.113.1 rport 51372 tcptype passive"
SDP = f"v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na={HOST}\r\na={RELAY}\r\na=end-of-candidates\r\n"

both = pytest.mark.parametrize("form", list(Format))


def found(form: Format, value: object) -> list[str]:
    payload = json.dumps(value).encode() if form is Format.JSON else msgpack.packb(value)
    return sorted(candidate_types(read_payload(form, payload)))


@both
@pytest.mark.parametrize(
    ("value", "types"),
    [
        (HOST, ["host"]),
        (f"a={SRFLX}", ["srflx"]),
        ({"candidate": HOST, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "ab"}, ["host"]),
        ({"candidate": MDNS}, ["host"]),
        ({"candidate": SRFLX, "sdp_mid": None}, ["srflx"]),
        ({"candidate": {"candidate": RELAY, "sdpMid": "0"}}, ["relay"]),
        ({"candidates": [PRFLX, RELAY, {"candidate": HOST}]}, ["host", "prflx", "relay"]),
        (HOST.removeprefix("candidate:"), ["host"]),
        (HOST.upper(), ["host"]),
        ({"foundation": "1", "priority": 1, "address": "192.0.2.1", "protocol": "udp", "port": 51372, "typ": "host"}, ["host"]),
        ({"ip": "192.0.2.1", "port": 1, "type": "Relay", "component": 1}, ["relay"]),
        ({"type": "offer", "sdp": SDP}, ["host", "relay"]),
        (SDP, ["host", "relay"]),
        ({HOST: 1}, ["host"]),
        ({"type": "offer", "sdp": "v=0\r\na=ice-ufrag:ab\r\na=remote-candidates:1 192.0.2.1 5\r\n"}, []),
        ({"candidate": "", "sdpMid": "0"}, []),
        (None, []),
        (5, []),
    ],
)
def test_candidates_are_found_whatever_the_shape(form: Format, value: object, types: list[str]) -> None:
    assert found(form, value) == types


@both
@pytest.mark.parametrize(
    "text",
    [
        "candidate:1",
        "candidate:1 1 udp 1 192.0.2.1 9 host",
        "candidate:1 1 udp 1 192.0.2.1 9 typ ",
        "candidate:1 1 udp 1 192.0.2.1 9 typ magic",
        "candidate:1  1 udp 1 192.0.2.1 9 typ relay",
        "candidate: 1 1 udp 1 192.0.2.1 9 typ relay",
        "1 1 udp 1 192.0.2.1 9 typ magic",
    ],
)
def test_a_candidate_without_a_type_that_is_known_is_unreadable(form: Format, text: str) -> None:
    assert found(form, {"candidate": text}) == [UNREADABLE]


def test_one_that_is_unreadable_does_not_hide_behind_one_that_is() -> None:
    assert found(Format.JSON, [f"a={RELAY}\r\na=candidate:9  1 udp 1 192.0.2.1 9 typ host\r\n"]) == ["relay", UNREADABLE]


def test_a_key_that_is_there_twice_hides_nothing() -> None:
    payload = f'{{"candidate":"{HOST}","candidate":"{RELAY}"}}'.encode()
    assert sorted(candidate_types(read_payload(Format.JSON, payload))) == ["host", "relay"]


def test_binary_is_looked_at_like_text() -> None:
    assert found(Format.MSGPACK, {"candidate": HOST.encode()}) == ["host"]


@pytest.mark.parametrize(
    ("payload", "may"),
    [
        (b'{"type":"offer","sdp":"v=0\\r\\na=ice-ufrag:ab\\r\\n"}', False),
        (json.dumps({"sdp": SDP}).encode(), True),
        (json.dumps({"sdp": SDP.upper()}).encode(), True),
        (b'{"sdp":"a=\\u0063andidate:1 1 udp 1 192.0.2.1 9 typ host"}', True),
        (msgpack.packb({"sdp": SDP}), True),
    ],
)
def test_a_description_without_candidates_is_told_from_its_bytes_alone(payload: bytes, *, may: bool) -> None:
    assert may_carry_candidates(payload) is may


@both
@pytest.mark.parametrize("value", [None, "", " ", "end-of-candidates", "a=end-of-candidates", {"candidate": ""}, {"candidate": None}])
def test_the_end_of_candidates_is_known_in_every_way_to_say_it(form: Format, value: object) -> None:
    for said in (value, {"candidate": value, "sdpMid": "0"}):
        payload = json.dumps(said).encode() if form is Format.JSON else msgpack.packb(said)
        assert is_end_of_candidates(read_payload(form, payload))


@pytest.mark.parametrize("value", [{}, [], 0, False, "no", HOST, {"sdpMid": ""}, {"candidate": {}}, {"candidate": HOST}])
def test_anything_else_is_not_the_end(value: object) -> None:
    assert not is_end_of_candidates(read_payload(Format.JSON, json.dumps(value).encode()))


def test_a_number_of_many_digits_is_no_trouble() -> None:
    assert list(candidate_types(read_payload(Format.JSON, b'{"n":' + b"9" * 60_000 + b',"f":1e999}'))) == []


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from([HOST, SDP, "candidate:"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.sampled_from(["candidate", "typ"]), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_of_any_payload_only_known_types_are_told(value: object) -> None:
    types = found(Format.JSON, value)
    assert set(types) <= TYPES | {UNREADABLE}
    assert types == found(Format.MSGPACK, value)
