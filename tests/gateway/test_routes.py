"""What each path and method of the public port is answered with."""

import json
from typing import Any

import pytest

from gateway.admission import Refused
from gateway.answer import Answer as Page
from gateway.routes import Routes, tenant_of


class Answer:
    """What the routes gave back, and checks that it hangs together."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: list[tuple[str, str]] = []
        self.body = b""

    def start(self, status: str, headers: list[tuple[str, str]]) -> None:
        assert not self.status
        self.status, self.headers = status, headers

    @property
    def code(self) -> int:
        return int(self.status.split()[0])

    def header(self, name: str) -> str:
        return ", ".join(value for key, value in self.headers if key == name)


READY: tuple[bool, dict[str, Any]] = (True, {"status": "accepting", "connections": 2})


def ask(path: str, method: str = "GET", readiness: tuple[bool, dict[str, Any]] = READY) -> Answer:
    answer = Answer()
    answer.body = b"".join(Routes(lambda: readiness)({"PATH_INFO": path, "REQUEST_METHOD": method}, answer.start))
    return answer


def test_health_is_ok_and_nothing_else() -> None:
    answer = ask("/health")
    assert (answer.status, answer.body) == ("200 OK", b"OK\n")


@pytest.mark.parametrize(("alias", "path"), [("/livez", "/health"), ("/healthz", "/health"), ("/readyz", "/ready")])
def test_a_probe_has_the_names_by_which_orchestrators_ask_for_it(alias: str, path: str) -> None:
    for readiness in (READY, (False, {"status": "draining"})):
        asked, same = ask(alias, readiness=readiness), ask(path, readiness=readiness)
        assert (asked.status, asked.body, asked.headers) == (same.status, same.body, same.headers)


def test_ready_tells_the_state_in_json() -> None:
    answer = ask("/ready")
    assert answer.code == 200
    assert json.loads(answer.body) == READY[1]
    assert answer.header("Content-Type") == "application/json"


def test_a_node_that_is_not_ready_says_503_and_why() -> None:
    answer = ask("/ready", readiness=(False, {"status": "draining"}))
    assert answer.code == 503
    assert json.loads(answer.body) == {"status": "draining"}


def test_a_node_that_is_not_ready_is_still_healthy() -> None:
    assert ask("/health", readiness=(False, {})).code == 200


@pytest.mark.parametrize("path", ["/", "", "/ws/", "/WS", "/metrics", "/console", "/demo", "/demo/demo.js", "/health/", "//health", "*"])
def test_any_other_page_is_a_404_that_names_those_that_are_there(path: str) -> None:
    answer = ask(path)
    assert answer.code == 404
    assert all(there in answer.body for there in (b"/ws", b"/health", b"/ready"))


PAGE = Page("200 OK", "<!doctype html>", "text/html", (("X-Content-Type-Options", "nosniff"),))


def ask_for_page(path: str, method: str = "GET") -> Answer:
    answer = Answer()
    routes = Routes(lambda: READY, {"/demo": PAGE})
    answer.body = b"".join(routes({"PATH_INFO": path, "REQUEST_METHOD": method}, answer.start))
    return answer


def test_a_page_is_served_with_its_kind_and_its_headers_and_not_to_be_kept() -> None:
    answer = ask_for_page("/demo")
    assert (answer.status, answer.body) == ("200 OK", b"<!doctype html>")
    assert answer.header("Content-Type") == "text/html"
    assert answer.header("X-Content-Type-Options") == "nosniff"
    assert answer.header("Cache-Control") == "no-store"


def test_a_page_takes_get_and_head_alone() -> None:
    assert (ask_for_page("/demo", "HEAD").code, ask_for_page("/demo", "HEAD").body) == (200, b"")
    refused = ask_for_page("/demo", "POST")
    assert (refused.code, refused.header("Allow")) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/demo/", "/demo/../demo", "/DEMO", "/demo/x.js"])
def test_no_other_path_leads_to_a_page(path: str) -> None:
    assert ask_for_page(path).code == 404


@pytest.mark.parametrize("path", ["/health", "/ready"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get"])
def test_a_method_that_a_page_does_not_take_is_a_405_that_names_those_it_does(path: str, method: str) -> None:
    answer = ask(path, method)
    assert answer.code == 405
    assert answer.header("Allow") == "GET, HEAD"
    assert path.encode() in answer.body


def test_a_plain_get_of_the_websocket_path_is_a_426_that_says_what_to_do() -> None:
    answer = ask("/ws")
    assert answer.code == 426
    assert answer.header("Upgrade") == "websocket"
    assert answer.header("Sec-WebSocket-Version") == "13"
    assert answer.header("Connection") == "close, Upgrade"
    assert b"WebSocket" in answer.body


def test_any_other_method_on_the_websocket_path_is_a_405() -> None:
    answer = ask("/ws", "POST")
    assert (answer.code, answer.header("Allow")) == (405, "GET")


@pytest.mark.parametrize("path", ["/health", "/ready", "/ws", "/nothing"])
def test_head_gets_the_headers_of_a_get_with_the_length_of_its_body_and_no_body(path: str) -> None:
    answer, get = ask(path, "HEAD"), ask(path)
    assert answer.body == b""
    assert get.header("Content-Length") == str(len(get.body))
    if path != "/ws":
        assert (answer.status, answer.headers) == (get.status, get.headers)


@pytest.mark.parametrize("path", ["/health", "/ready", "/ws", "/nothing"])
def test_every_answer_is_the_last_of_its_connection_and_not_to_be_kept(path: str) -> None:
    answer = ask(path)
    assert "close" in answer.header("Connection")
    assert answer.header("Cache-Control") == "no-store"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_refusal_is_json_with_a_word_for_programs_and_a_sentence_for_people(method: str) -> None:
    answer = Answer()
    refused = Refused("429 Too Many Requests", "connections_per_address", 'too "many"', ("Retry-After", "5"))
    body = b"".join(Routes(lambda: READY).refuse(refused, method, answer.start))
    assert answer.code == 429
    assert answer.header("Retry-After") == "5"
    if method == "HEAD":
        assert body == b""
    else:
        assert json.loads(body) == {"error": "connections_per_address", "message": 'too "many"'}


def test_the_default_tenant_is_at_ws_and_no_other_path_is_a_websocket() -> None:
    assert tenant_of("/ws") == ""
    assert [tenant_of(path) for path in ("/", "/ws/", "/ws/x", "/Ws", "/t/ws")] == [None] * 5


@pytest.mark.parametrize("name", ["a", "acme-2_x", "0", "a" * 63])
def test_a_tenant_is_named_by_its_path(name: str) -> None:
    assert tenant_of(f"/t/{name}/ws") == name


@pytest.mark.parametrize("name", ["", "A", "a/b", "..", "a.b", "a%20", "a b", "a\n", "\xe4", "-a", "_", "a" * 64, "a/../b"])
def test_a_path_that_names_nobody_is_no_websocket_path(name: str) -> None:
    assert tenant_of(f"/t/{name}/ws") is None
    assert tenant_of(f"/t/{name}/ws/") is tenant_of(f"/t/{name}") is tenant_of(f"/t/{name}/ws\n") is None
