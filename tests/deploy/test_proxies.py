"""nginx.conf, haproxy.cfg and Caddyfile: the real proxies with these very files, TLS, and a real server behind them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.deploy.fronts import FRONTS, Front
from tests.integration.certificate import Certificate
from tests.integration.client import Client, PackedV2Client, V2Client
from tests.integration.line import HANDSHAKE
from tests.integration.server import Server

TRUSTED = {"server.trusted_proxies": "127.0.0.1", "log.level": "debug"}
ONE, OTHER = "127.0.0.5", "127.0.0.6"
"""Where the clients come from; the proxy comes from 127.0.0.1."""

Start = Callable[..., Front]


@pytest.fixture
def front(tmp_path: Path, certificate: Certificate) -> Iterator[Start]:
    """Starts a proxy in front of a server (arguments as of `Front`)."""
    started: list[Front] = []

    def start(name: str, server: Server, scaled: dict[str, str] | None = None) -> Front:
        started.append(Front(name, tmp_path, certificate, server.port, scaled))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.mark.parametrize("name", FRONTS)
@pytest.mark.parametrize("kind", [Client, V2Client, PackedV2Client])
def test_two_clients_meet_through_tls_and_the_server_knows_who_they_are(
    serve: Callable[..., Server], front: Start, group: str, name: str, kind: type[Client]
) -> None:
    server = serve(TRUSTED)
    proxy = front(name, server)
    one, other = proxy.connect(kind, ONE), proxy.connect(Client, OTHER)
    one.register("one", group)
    other.register("other", group)
    one.hear("peer_joined")
    other.say("offer", "one", {"sdp": "v=0" + 20_000 * "."})
    assert one.hear("offer").source_id == "other"
    for address in (ONE, OTHER):
        server.wait_for_line(f'"message": "open".*"address": "{address}"')
    assert server.state()["counts"]["forwarded_faults"] == {}


@pytest.mark.parametrize("name", FRONTS)
def test_nobody_is_somebody_else_by_a_header_and_no_token_is_in_the_log_of_a_proxy(
    serve: Callable[..., Server], front: Start, name: str
) -> None:
    server = serve(TRUSTED)
    proxy = front(name, server)
    liar = proxy.line(ONE)
    liar.request("/ws?token=a-secret", headers={**HANDSHAKE, "X-Forwarded-For": "6.6.6.6", "Forwarded": "for=6.6.6.6"})
    assert liar.head().status == 101
    server.wait_for_line(f'"message": "open".*"address": "{ONE}"')
    assert server.state()["counts"]["forwarded_faults"] == {}
    proxy.stop()
    assert "6.6.6.6" not in server.log()
    assert "a-secret" not in proxy.log()


@pytest.mark.parametrize("name", FRONTS)
@pytest.mark.parametrize(
    ("path", "status"),
    [("/health", 200), ("/ready", 200), ("/t/acme/ws", 426), ("/metrics", 404), ("/api/v1/nodes", 404), ("/", 404), ("/wsx", 404)],
)
def test_what_the_server_has_for_the_public_is_passed_on_and_nothing_else(
    serve: Callable[..., Server], front: Start, name: str, path: str, status: int
) -> None:
    line = front(name, serve(TRUSTED)).line(ONE)
    line.request(path, headers={"Host": "127.0.0.1"})
    assert line.head().status == status


SCALED = {"75s": "1s"}
"""The silence that a proxy bears, for those who wait until it is over."""


@pytest.mark.parametrize("name", ["nginx", "haproxy"])
def test_the_pings_of_the_server_keep_a_quiet_client_connected_for_longer_than_the_proxy_bears_silence(
    serve: Callable[..., Server], front: Start, group: str, name: str
) -> None:
    server = serve({**TRUSTED, "heartbeat.ping_interval": 0.3, "heartbeat.expire_after": 5})
    client = front(name, server, SCALED).connect(Client, ONE)
    client.register("one", group)
    client.answer_pings(5)
    client.register("one", group)


@pytest.mark.parametrize("name", ["nginx", "haproxy"])
def test_a_client_that_nobody_pings_is_cut_when_the_time_of_the_proxy_is_over(
    serve: Callable[..., Server], front: Start, group: str, name: str
) -> None:
    server = serve(TRUSTED)
    line = front(name, server, SCALED).line(ONE)
    line.upgrade()
    assert line.receive() == b""
    server.stop()
    assert all("Connection reset by peer" in fault for fault in server.faults())  # HAProxy's way to end it


@pytest.mark.parametrize(("name", "bound"), [("nginx", "psync_signal 1000"), ("haproxy", "gt 1000")])
def test_one_address_has_so_many_connections_and_the_next_is_told_to_wait(
    serve: Callable[..., Server], front: Start, name: str, bound: str
) -> None:
    proxy = front(name, serve(TRUSTED), {bound: bound.replace("1000", "2")})
    for source, status in ((ONE, 101), (ONE, 101), (ONE, 429), (OTHER, 101)):
        line = proxy.line(source)
        line.request()
        assert line.head().status == status


def test_haproxy_sends_nobody_new_to_a_server_that_drains(serve: Callable[..., Server], front: Start) -> None:
    server = serve({**TRUSTED, "drain.timeout": 5, "drain.reconnect_spread": 5})
    proxy = front("haproxy", server, {"inter 2s": "inter 50ms"})
    leaving = proxy.connect(V2Client, ONE)
    server.signal()
    leaving.hear("goaway")
    server.wait_for_line('"message": "draining"')
    line = proxy.line(OTHER)
    line.request()
    assert line.head().status == 503
    leaving.closed()
    assert server.exit_code() == 0
