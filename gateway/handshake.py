"""The bytes of one HTTP request before an upgrade, bounded: a reader for pywsgi and the headers that it finds.

pywsgi reads headers with the email package, which takes most of the time of a plain upgrade and folds, repairs and guesses. Here a header
is `name: value` with a token for a name (RFC 9110 section 5), and everything else is refused.
"""

import re
from collections.abc import Iterator
from typing import Any

__all__ = ["Headers", "RequestReader", "RequestRefused", "check_request_line"]

_CHUNK = 4096
_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) (HTTP/1\.[01])\r?\n")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)\Z")
_EMPTY_LINE = re.compile(rb"(\A|\n)\r?\n")
_BODY = frozenset({"content-type", "content-length"})  # these have variables of their own
_TOO_LONG = ("431 Request Header Fields Too Large", "the request line and headers are too long", "header_bytes")
_ONCE = frozenset({"host", "sec-websocket-key", "sec-websocket-version", "content-length", "upgrade", "origin", "authorization"})


class RequestRefused(ValueError):
    """A request that is answered with an error and closed.

    `status` is an HTTP status line without the version, `says` the body, `reason` a word for metrics.
    """

    def __init__(self, status: str, says: str, reason: str = "bad_request") -> None:
        super().__init__(says)
        self.status = status
        self.says = says
        self.reason = reason


def check_request_line(line: str) -> None:
    """Judge the first line of a request (RFC 9112 section 3). pywsgi takes any white space for a space, and HTTP/0.9.

    Raises:
        RequestRefused: 400.

    """
    if not _REQUEST_LINE.fullmatch(line):
        raise RequestRefused("400 Bad Request", "the request line is not 'METHOD target HTTP/1.1'")


class RequestReader:
    """What pywsgi calls `rfile`: reads a socket in chunks, at most `limit` bytes up to the end of the headers.

    What lies behind the request stays here: after an upgrade it is the beginning of the client's frames.
    """

    def __init__(self, socket: Any, limit: int) -> None:  # noqa: ANN401 - a gevent socket, plain or TLS
        self._socket = socket
        self._left = limit
        self._buffer = b""
        self.closed = False

    def readline(self, _size: int = -1) -> bytes:
        """The next line with its end, or what there is when the client has ended.

        Raises:
            RequestRefused: more than `limit` bytes.

        """
        while True:
            end = self._buffer.find(b"\n") + 1
            if end or not self._receive():
                break
        line, self._buffer = (self._buffer[:end], self._buffer[end:]) if end else (self._buffer, b"")
        self._left -= len(line)
        if self._left < 0:
            raise RequestRefused(*_TOO_LONG)
        return line

    def header_lines(self, most: int) -> list[bytes]:
        """What comes before the next empty line, which is taken, too; lines end with LF or CRLF, which are left out.

        Raises:
            RequestRefused: more than `limit` bytes or `most` lines, or the client has ended before.

        """
        while (end := _EMPTY_LINE.search(self._buffer)) is None and self._buffer.count(b"\n") <= most:
            if not self._receive():
                raise RequestRefused("400 Bad Request", "the request ended within its headers")
        if end is None or self._buffer.count(b"\n", 0, end.start() + 1) > most:
            raise RequestRefused("431 Request Header Fields Too Large", f"more than {most} headers", "headers")
        block, self._buffer = self._buffer[: end.start()], self._buffer[end.end() :]
        self._left -= end.end()
        if self._left < 0:
            raise RequestRefused(*_TOO_LONG)
        return [line.removesuffix(b"\r") for line in block.split(b"\n")] if block else []

    def read(self, _size: int = -1) -> bytes:
        """A request body. None is ever taken: see `Headers.check_complete`."""
        return b""

    def rest(self) -> bytes:
        """What the client sent behind the request; it is the caller's from now on."""
        rest, self._buffer = self._buffer, b""
        return rest

    def close(self) -> None:
        """Read no more."""
        self.closed = True

    def _receive(self) -> bool:
        if len(self._buffer) > self._left:
            raise RequestRefused(*_TOO_LONG)
        data = self._socket.recv(_CHUNK)
        self._buffer += data
        return bool(data)


class Headers(dict[str, str]):
    """The headers by lower-case name. A header given twice is joined with a comma, one that must be single is refused."""

    status = ""
    """Empty: what pywsgi looks at to see whether parsing failed. Here it raises instead."""

    @classmethod
    def read(cls, reader: RequestReader, most: int) -> "Headers":
        """Read up to the empty line.

        Raises:
            RequestRefused: 400 for a line that is no header, 431 for more than `most` headers.

        """
        headers = cls()
        for line in reader.header_lines(most):
            headers.add(line)
        return headers

    def add(self, line: bytes) -> None:
        """Take one header line.

        Raises:
            RequestRefused: 400.

        """
        match = _HEADER.match(line)
        if match is None:
            raise RequestRefused("400 Bad Request", "a header line is not 'name: value', or holds a control character")
        key, text = match[1].decode("ascii").lower(), match[2].rstrip(b" \t").decode("latin-1")
        if key not in self:
            self[key] = text
        elif key in _ONCE:
            raise RequestRefused("400 Bad Request", f"header {key} given twice")
        else:
            self[key] += "," + text

    def check_complete(self, version: str) -> None:
        """Judge the headers of a request that is read as a whole: who is meant (RFC 9112 section 3.2), and that no body follows.

        Raises:
            RequestRefused: 400 without a Host, 413 with a body of any length or kind.

        """
        if version != "HTTP/1.0" and "host" not in self:
            raise RequestRefused("400 Bad Request", "no Host header")
        if "transfer-encoding" in self or self.get("content-length", "0") != "0":
            raise RequestRefused("413 Content Too Large", "no request takes a body here")

    @property
    def typeheader(self) -> str | None:
        """The content type, under the name by which pywsgi asks for it."""
        return self.getheader("content-type")

    def getheader(self, name: str, default: str | None = None) -> str | None:
        """One header, under the name by which pywsgi asks for it."""
        return super().get(name.lower(), default)

    def variables(self) -> Iterator[tuple[str, str]]:
        """Their names and values in a WSGI environment (PEP 3333). A name with `_` has none: it would pass for the one with `-`."""
        return ((f"HTTP_{name.upper().replace('-', '_')}", value) for name, value in self.items() if name not in _BODY and "_" not in name)

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - pywsgi asks with capitals, too
        """One header by its name in any case."""
        return super().get(name.lower(), default)
