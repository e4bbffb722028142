"""What a client sends, and what its PeerActor is told of it; the end of a connection is in `test_connection_end.py`."""

import gevent
import pykka
import pytest

from actors.events import Format
from actors.messages import BadMessage, Heartbeat, Leave, Lost, Ping, Pong, Register, Relay
from actors.reasons import CloseCode, ErrorCode, LeaveReason
from gateway.connection import PRESSURE
from gateway.frames import BINARY, CLOSE, PING, PONG, TEXT, encode, encode_close
from gateway.subprotocol import KNOWN
from tests.gateway.doubles import READ, TlsHeldSocket
from tests.gateway.wired import CLOSE_TIMEOUT, LEAVE, MESSAGE_TIMEOUT, UNMASKED, UNMASKED_SAYS, Wired, frame, heartbeat

REGISTER = b'{"type":"register","payload":{"peer_id":"a","group_id":"g"}}'
LOST, LEFT = Lost(LeaveReason.LOST), Lost(LeaveReason.LEFT)


@pytest.fixture
def wired() -> Wired:
    return Wired()


# --- Reading ---


def test_a_text_frame_is_read_as_json_and_a_binary_one_as_msgpack(wired: Wired) -> None:
    wired.comes(frame(TEXT, LEAVE), frame(BINARY, b"\x81\xa4type\xa5leave"))
    assert wired.told() == [Leave(), Leave()]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (REGISTER, Register),
        (b'{"type":"offer","target_id":"b","payload":{}}', Relay),
        (b'{"type":"heartbeat"}', Heartbeat),
        (LEAVE, Leave),
    ],
)
def test_every_kind_of_message_reaches_the_actor(wired: Wired, text: bytes, kind: type) -> None:
    wired.comes(frame(TEXT, text))
    assert [type(message) for message in wired.told()] == [kind]


def test_what_came_behind_the_handshake_is_the_first_that_is_read() -> None:
    wired = Wired(behind=heartbeat(1) + heartbeat(2)[:5])
    wired.comes(heartbeat(2)[5:] + heartbeat(3))
    assert wired.numbers() == [1, 2, 3]


def test_bytes_in_any_pieces_make_the_same_messages(wired: Wired) -> None:
    stream = b"".join(map(heartbeat, range(5)))
    wired.comes(*(stream[at : at + 3] for at in range(0, len(stream), 3)))
    assert wired.numbers() == list(range(5))


def test_a_bad_message_is_told_to_the_actor_and_the_connection_kept(wired: Wired) -> None:
    wired.comes(frame(TEXT, b"[]"))
    [message] = wired.told()
    assert isinstance(message, BadMessage)
    assert message.code is ErrorCode.BAD_MESSAGE
    assert wired.socket.sent == b""


def test_a_readiness_without_data_is_nothing(wired: Wired) -> None:
    wired.loop.poll(READ)
    assert wired.told() == []
    assert not wired.is_over


def test_answers_are_in_the_format_of_the_register_frame(wired: Wired) -> None:
    wired.comes(frame(TEXT, REGISTER))
    wired.comes(frame(BINARY, b"\x81\xa4type\xa5leave"))
    assert wired.connection.outbox.format is Format.JSON


def test_before_a_register_answers_are_in_the_format_of_the_last_frame(wired: Wired) -> None:
    formats = []
    for client_frame in (frame(BINARY, b"\x80"), frame(TEXT, b"{}"), frame(BINARY, b"\x80")):
        wired.comes(client_frame)
        formats.append(wired.connection.outbox.format)
    assert formats == [Format.MSGPACK, Format.JSON, Format.MSGPACK]


def test_a_ping_is_answered_and_told(wired: Wired) -> None:
    wired.comes(frame(PING, b"abc"))
    assert wired.told() == [Ping()]
    assert wired.socket.sent == encode(PONG, b"abc")


def test_a_pong_is_told(wired: Wired) -> None:
    wired.comes(frame(PONG, b"abc"))
    assert wired.told() == [Pong()]


# --- Pressure ---


def test_more_frames_than_the_actor_takes_at_once_are_handled_turn_by_turn_and_nothing_is_read_meanwhile(wired: Wired) -> None:
    wired.arrives(b"".join(heartbeat(number) for number in range(PRESSURE + 10)))
    assert wired.numbers() == list(range(PRESSURE))
    assert wired.loop.watching(READ) == 0
    wired.peer.handled()
    wired.loop.settle()
    assert wired.numbers() == list(range(PRESSURE, PRESSURE + 10))
    assert wired.loop.watching(READ) == 1
    assert wired.metrics.value("read_pauses") == 1


