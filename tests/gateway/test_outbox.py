"""What waits for one client: order, bounds, and one write in each turn, on a socket that takes what it is told to take."""

import ssl
import sys
from typing import Any

import pytest
from msgspec.structs import replace

from actors.events import ErrorEvent, Format, PeerInfo, PeerJoined, PeerList, Profile, Reference
from actors.reasons import CloseCode, ErrorCode
from gateway.frames import BINARY, CLOSE, PING, PONG, TEXT, encode, encode_close
from gateway.outbox import REFUSAL_BYTES
from gateway.wire import encode as encode_event
from tests.gateway.doubles import READ, WRITE
from tests.gateway.outboxed import LIMIT, Bench, NotingSender, relayed

EVENT = ErrorEvent(ErrorCode.INTERNAL, "why", temporary=True, reference=Reference())
FRAME = encode(TEXT, encode_event(EVENT, Format.JSON))
FITTING = LIMIT // len(FRAME)
SLOW = encode_close(4413, "slow consumer: outbox full")


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_all_that_a_turn_brings_is_one_write_in_its_order(bench: Bench) -> None:
    bench.outbox.send(EVENT)
    bench.outbox.ping()
    bench.outbox.pong(b"p")
    assert bench.socket.sends == []
    assert bench.outbox.pending
    bench.turn()
    assert bench.socket.sends == [FRAME + encode(PING, b"") + encode(PONG, b"p")]
    assert not bench.outbox.pending


def test_each_turn_writes_anew(bench: Bench) -> None:
    for _ in range(3):
        bench.outbox.send(EVENT)
        bench.turn()
    assert bench.socket.sends == [FRAME] * 3


def test_an_event_is_text_for_a_json_client_and_binary_for_a_msgpack_client(bench: Bench) -> None:
    bench.outbox.send(EVENT)
    bench.outbox.format = Format.MSGPACK
    bench.outbox.send(EVENT)
    bench.turn()
    assert bench.socket.sent == FRAME + encode(BINARY, encode_event(EVENT, Format.MSGPACK))


def test_a_broadcast_is_encoded_once_for_each_format() -> None:
    joined = PeerJoined(PeerInfo("a", "g", 0.0), {})
    benches = [Bench() for _ in range(4)]
    for bench, form in zip(benches, [Format.JSON, Format.MSGPACK] * 2, strict=True):
        bench.outbox.format = form
        bench.outbox.send(joined)
        bench.turn()
    assert sorted(joined.frames.values()) == sorted({bench.socket.sent for bench in benches})
    assert len(joined.frames) == 2
    assert benches[0].socket.sends[0] is benches[2].socket.sends[0]


def test_a_payload_without_a_form_in_the_clients_encoding_is_told_to_the_teller(bench: Bench) -> None:
    assert bench.outbox.send(relayed(b"\xc4\x01x", Format.MSGPACK)) is ErrorCode.UNREPRESENTABLE
    assert bench.outbox.send(EVENT) is None
    bench.turn()
    assert bench.socket.sent == FRAME


def test_a_broadcast_without_a_form_is_found_out_once_for_each_format() -> None:
    tried: list[Format] = []

    def noted(event: Any, form: Format, profile: Profile) -> bytes:  # noqa: ANN401 - as the port has it
        tried.append(form)
        return encode_event(event, form, profile)

    broadcast = replace(relayed(b"\xc4\x01x", Format.MSGPACK), target_id=None, frames={})
    benches = [Bench(encode=noted) for _ in range(3)]
    assert [bench.outbox.send(broadcast) for bench in benches] == [ErrorCode.UNREPRESENTABLE] * 3
    assert tried == [Format.JSON]
    assert not any(bench.outbox.pending for bench in benches)


