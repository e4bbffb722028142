"""Target: `gateway/handshake.py`. What holds for any bytes that come instead of a request, in any pieces.

An input is a byte, which says in pieces of how many bytes the rest comes (0: all at once), and the request. It is read as pywsgi reads it.
"""

import re
from collections.abc import Generator, Iterator
from typing import NamedTuple

from websockets.exceptions import SecurityError
from websockets.http11 import Request

from gateway.handshake import Headers, RequestReader, RequestRefused, check_request_line
from tests.fuzz.mutation import Havoc, Random, splice

__all__ = ["MODULES", "Pieces", "check", "mutate", "seeds"]

MODULES = ("gateway.handshake",)

LIMIT = 1000
MOST = 12
CHUNK = 4096
"""What may be asked of the socket at once."""

ONCE = {"host", "sec-websocket-key", "sec-websocket-version", "content-length", "upgrade", "origin", "authorization"}


class Pieces:
    """A socket that gives bytes in the pieces in which they came, then the end; or that its client has gone."""

    def __init__(self, *pieces: bytes, fault: OSError | None = None) -> None:
        self._pieces = list(pieces)
        self._fault = fault
        self.reads = 0
        self.taken = 0
        self.last = 0

    def recv(self, size: int) -> bytes:
        self.reads += 1
        if not self._pieces:
            if self._fault is not None:
                raise self._fault
            return b""
        piece = self._pieces.pop(0)
        if len(piece) > size:
            self._pieces.insert(0, piece[size:])
        self.last = min(len(piece), size)
        self.taken += self.last
        return piece[:size]


class Outcome(NamedTuple):
    """What a request is: three words, headers, what is behind it and had come with it; or the status that refuses it."""

    status: str
    line: str = ""
    headers: dict[str, str] | None = None


def check(data: bytes) -> None:
    size = data[0] if data else 0
    request = data[1:]
    whole = _read(request)
    assert whole.status in {"200", "400", "413", "431"}
    if size:
        assert _read(*(request[at : at + size] for at in range(0, len(request), size))) == whole, "the pieces make no difference"
    if whole.headers is not None:
        _check_headers(whole.headers)
    _check_agreement(request, whole)


def _read(*pieces: bytes) -> Outcome:
    socket = Pieces(*pieces)
    reader = RequestReader(socket, LIMIT)
    try:
        line = reader.readline().decode("latin-1")
        check_request_line(line)
        headers = Headers.read(reader, MOST)
        headers.check_complete(line.split()[2])
    except RequestRefused as refused:
        return Outcome(refused.status[:3])
    finally:
        assert socket.taken - socket.last <= LIMIT, "nothing more is read once it is too much"
        assert socket.last <= CHUNK
    rest = reader.rest()
    assert b"".join(pieces)[: socket.taken].endswith(rest)
    assert socket.taken - len(rest) <= LIMIT
    assert reader.read() == reader.rest() == b""
    for name, value in headers.items():  # as pywsgi asks for them
        assert headers.getheader(name.upper()) == headers.get(name.title()) == value
    known = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items() if "_" not in name}
    assert dict(headers.variables()).items() <= known.items()
    assert headers.typeheader == headers.get("content-type")
    return Outcome("200", line, dict(headers))


def _check_headers(headers: dict[str, str]) -> None:
    assert len(headers) <= MOST
    for name, value in headers.items():
        assert re.fullmatch(r"[!#-'*+.^-z|~0-9-]+", name), "a token, in lower case"
        assert value == value.strip(" \t")
        assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value)
    assert headers.get("content-length", "0") == "0"
    assert "transfer-encoding" not in headers


