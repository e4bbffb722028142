"""The limits of a connection's beginning and end: its request, the time for it, for the register, and for the end of TCP."""

import time

from tests.integration.limits.case import GROUP, Case, bare, upgraded
from tests.integration.line import CLOSE, HANDSHAKE, frame
from tests.integration.server import Server

__all__ = ["CASES"]

HEADER_BYTES, HEADERS = 1024, 8
SECONDS = 1.0
IN_TIME = SECONDS / 3
TOO_LATE = SECONDS - 0.1


def request(headers: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in (HANDSHAKE | headers).items())
    return f"GET /ws HTTP/1.1\r\n{lines}\r\n".encode()


def of_size(size: int) -> bytes:
    return request({"X": "x" * (size - len(request({"X": ""})))})


def of_headers(count: int) -> bytes:
    return request({f"X-{number}": "x" for number in range(count - len(HANDSHAKE))})


def status_of(server: Server, data: bytes) -> int:
    line = server.line()
    line.send(data)
    return line.head().status


def long_request(server: Server) -> None:
    assert status_of(server, of_size(HEADER_BYTES)) == 101


def too_long_request(server: Server) -> None:
    assert status_of(server, of_size(HEADER_BYTES + 1)) == 431


def many_headers(server: Server) -> None:
    assert status_of(server, of_headers(HEADERS)) == 101


def too_many_headers(server: Server) -> None:
    assert status_of(server, of_headers(HEADERS + 1)) == 431


def handshake_in_time(server: Server) -> None:
    line, data = server.line(), request({})
    line.send(data[:20])
    time.sleep(IN_TIME)  # as slow as it is
    line.send(data[20:])
    assert line.head().status == 101


def handshake_too_late(server: Server) -> None:
    line, began = server.line(), time.monotonic()
    line.send(request({})[:20])
    assert line.receive() == b""
    assert time.monotonic() - began > TOO_LATE


def register_in_time(server: Server) -> None:
    client = bare(server)
    time.sleep(IN_TIME)  # as slow as it is
    client.register("me", GROUP)


def register_too_late(server: Server) -> None:
    in_time, began, late = bare(server), time.monotonic(), bare(server)
    in_time.register("me", GROUP)
    assert late.closed().code == 4408
    assert time.monotonic() - began > TOO_LATE
    in_time.assert_silence()


def end_in_time(server: Server) -> None:
    line = upgraded(server)
    line.send(frame(CLOSE))
    line.close_frame()
    time.sleep(IN_TIME)  # as slow as it is
    line.close()
    server.wait_for_connections(0)


def end_too_late(server: Server) -> None:
    line, began = upgraded(server), time.monotonic()
    line.send(frame(CLOSE))
    line.close_frame()
    server.wait_for_connections(0)
    assert time.monotonic() - began > TOO_LATE


CASES = {
    "header_bytes": Case(HEADER_BYTES, long_request, too_long_request, "refusals", "header_bytes"),
    "headers": Case(HEADERS, many_headers, too_many_headers, "refusals", "headers"),
    "handshake_timeout": Case(SECONDS, handshake_in_time, handshake_too_late, "refusals", "handshake_timeout"),
    "register_timeout": Case(SECONDS, register_in_time, register_too_late, "closes", "4408"),
    "close_timeout": Case(SECONDS, end_in_time, end_too_late, "close_timeouts"),
}
