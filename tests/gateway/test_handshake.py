"""One HTTP request as bytes: what is read, in which pieces, up to which bound, and what is refused."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.handshake import Headers, RequestReader, RequestRefused, check_request_line
from tests.fuzz import handshake as fuzz
from tests.fuzz.handshake import Pieces

LIMIT = 1000


def reader(*pieces: bytes, limit: int = LIMIT) -> RequestReader:
    return RequestReader(Pieces(*pieces), limit)


def headers(*lines: bytes, most: int = 64) -> Headers:
    return Headers.read(reader(b"".join(line + b"\r\n" for line in (*lines, b""))), most)


def refusal(*lines: bytes, most: int = 64) -> tuple[str, str]:
    with pytest.raises(RequestRefused) as refused:
        headers(*lines, most=most)
    return refused.value.status[:3], refused.value.says


# --- RequestReader ---


def test_lines_come_with_their_ends_whatever_the_pieces() -> None:
    for size in range(1, 12):
        data = b"one\r\ntwo\nthree"
        read = reader(*(data[at : at + size] for at in range(0, len(data), size)))
        assert [read.readline() for _ in range(4)] == [b"one\r\n", b"two\n", b"three", b""]


def test_what_is_behind_the_request_is_kept_and_given_once() -> None:
    read = reader(b"one\r\n\r\nframes", b"more")
    assert [read.readline(), read.readline()] == [b"one\r\n", b"\r\n"]
    assert read.rest() == b"frames"
    assert read.rest() == b""


def test_nothing_more_is_read_than_is_asked_for() -> None:
    socket = Pieces(b"one\n", b"two\n")
    RequestReader(socket, LIMIT).readline()
    assert socket.reads == 1


def test_there_is_never_a_body() -> None:
    read = reader(b"one\r\nbody")
    read.readline()
    assert read.read(4) == b""


def test_as_many_bytes_as_the_limit_are_read() -> None:
    read = reader(b"x" * (LIMIT - 4) + b"\r\n\r\n")
    assert len(read.readline()) + len(read.readline()) == LIMIT


@pytest.mark.parametrize("size", [1, 100, 5000])
def test_one_byte_beyond_the_limit_is_refused_with_431(size: int) -> None:
    data = b"x" * (LIMIT - 3) + b"\r\n\r\n"
    read = reader(*(data[at : at + size] for at in range(0, len(data), size)))
    with pytest.raises(RequestRefused) as refused:
        list(iter(read.readline, b""))
    assert refused.value.status.startswith("431 ")
    assert refused.value.reason == "header_bytes"


def test_a_line_without_an_end_costs_no_more_than_the_limit_and_a_chunk() -> None:
    socket = Pieces(b"x" * 10**6)
    with pytest.raises(RequestRefused):
        RequestReader(socket, LIMIT).readline()
    assert socket.reads == 1


def test_a_reset_is_the_callers_to_handle() -> None:
    read = RequestReader(Pieces(b"GET", fault=ConnectionResetError()), LIMIT)
    with pytest.raises(ConnectionResetError):
        read.readline()


def test_a_reader_says_whether_it_was_closed() -> None:
    read = reader()
    assert not read.closed
    read.close()
    closed: bool = read.closed
    assert closed


# --- The request line ---


@pytest.mark.parametrize(
    "line", ["GET /ws HTTP/1.1\r\n", "GET /ws?token=x HTTP/1.1\n", "HEAD /health HTTP/1.0\r\n", "M-SEARCH * HTTP/1.1\r\n"]
)
def test_a_request_line_is_three_words(line: str) -> None:
    check_request_line(line)


@pytest.mark.parametrize(
    "line",
    [
        "GET /ws\r\n",  # HTTP/0.9
        "GET /ws HTTP/0.9\r\n",
        "GET /ws HTTP/1.2\r\n",
        "GET /ws HTTP/2.0\r\n",
        "GET /ws HTTP/1.1",
        "GET /ws HTTP/1.1\r\r\n",
        "GET /ws HTTP/1.1 \r\n",
        " GET /ws HTTP/1.1\r\n",
        "GET  /ws HTTP/1.1\r\n",
        "GET\t/ws\tHTTP/1.1\r\n",
        "GET\x0b/ws HTTP/1.1\r\n",
        "GET\xa0/ws HTTP/1.1\r\n",
        "GET /w s HTTP/1.1\r\n",
        "GET /\xff HTTP/1.1\r\n",
        "GET /\x00 HTTP/1.1\r\n",
        "GE(T /ws HTTP/1.1\r\n",
        "\r\n",
        "\x16\x03\x01\x02\x00\x01\r\n",  # TLS, spoken to a plain port
    ],
)
def test_anything_else_is_refused_with_400(line: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        check_request_line(line)
    assert refused.value.status.startswith("400 ")


# --- Headers ---


def test_headers_are_found_by_their_names_in_any_case() -> None:
    found = headers(b"Host: example.org", b"SEC-websocket-KEY:\t abc \t", b"X-Empty:")
    assert found.get("host") == found.getheader("HOST") == "example.org"
    assert found.get("Sec-WebSocket-Key") == "abc"
    assert found.get("x-empty") == ""
    assert found.get("x-absent", "default") == "default"
    assert found.typeheader is None
    assert headers(b"Content-Type: text/plain").typeheader == "text/plain"


def test_pywsgi_gets_them_as_lines() -> None:
    lines = (b"Host: a", b"Accept-Language: b: c", b"Content-Type: text/plain", b"X_Forwarded_For: 192.0.2.1")
    assert dict(headers(*lines).variables()) == {"HTTP_HOST": "a", "HTTP_ACCEPT_LANGUAGE": "b: c"}


def test_bytes_above_ascii_are_kept_as_latin_1() -> None:
    assert headers(b"X-Name: \xfc").get("x-name") == "\xfc"


def test_a_header_given_twice_is_one_list() -> None:
    assert headers(b"Connection: keep-alive", b"connection: Upgrade").get("Connection") == "keep-alive,Upgrade"


@pytest.mark.parametrize(
    "name", [b"Host", b"Sec-WebSocket-Key", b"Sec-WebSocket-Version", b"Content-Length", b"Upgrade", b"Origin", b"Authorization"]
)
def test_a_header_that_must_be_single_is_refused_when_it_comes_twice(name: bytes) -> None:
    status, says = refusal(name + b": a", name.lower() + b": a")
    assert status == "400"
    assert name.decode().lower() in says


@pytest.mark.parametrize(
    "line",
    [
        b"no colon",
        b": no name",
        b"Na me: x",
        b"Name : x",
        b" folded",
        b"\tfolded",
        b"Na\x00me: x",
        b"N\xffme: x",
        b"Name: x\x00y",
        b"Name: x\ry",
        b"Name: x\r",
        b"Name: x\x7f",
        b"Name: \x1b[31m",
    ],
)
def test_a_line_that_is_no_header_is_refused_with_400(line: bytes) -> None:
    assert refusal(b"Host: a", line)[0] == "400"


def test_headers_that_end_too_early_are_refused_with_400() -> None:
    for data in (b"", b"Host: a\r\n", b"Host: a", b"Host: a\r\n\r"):
        with pytest.raises(RequestRefused) as refused:
            Headers.read(reader(data), 64)
        assert refused.value.status.startswith("400 ")


def test_as_many_headers_as_the_limit_are_read_and_one_more_is_refused_with_431() -> None:
    lines = [b"X-%d: y" % number for number in range(9)]
    assert len(headers(*lines[:8], most=8)) == 8
    with pytest.raises(RequestRefused) as refused:
        headers(*lines, most=8)
    assert (refused.value.status[:3], refused.value.reason) == ("431", "headers")


def test_a_request_of_http_1_1_names_its_host() -> None:
    headers(b"Host: a").check_complete("HTTP/1.1")
    headers().check_complete("HTTP/1.0")
    with pytest.raises(RequestRefused) as refused:
        headers().check_complete("HTTP/1.1")
    assert (refused.value.status[:3], refused.value.says) == ("400", "no Host header")


@pytest.mark.parametrize(
    "line",
    [
        b"Content-Length: 1",
        b"Content-Length: 00",
        b"Content-Length: +0",
        b"Content-Length:",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding:",
    ],
)
def test_a_request_with_a_body_of_any_kind_is_refused_with_413(line: bytes) -> None:
    with pytest.raises(RequestRefused) as refused:
        headers(b"Host: a", line).check_complete("HTTP/1.1")
    assert refused.value.status.startswith("413 ")


def test_an_empty_body_is_none() -> None:
    headers(b"Host: a", b"Content-Length: 0").check_complete("HTTP/1.1")


@given(st.sampled_from(sorted(fuzz.seeds())) | st.binary(max_size=400), st.randoms(use_true_random=False))
def test_any_bytes_are_a_request_or_refused(data: bytes, random: Random) -> None:
    fuzz.check(data)
    fuzz.check(fuzz.mutate(data, 4096, random, lambda data, size: random.randbytes(min(size, 20))))
