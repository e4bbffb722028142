import json

import pytest

from gateway.bench.dialect import Heard
from gateway.bench.pairs import pair
from tests.bench.dialects import Bare, PeerJs, YWebrtc, other


def test_peerjs_registers_by_its_path_and_the_server_stamps_the_sender() -> None:
    assert PeerJs().path("a", "g") == "/peerjs?key=peerjs&id=a&token=t"
    assert PeerJs().hello("a", "g") == ()
    assert PeerJs().welcomes(b'{"type":"OPEN"}')
    said = json.loads(PeerJs().relay("offer", "b", "v=0"))
    assert said == {"type": "OFFER", "dst": "b", "payload": {"type": "offer", "sdp": "v=0"}}
    assert PeerJs().read(json.dumps(said | {"src": "a"}).encode()) == Heard("a", "offer", "v=0")
    assert PeerJs().read(b'{"type":"LEAVE"}') is None


def test_y_webrtc_subscribes_and_then_pings_to_know_that_it_has() -> None:
    subscribe, ping = map(json.loads, YWebrtc().hello("a", "g"))
    assert subscribe == {"type": "subscribe", "topics": ["a"]}
    assert ping == {"type": "ping"}
    assert YWebrtc().welcomes(b'{"type":"pong"}')


@pytest.mark.parametrize("dialect", [YWebrtc(), Bare()])
def test_where_no_sender_is_stamped_the_client_says_who_it_is(dialect: YWebrtc | Bare) -> None:
    (a, _), (b, _) = pair(7)
    assert dialect.read(dialect.relay("answer", a, "v=0")) == Heard(b, "answer", "v=0")
    assert (other(a), other(b)) == (b, a)


def test_the_floor_pairs_by_path_and_answers_nothing() -> None:
    assert Bare().path("a", "g") == "/g"
    assert not Bare.answers
    assert not Bare().welcomes(b"{}")
