"""One request and its answer, without an upgrade. What a handshake adds is in `test_upgrade` and `test_upgrade_refusals`."""

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.exchange import Exchange
from gateway.handshake import RequestReader
from gateway.operator.metrics import Counts


class Wire:
    """A socket: what a client sends, in the pieces in which it comes, and what it gets."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)
        self.got = b""
        self.steps: list[object] = []

    def recv(self, _size: int) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""

    def sendall(self, data: bytes) -> None:
        self.got += data

    def settimeout(self, seconds: float) -> None:
        self.steps.append(seconds)

    def shutdown(self, how: int) -> None:
        self.steps.append("shutdown")

    def close(self) -> None:
        self.steps.append("close")


Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def hello(environ: dict[str, Any], start_response: Any) -> list[bytes]:  # noqa: ANN401 - as PEP 3333 has it
    start_response("200 OK", [("Content-Length", "5")])
    return [environ["PATH_INFO"].encode()]


def exchanged(*pieces: bytes, application: Application = hello) -> tuple[Wire, dict[str, int]]:
    """What became of a client that sends this, and the requests that were refused."""
    wire, metrics = Wire(*pieces), Counts()
    server = SimpleNamespace(
        metrics=metrics, rules=SimpleNamespace(headers=4), application=application, get_environ=dict, pre_start_hook=None
    )
    Exchange(wire, ("192.0.2.1", 5), server, RequestReader(wire, 300)).handle()
    return wire, metrics.values()["refusals"]


GET = b"GET /here HTTP/1.1\r\nHost: a\r\n\r\n"


def test_a_request_is_answered_once_and_its_connection_closed() -> None:
    wire, refusals = exchanged(GET)
    assert wire.got.startswith(b"HTTP/1.1 200 OK\r\n")
    assert wire.got.endswith(b"\r\n\r\n/here")
    assert (wire.steps, refusals) == (["close"], {})


def test_a_second_request_on_the_connection_is_not_served_and_does_not_eat_the_answer() -> None:
    wire, _ = exchanged(GET + GET, b"more")
    assert wire.got.count(b"HTTP/1.1") == 1
    assert wire.steps == [1.0, "shutdown", "close"]


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n", b"400", "bad_request"),
        (b"GET / HTTP/1.1\r\nHost a\r\n\r\n", b"400", "bad_request"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400", "bad_request"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", b"400", "bad_request"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", b"413", "bad_request"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: x\r\n" * 9 + b"\r\n", b"431", "headers"),
        (b"GET /" + b"x" * 400 + b" HTTP/1.1\r\n", b"431", "header_bytes"),
    ],
)
def test_what_cannot_be_read_in_one_way_alone_is_refused_and_counted(sent: bytes, status: bytes, reason: str) -> None:
    wire, refusals = exchanged(sent)
    assert wire.got.split()[1] == status
    assert refusals == {reason: 1}
    assert wire.steps[-1] == "close"


def test_nobody_who_sends_nothing_is_answered() -> None:
    wire, refusals = exchanged()
    assert (wire.got, wire.steps, refusals) == (b"", ["close"], {})


def test_a_fault_in_the_application_is_500_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail(environ: dict[str, Any], start_response: Any) -> list[bytes]:  # noqa: ANN401 - as PEP 3333 has it
        raise ZeroDivisionError

    wire, _ = exchanged(GET, application=fail)
    assert wire.got.startswith(b"HTTP/1.1 500 ")
    assert [record.getMessage() for record in caplog.records] == ["request failed"]


def test_what_is_no_exception_of_the_application_passes_and_the_socket_is_closed() -> None:
    def interrupt(environ: dict[str, Any], start_response: Any) -> list[bytes]:  # noqa: ANN401 - as PEP 3333 has it
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exchanged(GET, application=interrupt)