def test_a_full_mailbox_loses_nothing_and_changes_no_order(wired: Wired) -> None:
    wired.peer.room = 3
    wired.arrives(b"".join(map(heartbeat, range(10))))
    wired.socket.incoming.append(heartbeat(10))
    told = []
    for _ in range(5):
        told.append(len(wired.peer.told))
        wired.peer.handled()
        wired.loop.poll(READ)
    assert told == [3, 6, 9, 10, 11]
    assert wired.numbers() == list(range(11))


def test_while_the_actor_has_enough_to_do_its_client_is_not_read(wired: Wired) -> None:
    wired.peer.waiting = PRESSURE
    wired.arrives(heartbeat(1))
    assert wired.loop.watching(READ) == 0
    for _ in range(3):
        wired.loop.poll(READ)
    assert wired.loop.watching(READ) == 0
    wired.peer.handled()
    wired.loop.settle()
    assert wired.loop.watching(READ) == 1
    assert wired.numbers() == [1]


def test_a_ping_that_has_to_wait_is_answered_once(wired: Wired) -> None:
    wired.peer.room = 0
    wired.arrives(frame(PING, b"1"))
    assert wired.socket.sent == b""
    wired.peer.room = None
    wired.loop.settle()
    assert wired.told() == [Ping()]
    assert wired.socket.sent == encode(PONG, b"1")


def test_a_violation_behind_frames_that_wait_closes_after_them(wired: Wired) -> None:
    wired.peer.room = 1
    wired.arrives(heartbeat(1) + heartbeat(2) + UNMASKED)
    assert wired.socket.sent == b""
    wired.peer.handled()
    wired.loop.settle()
    assert [message.id for message in wired.told()[:2]] == ["1", "2"]
    assert wired.socket.sent == UNMASKED_SAYS


def test_a_close_behind_frames_that_wait_comes_after_them(wired: Wired) -> None:
    wired.peer.room = 1
    wired.arrives(heartbeat(1) + heartbeat(2) + frame(CLOSE))
    wired.peer.handled()
    wired.loop.settle()
    first, second, last = wired.told()
    assert (first.id, second.id, last) == ("1", "2", LEFT)


def test_frames_that_wait_when_the_server_closes_are_dropped_but_for_the_clients_close(wired: Wired) -> None:
    wired.peer.room = 1
    wired.arrives(heartbeat(1) + heartbeat(2) + frame(CLOSE))
    wired.connection.outbox.close(CloseCode.RESTART)
    wired.peer.handled()
    wired.loop.settle()
    assert [type(message) for message in wired.told()] == [Heartbeat, Lost]
    assert wired.socket.is_shut()


def test_an_end_while_frames_wait_is_the_end(wired: Wired) -> None:
    wired.peer.room = 1
    wired.arrives(heartbeat(1) + heartbeat(2))
    wired.connection.end()
    wired.loop.settle()
    assert wired.numbers() == [1]
    assert wired.is_over


# --- A message that is not finished ---


def test_a_message_that_is_not_finished_in_time_closes_with_1008(wired: Wired) -> None:
    wired.comes(heartbeat(1)[:-1])
    wired.loop.advance(MESSAGE_TIMEOUT - 0.1)
    assert wired.socket.sent == b""
    wired.loop.advance(0.2)
    assert wired.socket.sent == encode_close(1008, "message not finished within 10 s")
    assert wired.told() == [LOST]


def test_a_body_that_trickles_does_not_move_the_deadline(wired: Wired) -> None:
    message = heartbeat(1)
    for at in range(11):
        wired.comes(message[at : at + 1])
        wired.loop.advance(1)
    assert wired.socket.sent.startswith(b"\x88")


def test_pings_within_a_message_do_not_move_the_deadline(wired: Wired) -> None:
    wired.comes(frame(TEXT, b"{", fin=False))
    for _ in range(5):
        wired.loop.advance(MESSAGE_TIMEOUT / 4)
        wired.comes(frame(PING))
    assert encode_close(1008, "message not finished within 10 s") in wired.socket.sent


def test_each_message_has_its_own_time(wired: Wired) -> None:
    wired.comes(heartbeat(1)[:-1])
    for _ in range(5):
        wired.loop.advance(MESSAGE_TIMEOUT - 1)
        wired.comes(heartbeat(1)[-1:] + heartbeat(1)[:-1])
    assert wired.numbers() == [1] * 5
    wired.loop.advance(MESSAGE_TIMEOUT + 1)
    assert wired.socket.sent.startswith(b"\x88")


def test_a_message_that_is_finished_in_time_leaves_no_deadline(wired: Wired) -> None:
    wired.comes(heartbeat(1)[:-1])
    wired.comes(heartbeat(1)[-1:])
    wired.loop.advance(10 * MESSAGE_TIMEOUT)
    assert wired.socket.sent == b""
    assert wired.loop.watching(READ) == len(wired.loop.watchers) == 1


# --- Faults of ours ---


