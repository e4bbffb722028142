"""Answer: what an HTTP request is answered with, and how that becomes WSGI (PEP 3333)."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

__all__ = ["JSON", "TEXT", "Answer", "StartResponse", "send"]

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Answer(NamedTuple):
    """`status` is a status line without the version; `body` is what a GET gets."""

    status: str
    body: str
    kind: str = TEXT
    headers: tuple[tuple[str, str], ...] = ()


def send(answer: Answer, method: str, start_response: StartResponse) -> Iterable[bytes]:
    """One answer, then the connection is closed, and the client is told so. HEAD gets the headers of a GET (RFC 9110 section 9.3.2)."""
    body = answer.body.encode()
    own = [("Content-Type", answer.kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"), ("Connection", "close")]
    start_response(answer.status, [*own, *answer.headers])
    return [] if method == "HEAD" else [body]
