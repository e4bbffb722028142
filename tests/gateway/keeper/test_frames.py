import msgspec
import pytest

from gateway.keeper import frames
from psync_signal import Message, Peer, SignalError
from psync_signal.envelope import Codec, Format, Frame
from tests.integration import strict

JSON, MSGPACK = Codec(Format.JSON), Codec(Format.MSGPACK)
BOB = Peer("bob", "room", "2026-01-31T09:30:00.250Z", b'{"n":1e400}')
ALICE = Peer("alice", "room", "2026-01-31T09:30:00.250Z")


def read(frame: Frame) -> strict.Message:
    return strict.read(frame.encode(), "json") if isinstance(frame, str) else strict.read(frame, "msgpack")


def test_the_frames_are_those_of_the_server() -> None:
    shown = '{"id":"alice","group_id":"room","last_seen":"2026-01-31T09:30:00.250Z"}'
    head = '"source_id":"","target_id":"","payload":'
    assert frames.peer_list(JSON, []) == f'{{"type":"peer_list",{head}{{"peers":[]}}}}'
    assert frames.peer_list(JSON, [ALICE]) == f'{{"type":"peer_list",{head}{{"peers":[{shown}]}}}}'
    assert frames.peer_joined(JSON, ALICE) == f'{{"type":"peer_joined",{head}{{"peer":{shown}}}}}'
    assert frames.peer_left(JSON, ALICE, "lost") == f'{{"type":"peer_left",{head}{{"peer":{shown},"reason":"lost"}}}}'


def test_metadata_and_payloads_pass_byte_for_byte() -> None:
    assert '"metadata":{"n":1e400}}' in str(frames.peer_joined(JSON, BOB))
    relayed = frames.relayed(JSON, Message("offer", "bob", "me", "7", b'{"a" : 1.10}'))
    assert relayed == '{"type":"offer","source_id":"bob","target_id":"me","id":"7","payload":{"a" : 1.10}}'


def test_what_a_message_does_not_have_is_left_out_but_for_its_target() -> None:
    assert frames.relayed(JSON, Message("message", "bob")) == '{"type":"message","source_id":"bob","target_id":""}'


@pytest.mark.parametrize("codec", [JSON, MSGPACK])
def test_an_error_says_what_it_is_about(codec: Codec) -> None:
    told = read(frames.error(codec, SignalError("rate_limited", "slowly", retry_after=1.5, ref={"type": "offer"})))
    expected = {"code": "rate_limited", "message": "slowly", "temporary": True, "ref": {"type": "offer"}, "retry_after_ms": 1500}
    assert told.payload == expected
    assert "retry_after_ms" not in read(frames.error(codec, SignalError("x", "y"))).payload


def test_a_list_in_messagepack_is_read_by_a_strict_client() -> None:
    peer = Peer("bob", "room", "2026-01-31T09:30:00.250Z", msgspec.msgpack.encode({"n": 1}), Format.MSGPACK)
    assert read(frames.peer_list(MSGPACK, [peer])).payload["peers"][0]["metadata"] == {"n": 1}
