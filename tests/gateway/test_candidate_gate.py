"""What passes under which policy, and what the sender of the rest is told."""

import json

import msgpack
import pytest

from actors.events import Format, Reference
from actors.messages import BadMessage, Heartbeat, Relay
from actors.reasons import ErrorCode
from gateway.candidate_gate import CandidateGate, CandidatePolicy
from gateway.operator.metrics import Counts
from gateway.wire import Decoder, WireLimits
from tests.gateway.test_candidates import HOST, MDNS, PRFLX, RELAY, SRFLX

NO_HOST, RELAY_ONLY = CandidatePolicy.NO_HOST, CandidatePolicy.RELAY_ONLY


def decoded(policy: CandidatePolicy, form: Format, message: dict[str, object]) -> tuple[object, dict[str, int]]:
    counts = Counts()
    gate = CandidateGate(Decoder(WireLimits()).decode, policy, counts)
    data = json.dumps(message).encode() if form is Format.JSON else msgpack.packb(message)
    return gate.decode(form, data), counts.values()["candidates_dropped"]


def message(type_: str, payload: object) -> dict[str, object]:
    return {"type": type_, "target_id": "b", "id": "7", "payload": payload}


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize(
    ("candidate", "type_", "passes"),
    [
        (HOST, "host", ()),
        (MDNS, "host", ()),
        (SRFLX, "srflx", (NO_HOST,)),
        (PRFLX, "prflx", (NO_HOST,)),
        (RELAY, "relay", (NO_HOST, RELAY_ONLY)),
    ],
)
@pytest.mark.parametrize("policy", [NO_HOST, RELAY_ONLY])
def test_a_candidate_passes_or_not_by_its_type(
    form: Format, candidate: str, type_: str, passes: tuple[CandidatePolicy, ...], policy: CandidatePolicy
) -> None:
    inbound, dropped = decoded(policy, form, message("candidate", {"candidate": candidate, "sdpMid": "0"}))
    if policy in passes:
        assert isinstance(inbound, Relay)
        assert dropped == {}
        return
    assert isinstance(inbound, BadMessage)
    assert (inbound.code, inbound.about, inbound.fault) == (ErrorCode.NOT_ALLOWED, Reference("7", "candidate", "b"), False)
    assert f"candidate of type {type_};" in inbound.says
    assert dropped == {type_: 1}


@pytest.mark.parametrize("type_", ["offer", "answer"])
def test_a_description_with_a_candidate_that_may_not_pass_is_refused_as_a_whole(type_: str) -> None:
    sdp = f"v=0\r\na={RELAY}\r\na={HOST}\r\n"
    inbound, dropped = decoded(RELAY_ONLY, Format.JSON, message(type_, {"type": type_, "sdp": sdp}))
    assert isinstance(inbound, BadMessage)
    assert inbound.says == "payload: has a candidate of type host; only relay candidates pass here; gather with iceTransportPolicy 'relay'"
    assert dropped == {"host": 1}


@pytest.mark.parametrize(
    ("type_", "payload"),
    [
        ("offer", {"type": "offer", "sdp": "v=0\r\n"}),
        ("answer", {"type": "answer", "sdp": f"v=0\r\na={RELAY}\r\na=end-of-candidates\r\n"}),
        ("offer", 5),
        ("candidate", {"candidate": "", "sdpMid": "0"}),
        ("candidate", None),
        ("message", {"candidate": HOST}),
    ],
)
def test_what_carries_no_candidate_passes(type_: str, payload: object) -> None:
    for form in Format:
        inbound, dropped = decoded(RELAY_ONLY, form, message(type_, payload))
        assert isinstance(inbound, Relay)
        assert dropped == {}


def test_a_candidate_without_a_payload_is_the_end_and_passes() -> None:
    inbound, _ = decoded(RELAY_ONLY, Format.JSON, {"type": "candidate", "target_id": "b"})
    assert isinstance(inbound, Relay)


@pytest.mark.parametrize("payload", [{"candidate": "candidate:1"}, {"x": "y"}, "anything", 5, [], {"sealed": "aGVsbG8="}])
def test_a_candidate_that_cannot_be_read_is_refused_and_told_why(payload: object) -> None:
    inbound, dropped = decoded(NO_HOST, Format.JSON, message("candidate", payload))
    assert isinstance(inbound, BadMessage)
    assert dropped == {"unreadable": 1}
    assert "RFC 8839" in inbound.says


def test_a_description_with_an_unreadable_candidate_line_is_refused() -> None:
    inbound, dropped = decoded(NO_HOST, Format.JSON, message("offer", {"sdp": "a=candidate:1\r\n"}))
    assert isinstance(inbound, BadMessage)
    assert dropped == {"unreadable": 1}
    assert "candidate line" in inbound.says


def test_everything_else_is_the_decoders_own() -> None:
    inbound, _ = decoded(RELAY_ONLY, Format.JSON, {"type": "heartbeat", "payload": {"candidate": HOST}})
    assert inbound == Heartbeat()
    bad, _ = decoded(RELAY_ONLY, Format.JSON, {"type": "candidate", "payload": {"candidate": HOST}})
    assert isinstance(bad, BadMessage)
    assert bad.code is ErrorCode.BAD_MESSAGE
