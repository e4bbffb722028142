"""The WSGI callable of the operator's listener: probes, the console, metrics, API."""

from collections.abc import Iterable
from typing import Any

from gateway.answer import Answer, StartResponse, send
from gateway.operator.api import Api
from gateway.operator.call import Fault, read_path
from gateway.operator.events import Stream
from gateway.operator.exposition import page
from gateway.operator.guard import Guard
from gateway.operator.node import Node
from gateway.operator.pages import PAGES, read_pages
from gateway.operator.process import process_metrics
from gateway.operator.readings import read
from gateway.routes import PROBES, Routes

__all__ = ["OperatorRoutes"]

_API = ("api", "v1")


class OperatorRoutes:
    """Answers everyone's probes, and with the console, which knows nothing by itself; all else whom `guard` lets in."""

    def __init__(self, node: Node, guard: Guard) -> None:
        self._node = node
        self._guard = guard
        self._probes = Routes(node.readiness)
        self._api = Api(node)
        self._pages = read_pages()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """WSGI (PEP 3333), and `REQUEST_URI`: the path as it was sent."""
        method = environ["REQUEST_METHOD"]
        try:
            answer = self._answer(environ, method)
        except Fault as fault:
            answer = fault.answer()
        self._node.metrics.increment("operator_requests", answer.status[:3])
        if isinstance(answer, Stream):
            return answer.send(method, environ["operator.stay"], start_response)
        return send(answer, method, start_response)

    def _answer(self, environ: dict[str, Any], method: str) -> Answer | Stream:
        path, _, query = environ["REQUEST_URI"].partition("?")
        if path in PROBES:
            return self._probes.probe(path, method)
        if path in PAGES:
            return self._page(path, method)
        refusal = self._guard.fault(environ)
        if refusal is not None:
            headers = () if refusal.header is None else (refusal.header,)
            raise Fault(refusal.status, refusal.field, refusal.says, *headers)
        if path == "/metrics":
            return self._metrics(method, environ.get("HTTP_ACCEPT", ""))
        segments = read_path(path)
        if segments[:2] != _API:
            raise Fault("404 Not Found", "path", f"no such page; there are /console, /metrics, /api/v1/ and {', '.join(PROBES)}")
        return self._api.answer(method, segments[2:], query, environ["REMOTE_ADDR"])

    def _page(self, path: str, method: str) -> Answer:
        _check_read(path, method)
        return self._pages[path]

    def _metrics(self, method: str, accept: str) -> Answer:
        _check_read("/metrics", method)
        body, kind = page(self._node.metrics, read(self._node), process_metrics(), accept)
        return Answer("200 OK", body.decode(), kind)


def _check_read(path: str, method: str) -> None:
    if method not in {"GET", "HEAD"}:
        raise Fault("405 Method Not Allowed", "method", f"{path} takes GET", ("Allow", "GET, HEAD"))
