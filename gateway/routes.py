"""Routes: the WSGI callable of the public port. `/ws` is upgraded before it gets here; what gets here is answered and closed."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from gateway.admission import Refused
from gateway.answer import JSON, Answer, StartResponse, send
from gateway.config_tenants import TENANT_NAME
from gateway.tenants import DEFAULT

__all__ = ["PROBES", "UPGRADE_HEADERS", "Routes", "tenant_of"]

UPGRADE_HEADERS = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"))
"""What goes with every 426 (RFC 9110 section 15.5.22, RFC 6455 section 4.4)."""

PROBES = {"/health": "health", "/livez": "health", "/healthz": "health", "/ready": "ready", "/readyz": "ready"}
"""What tells orchestrators the state, under the names that they use."""

_READING = {"GET", "HEAD"}

_TENANT_PATH = re.compile(rf"/t/({TENANT_NAME})/ws")


def tenant_of(path: str) -> str | None:
    """The tenant that a WebSocket path names: `""` is the default one, at `/ws`. None: not a WebSocket path.

    By its form alone: the answer must not tell which tenants there are. As it was sent: none needs percent-encoding.
    """
    if path == "/ws":
        return DEFAULT
    named = _TENANT_PATH.fullmatch(path)
    return named[1] if named else None


class Routes:
    """Answers the probes and, by their paths, `pages`; says what is wrong with everything else."""

    def __init__(self, readiness: Callable[[], tuple[bool, dict[str, Any]]], pages: Mapping[str, Answer] = MappingProxyType({})) -> None:
        self._readiness = readiness
        self._pages = pages

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333)."""
        method = environ["REQUEST_METHOD"]
        return send(self._answer(environ["PATH_INFO"], method), method, start_response)

    def refuse(self, refused: Refused, method: str, start_response: StartResponse) -> Iterable[bytes]:
        """A client that was not admitted."""
        body = json.dumps({"error": refused.reason, "message": refused.says}) + "\n"
        return send(Answer(refused.status, body, JSON, refused.headers), method, start_response)

    def _answer(self, path: str, method: str) -> Answer:
        if tenant_of(path) is not None:
            return _not_an_upgrade(method)
        if path in self._pages:
            return self._pages[path] if method in _READING else _only_read(path)
        if path not in PROBES:
            says = "no such page. WebSocket clients connect to /ws or /t/{tenant}/ws; /health and /ready tell the state\n"
            return Answer("404 Not Found", says)
        return self.probe(path, method)

    def probe(self, path: str, method: str) -> Answer:
        """The answer of one of `PROBES`."""
        if method not in _READING:
            return _only_read(path)
        return Answer("200 OK", "OK\n") if PROBES[path] == "health" else self._ready()

    def _ready(self) -> Answer:
        ready, state = self._readiness()
        return Answer("200 OK" if ready else "503 Service Unavailable", json.dumps(state) + "\n", JSON)


def _only_read(path: str) -> Answer:
    return Answer("405 Method Not Allowed", f"{path} takes GET\n", headers=(("Allow", "GET, HEAD"),))


def _not_an_upgrade(method: str) -> Answer:
    if method != "GET":
        return Answer("405 Method Not Allowed", "a WebSocket handshake is a GET\n", headers=(("Allow", "GET"),))
    return Answer("426 Upgrade Required", "connect here with a WebSocket client (RFC 6455)\n", headers=UPGRADE_HEADERS)
