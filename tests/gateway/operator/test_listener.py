"""The operator's listener, on real sockets: what it bounds."""

import socket as blocking
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import gevent
import pytest
from gevent import socket as green
from gevent.event import Event

from gateway.answer import Answer, StartResponse, send
from gateway.operator.address import Address
from gateway.operator.listener import RULES, CannotListen, OperatorServer
from gateway.operator.metrics import Counts
from gateway.upgrade import HandshakeRules
from tests.gateway.door import LONG, read_all, wait_for


class Desk:
    """A listener that answers with the path that it was asked for, or is held up."""

    def __init__(self, rules: HandshakeRules) -> None:
        self.metrics = Counts()
        self.may_answer = Event()
        self.may_answer.set()
        self.asked = 0
        self.server = OperatorServer(Address("127.0.0.1", 0), self.answer, self.metrics, rules)
        self.server.start()
        self.clients: list[Any] = []

    def answer(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        self.asked += 1
        self.may_answer.wait()
        return send(Answer("200 OK", environ["REQUEST_URI"]), environ["REQUEST_METHOD"], start_response)

    def client(self, data: bytes) -> Any:  # noqa: ANN401 - gevent publishes no type for its sockets
        client = green.create_connection(self.server.bound, timeout=LONG)
        client.sendall(data)
        self.clients.append(client)
        return client

    def requests(self) -> dict[str, int]:
        return self.metrics.values()["operator_requests"]


@pytest.fixture
def desks() -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(**rules: Any) -> Desk:  # noqa: ANN401 - those of HandshakeRules
        made.append(Desk(RULES._replace(**rules)))
        return made[-1]

    yield make
    for desk in made:
        for client in desk.clients:
            client.close()
        desk.may_answer.set()
        desk.server.stop(timeout=LONG)


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def test_the_path_is_seen_as_it_was_sent(desks: Callable[..., Desk]) -> None:
    answer = read_all(desks().client(get("/a%2Fb?c=%20")))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n/a%2Fb?c=%20")


def test_a_request_that_cannot_be_read_is_refused_and_counted(desks: Callable[..., Desk]) -> None:
    desk = desks(header_bytes=1000, headers=8)
    body = b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    for data, status in ((b"x\r\n\r\n", b"400"), (get("/" + "x" * 1000), b"431"), (body, b"413")):
        assert read_all(desk.client(data)).split()[1] == status
    assert desk.requests() == {"400": 1, "431": 1, "413": 1}
    assert desk.asked == 0


def test_whoever_does_not_finish_a_request_is_cut_and_counted(desks: Callable[..., Desk]) -> None:
    desk = desks(timeout=0.05)
    assert read_all(desk.client(b"GET / HTTP/1.1\r\nHost:")) == b""
    assert desk.requests() == {"cut": 1}


def test_an_answer_that_takes_too_long_is_cut_and_counted(desks: Callable[..., Desk]) -> None:
    desk = desks(timeout=0.05)
    desk.may_answer.clear()
    assert read_all(desk.client(get("/"))) == b""
    assert desk.requests() == {"cut": 1}


def test_no_more_are_served_at_once_than_may_be(desks: Callable[..., Desk]) -> None:
    desk = desks(concurrent=2)
    desk.may_answer.clear()
    clients = [desk.client(get("/")) for _ in range(4)]
    wait_for(lambda: desk.asked == 2)
    gevent.sleep(0)
    assert desk.asked == 2
    desk.may_answer.set()
    assert all(read_all(client) for client in clients)
    assert desk.asked == 4


def test_a_client_that_resets_its_connection_does_no_harm(desks: Callable[..., Desk]) -> None:
    desk = desks()
    client = desk.client(b"GET / HTTP/1.1\r\n")
    client.setsockopt(green.SOL_SOCKET, green.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    client.close()
    assert read_all(desk.client(get("/")))


def test_an_address_that_is_taken_is_told_with_what_to_mend(desks: Callable[..., Desk]) -> None:
    taken = desks().server.bound
    with pytest.raises(CannotListen, match=rf"cannot listen on {taken}: Address already in use; choose another operator\.listen"):
        OperatorServer(taken, lambda _environ, _start: [], Counts()).start()


def test_a_host_that_is_none_is_told_too() -> None:
    with pytest.raises(CannotListen, match="cannot listen on"):
        OperatorServer(Address("x" * 70, 1), lambda _environ, _start: [], Counts()).start()


def test_an_answer_in_parts_outlives_the_deadline_of_each_and_ends_with_the_listener() -> None:
    def parts(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        stay = environ["operator.stay"]
        yield b"one"
        assert stay.pause(0.15)
        yield b"two"
        while stay.pause(LONG):
            yield b"never"
        yield b"last"

    server = OperatorServer(Address("127.0.0.1", 0), parts, Counts(), RULES._replace(timeout=0.1))
    server.start()
    with green.create_connection(server.bound, timeout=LONG) as client:
        client.sendall(get("/"))
        heard = b""
        while b"two" not in heard:
            heard += client.recv(1024)
        server.stop(timeout=LONG)
        assert b"last" in read_all(client)


def test_whoever_does_not_read_an_answer_in_parts_is_cut_and_counted() -> None:
    ended = Event()

    def parts(environ: dict[str, Any], start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        try:
            while environ["operator.stay"].pause(0):
                yield bytes(1_000_000)
        finally:
            ended.set()

    metrics = Counts()
    server = OperatorServer(Address("127.0.0.1", 0), parts, metrics, RULES._replace(timeout=0.1))
    server.start()
    with green.create_connection(server.bound, timeout=LONG) as client:
        client.sendall(get("/"))
        assert ended.wait(LONG)
        wait_for(lambda: metrics.values()["operator_requests"] == {"cut": 1})
    server.stop(timeout=LONG)


def test_a_request_that_waits_when_it_closes_is_answered(desks: Callable[..., Desk]) -> None:
    desk = desks()
    with blocking.create_connection(desk.server.bound, LONG) as waiting:  # not gevent's: the hub has no turn meanwhile
        waiting.sendall(get("/"))
        assert desk.asked == 0
        desk.server.stop(timeout=LONG)
        assert waiting.recv(4096).startswith(b"HTTP/1.1 200 OK")


def test_two_may_share_an_address_when_both_want_to(desks: Callable[..., Desk]) -> None:
    first = desks(reuse_port=True)
    second = OperatorServer(first.server.bound, first.answer, Counts(), RULES._replace(reuse_port=True))
    second.start()
    assert second.bound == first.server.bound
    second.stop(timeout=LONG)