def _check_agreement(data: bytes, ours: Outcome) -> None:
    """Hold it against the library's server: what we take it takes, with the same headers; what it takes is refused for a reason of ours."""
    head, end, _ = data.partition(b"\r\n\r\n")
    if not end or re.search(rb"(?<!\r)\n", head):
        return  # a bare line feed ends a line for us (RFC 9112 section 2.2), and not for it
    theirs = _read_by_the_library(head + end)
    if ours.headers is not None:
        assert theirs is not None
        assert not _is_ours_to_refuse(theirs, len(head + end))
        assert f"{theirs.method} {theirs.path} {theirs.protocol}\r\n" == ours.line
        for name, value in ours.headers.items():
            assert ",".join(theirs.headers.get_all(name)) == value
        assert {name.lower() for name in theirs.headers} == set(ours.headers)
    elif theirs is not None:
        assert _is_ours_to_refuse(theirs, len(head + end))


def _is_ours_to_refuse(request: Request, size: int) -> bool:
    names = [name.lower() for name, _ in request.headers.raw_items()]
    odd_words = not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+ [!-~]+", f"{request.method} {request.path}")
    nobody_meant = request.protocol == "HTTP/1.1" and "host" not in names
    too_much = size > LIMIT or len(names) > MOST
    doubled = any(names.count(name) > 1 for name in ONCE)
    return odd_words or nobody_meant or too_much or doubled


def _read_by_the_library(data: bytes) -> Request | None:
    at = 0

    def read_line(most: int, too_long: type[Exception]) -> Generator[None, None, bytes]:
        nonlocal at
        yield from ()
        start, at = at, data.find(b"\n", at) + 1
        if not at or at - start > most:
            raise too_long
        return data[start:at]

    try:
        next(Request.parse(read_line))
    except StopIteration as done:
        request: Request = done.value
        return request
    except (ValueError, NotImplementedError, EOFError, SecurityError):
        return None
    raise AssertionError("it waits, and has all there is")


NAMES = (
    b"Host", b"host", b"Upgrade", b"Connection", b"Sec-WebSocket-Key", b"Sec-WebSocket-Version", b"Content-Length", b"Transfer-Encoding",
    b"Origin", b"Authorization", b"X-A", b"x-a", b" X", b"X ", b"", b"N\xff", b"Content-Type",
)  # fmt: skip
VALUES = (
    b"a",
    b"",
    b"0",
    b"00",
    b"1",
    b"chunked",
    b"websocket",
    b"Upgrade",
    b" a\t",
    b"\x00",
    b"a\rb",
    b"\x7f",
    b"\xfc",
    b"a,b",
    b"x" * 300,
)
ENDS = (b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r\r\n", b"\r", b"")
LINES = (
    b"GET /ws HTTP/1.1\r\n", b"GET /ws HTTP/1.0\r\n", b"GET /ws\r\n", b"GET  /ws HTTP/1.1\r\n", b"HEAD /health HTTP/1.1\n",
    b"* * HTTP/1.1\r\n", b"\r\n", b"\n",
)  # fmt: skip


def mutate(data: bytes, size: int, random: Random, havoc: Havoc) -> bytes:
    """Change the request line by line; now and then any byte of it."""
    if random.random() < 0.25:
        return havoc(data, size)
    lines = splice(re.findall(rb"[^\n]*\n|[^\n]+", data[1:]), lambda: _line(random), random)
    return (data[:1] + b"".join(lines))[:size]


def _line(random: Random) -> bytes:
    if random.random() < 0.15:
        return random.choice(LINES)
    return random.choice(NAMES) + random.choice((b": ", b":", b":\t")) + random.choice(VALUES) + random.choice(ENDS)


def seeds() -> Iterator[bytes]:
    """A handshake, a probe, and what is beside them."""
    handshake = (
        b"GET /ws?token=x HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    )
    frames = b"\x81\x80\x00\x00\x00\x00"
    for size in (b"\x00", b"\x01", b"\x07"):
        yield size + handshake + b"\r\n" + frames
        yield size + handshake + b"connection: x\r\nConnection:\t\r\n\r\n"
        yield size + handshake + b"Content-Length: 1\r\n\r\nx"
        yield size + handshake + b"X: " + b"y" * LIMIT
        yield size + b"HEAD /health HTTP/1.0\n\n"
        yield size + b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
        yield size + b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(MOST + 1)) + b"\r\n"
