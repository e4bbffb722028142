"""The command that asks a server what passed between two peers."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from gateway.cli import main

ANSWER = {"says": "neither has sent the other an offer", "peers": [{"peer": "a/ü"}, {"peer": "b"}]}


class Listener:
    """Answers one request in a thread, and remembers it."""

    def __init__(self, status: int, body: bytes) -> None:
        told = self.told = dict[str, Any]()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                told.update(path=self.path, token=self.headers.get("Authorization"))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name that its base has
                """Nothing: the output is looked at."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.handle_request)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    made: list[Listener] = []

    def start(status: int = 200, body: bytes = json.dumps(ANSWER).encode()) -> Listener:
        made.append(Listener(status, body))
        return made[-1]

    yield start
    for listener in made:
        listener.thread.join(5)
        listener.server.server_close()


def test_it_prints_the_sentence_and_the_numbers(listen: Callable[..., Listener], capsys: pytest.CaptureFixture[str]) -> None:
    listener = listen()
    assert main(["explain", "-", "g/1", "a/ü", "b&", "--operator", listener.url]) == 0
    says, _, numbers = capsys.readouterr().out.partition("\n")
    assert (says, json.loads(numbers)) == (ANSWER["says"], ANSWER["peers"])
    assert listener.told == {"path": "/api/v1/tenants/-/groups/g%2F1/explain?a=a%2F%C3%BC&b=b%26", "token": None}


def test_it_sends_the_token_of_the_environment(listen: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PSYNC_OPERATOR__TOKEN", "s3cret")
    listener = listen()
    assert main(["explain", "-", "g", "a", "b", "--operator", listener.url]) == 0
    assert listener.told["token"] == "Bearer s3cret"


def test_a_refusal_is_told_with_its_field(listen: Callable[..., Listener], capsys: pytest.CaptureFixture[str]) -> None:
    listener = listen(401, b'{"error": {"field": "Authorization", "message": "send the token"}}')
    assert main(["explain", "-", "g", "a", "b", "--operator", listener.url]) == 2
    assert capsys.readouterr().err == "Authorization: send the token\n"


def test_what_is_no_answer_is_told(listen: Callable[..., Listener], capsys: pytest.CaptureFixture[str]) -> None:
    listener = listen(200, b"<html>")
    assert main(["explain", "-", "g", "a", "b", "--operator", listener.url]) == 1
    assert f"no answer from {listener.url}" in capsys.readouterr().err
    assert main(["explain", "-", "g", "a", "b", "--operator", "http://127.0.0.1:1"]) == 1
    assert "no answer from http://127.0.0.1:1: " in capsys.readouterr().err


@pytest.mark.parametrize("url", ["127.0.0.1:8081", "ftp://a", "http://"])
def test_what_is_no_address_is_told(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "-", "g", "a", "b", "--operator", url]) == 2
    assert "is not a URL such as http://127.0.0.1:8081" in capsys.readouterr().err