def test_a_peer_actor_that_died_without_closing_is_closed_for_with_1011(wired: Wired) -> None:
    wired.peer.fault = pykka.ActorDeadError()
    wired.comes(heartbeat(1))
    assert wired.socket.sent == encode_close(1011, "server fault")
    assert wired.socket.is_shut()


def test_a_peer_actor_that_closed_before_it_died_keeps_its_code(wired: Wired) -> None:
    wired.connection.outbox.close(CloseCode.REGISTER_TIMEOUT, "x")
    wired.peer.fault = pykka.ActorDeadError()
    wired.comes(heartbeat(1), frame(CLOSE))
    assert wired.socket.sent == encode_close(4408, "x")
    assert wired.socket.is_shut()


@pytest.mark.parametrize("fault", [ZeroDivisionError(), gevent.Timeout(), gevent.GreenletExit(), SystemExit()], ids=repr)
@pytest.mark.parametrize("waits", [False, True])
def test_a_fault_while_frames_are_handled_is_logged_and_closes_with_1011(
    wired: Wired, caplog: pytest.LogCaptureFixture, fault: BaseException, waits: bool
) -> None:
    if waits:
        wired.peer.room = 0
    wired.peer.fault = None if waits else fault
    wired.arrives(heartbeat(1))
    wired.peer.fault = fault
    wired.loop.settle()
    assert wired.socket.sent == encode_close(1011, "server fault")
    assert wired.peer.ends() == [LOST]
    [record] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.exc_info is not None
    wired.loop.advance(CLOSE_TIMEOUT)
    assert wired.is_over


# --- TLS ---


@pytest.fixture
def tls() -> Wired:
    return Wired(TlsHeldSocket())


def test_what_tls_holds_behind_the_first_read_is_read_without_the_kernels_word(tls: Wired) -> None:
    tls.socket.incoming.extend(map(heartbeat, range(5)))
    tls.loop.poll(READ)
    tls.loop.settle()
    assert tls.numbers() == list(range(5))


def test_what_tls_holds_behind_the_handshake_is_read_without_the_kernels_word() -> None:
    socket = TlsHeldSocket()
    socket.incoming.append(heartbeat(2))
    tls = Wired(socket, behind=heartbeat(1))
    tls.loop.settle()
    assert tls.numbers() == [1, 2]


def test_what_tls_holds_waits_as_all_else_while_the_actor_has_enough_to_do(tls: Wired) -> None:
    tls.peer.room = 1
    tls.socket.incoming.extend([heartbeat(1) + heartbeat(2), heartbeat(3)])
    tls.loop.poll(READ)
    for _ in range(3):
        tls.loop.poll()
    assert len(tls.peer.told) == 1
    tls.peer.room = None
    tls.peer.handled()
    tls.loop.settle()
    assert tls.numbers() == [1, 2, 3]


# --- Profiles ---


@pytest.mark.parametrize(("name", "right", "wrong"), [("psync.v2.json", TEXT, BINARY), ("psync.v2.msgpack", BINARY, TEXT)])
def test_a_frame_of_the_wrong_type_ends_a_v2_connection_behind_what_came_before(name: str, right: int, wrong: int) -> None:
    wired = Wired(subprotocol=KNOWN[name])
    content = {TEXT: LEAVE, BINARY: b"\x81\xa4type\xa5leave"}
    wired.comes(frame(right, content[right]) + frame(PING, b"p") + frame(wrong, content[wrong]) + frame(right, content[right]))
    assert wired.told() == [Leave(), Ping(), LOST]
    kind = "text" if right == TEXT else "binary"
    assert wired.socket.sent == encode(PONG, b"p") + encode_close(1003, f"{name} takes {kind} frames alone")


def test_a_v2_client_is_answered_in_its_format_before_it_has_said_a_word() -> None:
    assert [Wired(subprotocol=known).connection.outbox.format for known in KNOWN.values()] == [Format.JSON, Format.MSGPACK]


def test_a_v2_client_may_register_again_and_again_in_its_format() -> None:
    wired = Wired(subprotocol=KNOWN["psync.v2.json"])
    wired.comes(frame(TEXT, REGISTER), frame(TEXT, LEAVE), frame(TEXT, REGISTER))
    assert [type(message) for message in wired.told()] == [Register, Leave, Register]
    assert wired.connection.outbox.format is Format.JSON


def test_what_the_log_says_of_a_connection_names_it_by_an_id_that_no_other_has(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "gateway.connection")
    wired = Wired()
    wired.client_ends()
    records = [vars(record) for record in caplog.records]
    assert {(record["address"], record["connection"]) for record in records} == {("192.0.2.1:5", wired.connection.id)}
    assert [record["message"] for record in records] == ["open", "ended"]
    assert len(wired.connection.id) == 16
    assert Wired().connection.id != wired.connection.id
