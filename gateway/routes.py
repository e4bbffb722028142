"""Routes: the WSGI callable of the public port. `/ws` is upgraded before it gets here; what gets here is answered and closed."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from gateway.admission import Refused
from gateway.config_tenants import TENANT_NAME
from gateway.tenants import DEFAULT

__all__ = ["UPGRADE_HEADERS", "Routes", "tenant_of"]

UPGRADE_HEADERS = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"))
"""What goes with every 426 (RFC 9110 section 15.5.22, RFC 6455 section 4.4)."""

StartResponse = Callable[[str, list[tuple[str, str]]], Any]

_TENANT_PATH = re.compile(rf"/t/({TENANT_NAME})/ws")
_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"


class _Answer(NamedTuple):
    """What a request is answered with; `body` is what a GET gets."""

    status: str
    body: str
    kind: str = _TEXT
    headers: tuple[tuple[str, str], ...] = ()


def tenant_of(path: str) -> str | None:
    """The tenant that a WebSocket path, percent-decoded, names: `""` is the default one, at `/ws`. None: not a WebSocket path.

    By its form alone: the answer must not tell which tenants there are.
    """
    if path == "/ws":
        return DEFAULT
    named = _TENANT_PATH.fullmatch(path)
    return named[1] if named else None


class Routes:
    """Answers `/health` and `/ready`, and says what is wrong with everything else."""

    def __init__(self, readiness: Callable[[], tuple[bool, dict[str, Any]]]) -> None:
        self._readiness = readiness

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        method = environ["REQUEST_METHOD"]
        return _send(self._answer(environ["PATH_INFO"], method), method, start_response)

    def refuse(self, refused: Refused, method: str, start_response: StartResponse) -> Iterable[bytes]:
        """A client that was not admitted."""
        body = json.dumps({"error": refused.reason, "message": refused.says}) + "\n"
        return _send(_Answer(refused.status, body, _JSON, refused.headers), method, start_response)

    def _answer(self, path: str, method: str) -> _Answer:
        if tenant_of(path) is not None:
            return _not_an_upgrade(method)
        if path not in {"/health", "/ready"}:
            says = "no such page. WebSocket clients connect to /ws or /t/{tenant}/ws; /health and /ready tell the state\n"
            return _Answer("404 Not Found", says)
        if method not in {"GET", "HEAD"}:
            return _Answer("405 Method Not Allowed", f"{path} takes GET\n", headers=(("Allow", "GET, HEAD"),))
        return _Answer("200 OK", "OK\n") if path == "/health" else self._ready()

    def _ready(self) -> _Answer:
        ready, state = self._readiness()
        return _Answer("200 OK" if ready else "503 Service Unavailable", json.dumps(state) + "\n", _JSON)


def _not_an_upgrade(method: str) -> _Answer:
    if method != "GET":
        return _Answer("405 Method Not Allowed", "a WebSocket handshake is a GET\n", headers=(("Allow", "GET"),))
    return _Answer("426 Upgrade Required", "connect here with a WebSocket client (RFC 6455)\n", headers=UPGRADE_HEADERS)


def _send(answer: _Answer, method: str, start_response: StartResponse) -> Iterable[bytes]:
    """One answer, then the connection is closed, and the client is told so. HEAD gets the headers of a GET (RFC 9110 section 9.3.2)."""
    body = answer.body.encode()
    own = [("Content-Type", answer.kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"), ("Connection", "close")]
    start_response(answer.status, [*own, *answer.headers])
    return [] if method == "HEAD" else [body]
