"""Behind a real HAProxy, and what happens to those who only say that they are one."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.client import Client
from tests.integration.haproxy import Haproxy
from tests.integration.line import HANDSHAKE, Line
from tests.integration.server import Server
from tests.parts import require_part

TRUSTED = {"server.trusted_proxies": Haproxy.SOURCE, "log.level": "debug"}
ANNOUNCED = {**TRUSTED, "server.proxy_protocol": "true"}

Proxy = Callable[..., Haproxy]


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    """Starts HAProxy in front of a server (arguments as of `Haproxy`)."""
    started: list[Haproxy] = []

    def start(server: Server, **more: str) -> Haproxy:
        started.append(Haproxy(require_part("haproxy"), tmp_path, behind=server.port, **more))
        return started[-1]

    yield start
    for haproxy in started:
        haproxy.stop()


def own_address(line: Line) -> str:
    with socket.socket(fileno=os.dup(line.fileno())) as end:
        return "{}:{}".format(*end.getsockname())


def open_from(server: Server, address: str) -> None:
    """Wait until the log tells of a connection from there."""
    server.wait_for_line(f'"message": "open".*"address": "{address}"')


def offer(one: Client, other: Client, group: str) -> None:
    """Two clients meet, and one message goes from the second to the first."""
    one.register("one", group)
    other.register("other", group)
    one.hear("peer_joined")
    other.say("offer", "one", {"sdp": "v=0"})
    assert one.hear("offer").source_id == "other"


def test_behind_an_http_proxy_the_client_is_whom_it_names_and_not_whom_the_client_names(
    serve: Callable[..., Server], proxy: Proxy, group: str
) -> None:
    server = serve(TRUSTED)
    front = proxy(server, mode="http", backend="option forwardfor")
    offer(front.connect(), front.connect(), group)
    open_from(server, "127.0.0.1")
    liar = front.line()
    liar.request(headers={**HANDSHAKE, "X-Forwarded-For": "6.6.6.6"})
    assert liar.head().status == 101
    assert server.state()["counts"]["forwarded_faults"] == {}
    assert "6.6.6.6" not in server.log()


def test_a_proxy_that_writes_one_header_and_passes_the_other_on_is_no_way_to_be_somebody_else(
    serve: Callable[..., Server], proxy: Proxy
) -> None:
    server = serve(TRUSTED)
    liar = proxy(server, mode="http", backend="option forwardfor").line()
    liar.request(headers={**HANDSHAKE, "Forwarded": "for=6.6.6.6"})
    assert liar.head().status == 101
    open_from(server, r"127\.0\.0\.9:\d+")
    assert server.count("forwarded_faults", "both") == 1


def test_behind_a_proxy_that_writes_forwarded_the_client_is_whom_it_names(serve: Callable[..., Server], proxy: Proxy) -> None:
    server = serve(TRUSTED)
    backend = 'http-request set-header Forwarded for=\\"%[src]:%[src_port]\\";proto=http\n    http-request del-header X-Forwarded-For'
    front = proxy(server, mode="http", backend=backend)
    line = front.line()
    line.request(headers={**HANDSHAKE, "Forwarded": "for=6.6.6.6", "X-Forwarded-For": "6.6.6.6"})
    assert line.head().status == 101
    open_from(server, own_address(line))


def test_the_clients_of_one_proxy_have_their_limits_each(serve: Callable[..., Server], proxy: Proxy) -> None:
    server = serve({**TRUSTED, "limits.connections_per_address": 1})
    backend = "http-request set-header X-Forwarded-For %[req.hdr(X-Test-Client)]"
    front = proxy(server, mode="http", backend=backend)
    for client, status in (("192.0.2.1", 101), ("192.0.2.1", 429), ("192.0.2.2", 101), ("2001:db8::1", 101), ("2001:db8::2", 429)):
        line = front.line()
        line.request(headers={**HANDSHAKE, "X-Test-Client": client})
        assert line.head().status == status, client


@pytest.mark.parametrize("words", ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id"])
def test_behind_a_tcp_proxy_the_client_is_whom_its_header_names(serve: Callable[..., Server], proxy: Proxy, group: str, words: str) -> None:
    server = serve(ANNOUNCED)
    front = proxy(server, mode="tcp", backend="", words=words)
    line = front.line()
    one = Client(line, f"ws://127.0.0.1:{front.port}/ws")
    open_from(server, own_address(line))
    offer(one, front.connect(), group)
    liar = front.line()
    liar.request(headers={**HANDSHAKE, "X-Forwarded-For": "6.6.6.6"})
    assert liar.head().status == 101
    open_from(server, own_address(liar))


def test_the_health_checks_of_a_tcp_proxy_speak_for_itself(serve: Callable[..., Server], proxy: Proxy) -> None:
    server = serve(ANNOUNCED)
    checks = "option httpchk\n    http-check send meth GET uri /health ver HTTP/1.1 hdr Host a\n    option log-health-checks"
    words = "send-proxy-v2 check check-send-proxy inter 50ms rise 1 fall 1"
    front = proxy(server, mode="tcp", backend=checks, words=words)
    front.wait_for_log("Health check for server back/signal succeeded, reason: Layer7 check passed, code: 200")
    assert "DOWN" not in server.log()
    assert server.state()["counts"]["refusals"] == {}


def test_who_is_no_listed_proxy_may_not_even_ask_where_the_protocol_is_spoken(serve: Callable[..., Server]) -> None:
    server = serve(ANNOUNCED)
    line = server.line()
    assert line.receive() == b""
    assert server.count("refusals", "proxy_unlisted") == 1


def test_a_listed_proxy_that_does_not_speak_the_protocol_is_closed(serve: Callable[..., Server], proxy: Proxy) -> None:
    server = serve(ANNOUNCED)
    line = proxy(server, mode="tcp", backend="").line()
    line.request()
    assert line.receive() == b""
    assert server.count("refusals", "proxy_protocol") == 1


def test_without_a_list_a_header_is_a_clients_own_invention(serve: Callable[..., Server]) -> None:
    server = serve({"log.level": "debug"})
    line = server.line()
    line.request(headers={**HANDSHAKE, "X-Forwarded-For": "6.6.6.6", "Forwarded": "for=6.6.6.6"})
    assert line.head().status == 101
    open_from(server, own_address(line))
