"""Where the server is, and that it is shown the token with each handshake."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from gateway.conformance.target import Target


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"{self.path} {self.headers.get('Authorization')} {self.headers.get('Upgrade')} {self.headers.get('X')}".encode()
        self.send_response(418)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def page() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/ws", "127.0.0.1:8080", "ws://", "ws:///ws", "ws://a:x/?token=t0ken", "ws://[::1/"])
def test_what_is_no_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match=r"is not ws://HOST:PORT/PATH") as error:
        Target.at(url, None, 1)
    assert "t0ken" not in str(error.value)


def test_the_path_is_that_of_the_address() -> None:
    assert Target.at("ws://127.0.0.1:8080/t/acme/ws?x=1", None, 1).path == "/t/acme/ws"
    assert Target.at("ws://127.0.0.1:8080", None, 1).path == "/"
    assert Target.at("wss://127.0.0.1/ws", None, 1).tls is not None
    assert Target.at("ws://127.0.0.1/ws", None, 1).tls is None


def test_a_request_carries_the_token_and_a_handshake_its_headers() -> None:
    with page() as port:
        target = Target.at(f"ws://127.0.0.1:{port}/ws", "t0ken", 5)
        plain = target.request("GET", "/health", {"X": "1"}, handshake=False, token=True)
        upgrade = target.request("GET", "/ws", {}, handshake=True, token=True)
        without = target.request("GET", "/ws", {}, handshake=True, token=False)
    assert (plain.status, plain.body) == (418, "/health Bearer t0ken None 1")
    assert plain.headers["content-length"] == str(len(plain.body))
    assert upgrade.body == "/ws Bearer t0ken websocket None"
    assert without.body == "/ws None websocket None"


def test_under_tls_the_request_goes_over_tls() -> None:
    target = Target.at("wss://127.0.0.1:1/ws", None, 1)
    assert isinstance(target._connection(), http.client.HTTPSConnection)  # noqa: SLF001 - opening it would need a certificate that is trusted