@pytest.mark.parametrize("window", [1, 7, len(FRAME), len(FRAME) + 1, 3 * len(FRAME) - 1])
def test_a_socket_that_takes_a_part_gets_the_rest_when_it_is_ready_in_the_same_order(bench: Bench, window: int) -> None:
    bench.socket.window = window
    for _ in range(3):
        bench.outbox.send(EVENT)
    bench.turn()
    assert bench.socket.sent == (FRAME * 3)[:window]
    bench.outbox.ping()
    bench.turn()
    while bench.outbox.pending:
        bench.writable(window)
    assert bench.socket.sent == FRAME * 3 + encode(PING, b"")
    assert bench.loop.watching(WRITE) == 0


def test_nothing_is_tried_again_before_the_socket_is_ready(bench: Bench) -> None:
    bench.socket.window = 0
    bench.outbox.send(EVENT)
    bench.turn()
    bench.socket.window = None
    for _ in range(3):
        bench.outbox.send(EVENT)
        bench.turn()
    assert bench.socket.sends == []
    assert bench.loop.watching(WRITE) == 1
    bench.loop.poll(READ)
    assert bench.socket.sends == []
    bench.loop.poll(WRITE)
    assert bench.socket.sends == [FRAME * 4]


@pytest.mark.parametrize("fault", [ssl.SSLWantWriteError(), ssl.SSLWantReadError()])
def test_tls_that_cannot_write_now_is_tried_again_with_the_same_bytes_first(bench: Bench, fault: OSError) -> None:
    bench.socket.fault = fault
    bench.outbox.send(EVENT)
    bench.turn()
    bench.outbox.ping()
    bench.socket.fault = None
    bench.writable()
    assert bench.socket.sends == [FRAME + encode(PING, b"")]


def test_the_bound_itself_is_taken(bench: Bench) -> None:
    bench.socket.window = 0
    bench.turn()
    for _ in range(FITTING):
        assert bench.outbox.send(EVENT) is None
    bench.turn()
    assert bench.owner.notes == []
    assert bench.metrics.value("outbox_overflows") == 0


def test_one_beyond_the_bound_closes_a_client_that_does_not_read_with_4413(bench: Bench) -> None:
    bench.socket.window = 10
    for _ in range(FITTING):
        bench.outbox.send(EVENT)
    bench.turn()
    assert bench.outbox.send(EVENT) is ErrorCode.SLOW_PEER
    assert bench.owner.notes == [("closing", 4413), "overflowed"]
    assert bench.outbox.send(EVENT) is ErrorCode.UNDELIVERED
    assert bench.outbox.closed
    assert bench.metrics.value("outbox_overflows") == 1
    assert bench.metrics.value("closes", "4413") == 1
    bench.writable()
    assert bench.socket.sent == FRAME * FITTING + SLOW
    assert bench.owner.notes[2:] == ["written"]


def test_a_client_that_is_shed_gets_the_code_behind_what_was_begun_and_the_senders_of_the_rest_are_told(bench: Bench) -> None:
    sender = NotingSender()
    bench.socket.window = 5
    for id_ in "12":
        bench.outbox.send(relayed(b'"x"', sender=sender, id_=id_))
        bench.turn()
    assert bench.outbox.waiting > 0
    bench.outbox.shed(CloseCode.TRY_LATER)
    assert bench.owner.notes == [("closing", 1013), "overflowed"]
    assert sender.given_back == [("2", ErrorCode.SLOW_PEER)]
    bench.writable()
    first = encode(TEXT, encode_event(relayed(b'"x"', id_="1"), Format.JSON))
    assert bench.socket.sent == first + encode_close(1013, "full, try later")


def test_a_client_for_whom_nothing_waits_is_not_shed(bench: Bench) -> None:
    bench.outbox.shed(CloseCode.TRY_LATER)
    assert bench.owner.notes == []
    assert not bench.outbox.closed


