"""What is no handshake gets its answer and the end, on real sockets; so does one that may not come in."""

import _socket
import logging
from collections.abc import Callable

import pytest

from tests.gateway.door import Door, read_all, request, wait_for


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request("POST"), 400),
        (request(version="HTTP/1.0"), 400),
        (request(connection=None), 400),
        (request(connection="keep-alive"), 400),
        (request(sec_websocket_version=None), 426),
        (request(sec_websocket_version="8"), 426),
        (request(sec_websocket_version="13, 8"), 426),
        (request(sec_websocket_key=None), 400),
        (request(sec_websocket_key=""), 400),
        (request(sec_websocket_key="AAAA"), 400),
        (request(sec_websocket_key="!" * 24), 400),
        (request(sec_websocket_key="\xff" * 24), 400),
        (request(sec_websocket_protocol="graphql-ws"), 400),
        (request(host=None), 400),
        (request(content_length="5") + b"hello", 413),
        (request(transfer_encoding="chunked") + b"5\r\nhello\r\n0\r\n\r\n", 413),
        (request(x_long="x" * 5000), 431),
        (request(**{f"x{number}": "y" for number in range(20)}), 431),
        (request(path="/" + "x" * 4100), 431),
        (b"GET /ws\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"GET /ws HTTP/1.1\r\nHost a\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500 + b"\n", 400),
        (request(upgrade=None), 426),
        (request("POST", upgrade=None), 405),
        (request(upgrade="h2c"), 426),
        (request(path="/nothing"), 404),
        (request(path="/health"), 200),
    ],
)
def test_what_is_no_handshake_gets_its_answer_and_the_end(door: Door, data: bytes, status: int) -> None:
    answer = door.ask(data)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert head.count(b"HTTP/1.1") == 1
    assert b"\r\nConnection: close" in head
    assert b"\r\nContent-Length: %d\r\n" % len(body) in head + b"\r\n"
    assert door.accepted == []
    assert door.admission.open == 0


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (request(x_long="x" * 5000), "header_bytes"),
        (request(path="/" + "x" * 4100), "header_bytes"),
        (request(**{f"x{number}": "y" for number in range(20)}), "headers"),
        (request(host=None), "bad_request"),
        (b"GET /ws\r\n", "bad_request"),
        (request(connection=None), "handshake"),
    ],
)
def test_a_refusal_is_counted_by_its_reason(door: Door, data: bytes, reason: str) -> None:
    door.ask(data)
    assert door.refusals() == {reason: 1}


def test_a_wrong_version_is_told_the_right_one(door: Door) -> None:
    answer = door.ask(request(sec_websocket_version="7"))
    assert b"\r\nSec-WebSocket-Version: 13\r\n" in answer
    assert b"\r\nUpgrade: websocket\r\n" in answer


def test_an_unknown_subprotocol_is_told_what_to_do(door: Door) -> None:
    assert b"leave Sec-WebSocket-Protocol out" in door.ask(request(sec_websocket_protocol="a, b"))


def test_a_head_request_is_answered_without_a_body(door: Door) -> None:
    head, _, body = door.ask(request("HEAD", "/health", upgrade=None)).partition(b"\r\n\r\n")
    assert b"Content-Length: 3" in head
    assert body == b""


def test_a_second_request_on_a_connection_is_dropped_with_it(door: Door) -> None:
    answer = door.ask(request(path="/health", upgrade=None) + request())
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.endswith(b"OK\n")
    assert door.accepted == []


def test_a_client_that_sends_a_long_body_still_reads_why_it_was_refused(door: Door) -> None:
    assert door.ask(request(content_length="100000"), b"x" * 100_000).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("data", [b"", b"GET /ws HTT", request()[:-2], request()[:30]])
def test_a_client_that_ends_too_early_is_ended(door: Door, data: bytes) -> None:
    client = door.client()
    client.sendall(data)
    client.shutdown(_socket.SHUT_WR)
    read_all(client)
    wait_for(lambda: not door.busy())
    assert door.admission.open == 0


def test_a_client_that_resets_is_counted_and_forgotten(door: Door) -> None:
    client = door.client()
    client.sendall(b"GET /ws HTTP/1.1\r\n")
    wait_for(lambda: door.busy() == 1)
    client.setsockopt(_socket.SOL_SOCKET, _socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    client.close()
    wait_for(lambda: not door.busy())
    assert door.refusals() == {"connection_failed": 1}


def test_one_too_many_from_an_address_is_refused_and_the_others_stay(doors: Callable[..., Door]) -> None:
    door = doors(per_address=2)
    for _ in range(2):
        door.upgraded(request())
    answer = door.ask(request())
    assert answer.startswith(b"HTTP/1.1 429 ")
    assert b"\r\nRetry-After: 5\r\n" in answer
    assert door.refusals() == {"connections_per_address": 1}
    assert door.admission.open == 2


def test_a_refused_handshake_is_logged_with_its_reason_and_where_it_came_from(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "gateway.audit"):
        door.ask(request(sec_websocket_key="AAAA"))
    [record] = caplog.records
    assert vars(record)["reason"] == "handshake"
    assert vars(record)["address"] == "127.0.0.1"


def test_an_address_with_too_many_handshakes_under_way_is_turned_away_and_the_next_is_served_when_one_ends(
    doors: Callable[..., Door],
) -> None:
    door = doors(handshakes_per_address=2)
    silent = [door.client() for _ in range(2)]
    wait_for(lambda: door.busy() == 2)
    answer = door.ask()
    assert answer.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert b"Retry-After: " in answer
    assert door.refusals() == {"handshakes_per_address": 1}
    silent[0].close()
    wait_for(lambda: door.busy() == 1)
    door.upgraded(request())


@pytest.mark.parametrize("path", ["/%77s", "/t/acme%2Fws", "/t/%61cme/ws", "/t/acme/ws%3Ftoken=x"])
def test_a_path_is_taken_as_it_was_sent_so_that_a_proxy_sees_the_same_one(door: Door, path: str) -> None:
    assert door.ask(request(path=path)).startswith(b"HTTP/1.1 404 ")
    assert door.accepted == []
