"""Who waits to hear that a message is written hears it once it is, and hears of an error if it never will be."""

import pytest

from actors.events import PeerInfo, PeerJoined
from actors.reasons import CloseCode, ErrorCode
from gateway.frames import BINARY, TEXT, encode
from gateway.subprotocol import KNOWN
from gateway.wire import encode as encode_event
from tests.gateway.outboxed import Bench, NotingSender, relayed
from tests.gateway.test_outbox import EVENT

PAYLOAD = b'"%s"' % (b"x" * 250)


@pytest.fixture
def bench() -> Bench:
    return Bench(limit=4000)


def send(bench: Bench, *ids: str, acked: bool = True) -> NotingSender:
    """Messages with these ids, from one sender."""
    sender = NotingSender()
    for id_ in ids:
        assert bench.outbox.send(relayed(PAYLOAD, sender=sender, id_=id_, acked=acked)) is None
    return sender


def test_nothing_is_acknowledged_before_it_is_written(bench: Bench) -> None:
    sender = send(bench, "1", "2")
    assert sender.acknowledged == []
    bench.turn()
    assert sender.acknowledged == ["1", "2"]


def test_who_does_not_wait_is_not_told(bench: Bench) -> None:
    sender, other = send(bench, "1", acked=False), send(bench, "2")
    bench.turn()
    assert (sender.acknowledged, other.acknowledged) == ([], ["2"])


def test_a_message_that_is_written_in_part_is_acknowledged_with_its_last_byte(bench: Bench) -> None:
    frame = len(encode(TEXT, encode_event(relayed(PAYLOAD, id_="1"), relayed(PAYLOAD).format)))
    bench.socket.window = 2 * frame - 1
    sender = send(bench, "1", "2", "3")
    bench.turn()
    assert sender.acknowledged == ["1"]
    late = send(bench, "4")
    bench.writable(1)
    assert sender.acknowledged == ["1", "2"]
    bench.writable()
    assert (sender.acknowledged, late.acknowledged) == (["1", "2", "3"], ["4"])
    assert sender.given_back == late.given_back == []


def test_what_is_never_written_is_given_back_and_not_acknowledged(bench: Bench) -> None:
    bench.socket.window = 10
    sender = send(bench, "1", "2")
    bench.turn()
    bench.outbox.abandon()
    assert (sender.acknowledged, sender.given_back) == ([], [("1", ErrorCode.UNDELIVERED), ("2", ErrorCode.UNDELIVERED)])


def test_each_message_to_a_slow_client_is_answered_once(bench: Bench) -> None:
    bench.socket.window = 300
    sender = NotingSender()
    taken = 0
    while bench.outbox.send(relayed(PAYLOAD, sender=sender, id_=str(taken), acked=True)) is None:
        taken += 1
    bench.writable()
    assert taken > 3
    assert bench.socket.sent.endswith(encode(8, CloseCode.SLOW_CONSUMER.to_bytes(2) + b"slow consumer: outbox full"))
    answered = sender.acknowledged + [id_ for id_, _ in sender.given_back if id_ is not None]
    assert sorted(answered, key=int) == [str(number) for number in range(taken)]


def test_an_outbox_writes_in_the_profile_and_the_format_of_its_client() -> None:
    json, packed = (Bench(subprotocol=subprotocol) for subprotocol in KNOWN.values())
    plain = Bench()
    for bench in (json, packed, plain):
        bench.outbox.send(EVENT)
        bench.turn()
    assert b"source_id" not in json.socket.sent + packed.socket.sent
    assert (json.socket.sent[0], packed.socket.sent[0]) == (0x80 | TEXT, 0x80 | BINARY)
    assert b'"source_id":""' in plain.socket.sent


def test_one_event_for_clients_of_both_profiles_is_written_once_for_each() -> None:
    benches = [Bench(), Bench(subprotocol=KNOWN["psync.v2.json"]), Bench(), Bench(subprotocol=KNOWN["psync.v2.json"])]
    event = PeerJoined(PeerInfo("a", "g", 0.0), {})
    for bench in benches:
        bench.outbox.send(event)
        bench.turn()
    sent = [bench.socket.sent for bench in benches]
    assert sent[0] == sent[2] != sent[1] == sent[3]
    assert sorted(event.frames) == ["json", "json v2"]