def test_at_the_bound_what_was_not_tried_yet_makes_room_for_the_close_frame(bench: Bench) -> None:
    bench.socket.window = 10
    bench.outbox.send(EVENT)
    bench.turn()
    while bench.outbox.send(EVENT) is None:
        pass
    bench.writable()
    assert bench.socket.sent == FRAME + SLOW


def test_a_fast_client_may_be_told_more_in_one_turn_than_the_bound(bench: Bench) -> None:
    for _ in range(5 * FITTING):
        assert bench.outbox.send(EVENT) is None
    bench.turn()
    assert bench.socket.sent == FRAME * 5 * FITTING
    assert max(map(len, bench.socket.sends)) <= LIMIT


def test_a_frame_above_the_bound_passes_when_nothing_else_waits(bench: Bench) -> None:
    peers = PeerList(tuple(PeerInfo(f"peer-{number}", "g", 0.0) for number in range(50)))
    frame = encode(TEXT, encode_event(peers, Format.JSON))
    assert len(frame) > LIMIT
    bench.outbox.send(EVENT)
    assert bench.outbox.send(peers) is None
    bench.turn()
    assert bench.socket.sent == FRAME + frame


def test_a_frame_above_the_bound_does_not_pass_behind_others(bench: Bench) -> None:
    bench.socket.window = 0
    bench.outbox.send(EVENT)
    bench.turn()
    assert bench.outbox.send(relayed(b'"%s"' % (b"x" * LIMIT))) is ErrorCode.SLOW_PEER


def test_a_flood_of_pings_by_a_client_that_does_not_read_is_bounded_like_all_else(bench: Bench) -> None:
    bench.socket.window = 0
    for _ in range(100):
        bench.outbox.pong(b"x" * 125)
        bench.turn()
    assert bench.metrics.value("closes", "4413") == 1
    bench.writable()
    assert len(bench.socket.sent) <= LIMIT + len(SLOW)


def test_close_is_written_behind_what_was_taken_and_nothing_after(bench: Bench) -> None:
    bench.outbox.send(EVENT)
    bench.outbox.close(CloseCode.RESTART, "bye")
    assert bench.outbox.send(EVENT) is ErrorCode.UNDELIVERED
    bench.outbox.ping()
    bench.outbox.pong(b"")
    bench.outbox.close(CloseCode.SERVER_FAULT)
    bench.outbox.answer_close(1000)
    assert bench.owner.notes == [("closing", 1012)]
    bench.turn()
    assert bench.socket.sent == FRAME + encode_close(1012, "bye")
    assert bench.owner.notes == [("closing", 1012), "written"]
    assert bench.metrics.values()["closes"] == {"1012": 1}


def test_a_close_frame_that_is_written_in_two_parts_is_told_when_it_is_whole(bench: Bench) -> None:
    bench.socket.window = 3
    bench.outbox.close(CloseCode.RESTART, "bye")
    bench.turn()
    assert bench.owner.notes == [("closing", 1012)]
    bench.writable()
    assert bench.owner.notes == [("closing", 1012), "written"]


@pytest.mark.parametrize(("code", "body"), [(1000, b"\x03\xe8"), (3999, b"\x0f\x9f"), (1005, b"")])
def test_a_clients_close_is_answered_with_its_own_code(bench: Bench, code: int, body: bytes) -> None:
    bench.outbox.answer_close(code)
    bench.turn()
    assert bench.socket.sent == encode(CLOSE, body)
    assert bench.metrics.values()["closes"] == {"by client": 1}


def test_a_broken_socket_is_told_once_and_never_written_to_again(bench: Bench) -> None:
    bench.socket.fault = ConnectionResetError()
    bench.outbox.send(EVENT)
    bench.turn()
    bench.socket.fault = None
    assert bench.owner.notes == [("broken", ConnectionResetError)]
    assert bench.outbox.send(EVENT) is ErrorCode.UNDELIVERED
    bench.turn()
    assert bench.socket.sends == []


def test_a_socket_that_breaks_while_room_is_made_did_not_belong_to_a_slow_client(bench: Bench) -> None:
    for _ in range(FITTING):
        bench.outbox.send(EVENT)
    bench.socket.fault = BrokenPipeError()
    assert bench.outbox.send(EVENT) is ErrorCode.UNDELIVERED
    assert bench.owner.notes == [("broken", BrokenPipeError)]
    assert bench.metrics.value("outbox_overflows") == 0


def test_after_the_end_nothing_is_held_written_or_watched(bench: Bench) -> None:
    bench.socket.window = 0
    bench.outbox.send(EVENT)
    bench.turn()
    bench.outbox.ping()
    bench.outbox.abandon()
    bench.socket.window = None
    bench.outbox.close(CloseCode.RESTART)
    bench.loop.poll(WRITE)
    bench.turn()
    assert not bench.outbox.pending
    assert bench.loop.watchers == []
    assert bench.socket.sends == []
    assert bench.owner.notes == []


def test_an_end_between_the_taking_and_the_turns_end_writes_nothing(bench: Bench) -> None:
    bench.outbox.send(EVENT)
    bench.outbox.abandon()
    bench.turn()
    assert bench.socket.sends == []


def test_the_senders_of_what_an_overflow_drops_are_told_and_those_of_what_is_written_are_not(bench: Bench) -> None:
    sender = NotingSender()
    bench.outbox.send(relayed(b'"written"', sender=sender, id_="1"))
    bench.turn()
    bench.socket.window = 10
    bench.outbox.send(relayed(b'"begun"', sender=sender, id_="2"))
    bench.turn()
    bench.outbox.send(EVENT)
    bench.outbox.send(relayed(b'"dropped"', sender=sender, id_="3"))
    bench.outbox.send(relayed(b'"dropped"', sender=sender, id_="4"))
    assert bench.outbox.send(relayed(b'"%b"' % (b"x" * LIMIT), sender=sender)) is ErrorCode.SLOW_PEER
    assert sender.given_back == [("3", ErrorCode.SLOW_PEER), ("4", ErrorCode.SLOW_PEER)]
    bench.writable()
    bench.outbox.abandon()
    assert len(sender.given_back) == 2


def test_no_more_small_relays_wait_than_their_refusals_would_fill_an_outbox(bench: Bench) -> None:
    sender, most = NotingSender(), LIMIT // REFUSAL_BYTES
    bench.socket.window = 0
    assert [bench.outbox.send(relayed(b"1", sender=sender)) for _ in range(most)] == [None] * most
    assert bench.outbox.send(EVENT) is None
    assert bench.outbox.send(relayed(b"1", sender=sender)) is ErrorCode.SLOW_PEER
    assert bench.owner.notes == [("closing", 4413), "overflowed"]


@pytest.mark.parametrize(("window", "lost"), [(0, ["1", "2", "3"]), (60, ["1", "2", "3"]), (180, ["2", "3"]), (None, [])])
def test_the_senders_of_what_is_not_written_whole_when_the_socket_ends_are_told(bench: Bench, window: int | None, lost: list[str]) -> None:
    sender = NotingSender()
    bench.socket.window = window
    for number in ("1", "2", "3"):
        bench.outbox.send(relayed(b'"%b"' % (b"x" * 80), sender=sender, id_=number))
    bench.turn()
    bench.outbox.abandon()
    assert sender.given_back == [(number, ErrorCode.UNDELIVERED) for number in lost]


def test_payloads_of_messages_that_wait_for_the_client_are_not_held_beside_their_frames(bench: Bench) -> None:
    bench.socket.window = 10
    payloads = [b'"%d%b"' % (number, b"x" * 80) for number in range(3)]
    for payload in payloads:
        bench.outbox.send(relayed(payload))
        bench.turn()
    held = [sys.getrefcount(payload) for payload in payloads]
    assert held == [3, 3, 4]  # the list, this loop, the call; and the loop above
