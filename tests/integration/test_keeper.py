"""Daemons that never reconnect, the keeper, and the real server, which goes and comes."""

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.certificates import self_signed
from tests.integration.client import Client, PackedClient
from tests.integration.daemon import Daemon
from tests.integration.line import PATIENCE
from tests.integration.relay import Relay
from tests.integration.server import Server, ended_in_order
from tests.integration.tenancy import Tenancy

SETTINGS = {"drain.reconnect_spread": 0}

Keep = Callable[..., Server]


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay() as running:
        yield running


@pytest.fixture
def keep() -> Iterator[Keep]:
    """Starts keepers for an address upstream; ends them, and fails if that does not go in order."""
    with ended_in_order() as started:

        def start(upstream: str, *more: object) -> Server:
            started.append(Server(arguments=["keeper", "--upstream", upstream, "--listen", "127.0.0.1:0", *map(str, more)]))
            return started[-1]

        yield start


def at(server: Server | Relay) -> str:
    return f"ws://127.0.0.1:{server.port}/ws"


def restart(serve: Callable[..., Server], relay: Relay, old: Server) -> Server:
    """Put another server in the place of this one."""
    relay.target = None
    old.stop()
    new = serve(SETTINGS)
    relay.target = new.port
    return new


def wait_for_loss(keeper: Server, peer: str, since: int) -> None:
    """Wait until the keeper knows: what it sends before that is lost with the connection, as it would be without a keeper."""
    keeper.wait_for_line(f'the connection ended.*"peer": "{peer}"', since)


def test_a_daemon_does_not_notice_three_restarts_and_its_peers_still_reach_it(
    serve: Callable[..., Server], keep: Keep, relay: Relay, group: str
) -> None:
    server = serve(SETTINGS)
    relay.target = server.port
    keeper = keep(at(relay))
    early, late = keeper.connect(Daemon), keeper.connect(Daemon)
    assert early.register("early", group) == []
    assert [peer["id"] for peer in late.register("late", group)] == ["early"]
    early.link()
    late.link()
    for number in range(3):
        server = restart(serve, relay, server)
        server.wait_for_connections(2)
        late.say("message", "early", number)
        early.say("message", "late", number)
        assert early.hear("message").payload == number
        assert late.hear("message").payload == number
        early.assert_silence()
        late.assert_silence()
        newcomer = server.connect(Daemon)
        assert {peer["id"] for peer in newcomer.register("newcomer", group)} == {"early", "late"}
        for daemon in (early, late):
            assert daemon.hear("peer_joined").peer == "newcomer"
            daemon.link()
            newcomer.link()
        newcomer.leave_politely()
        for daemon in (early, late):
            assert daemon.hear("peer_left").payload["reason"] == "left"
    assert (early.links, late.links) == (["late", *["newcomer"] * 3], ["early", *["newcomer"] * 3])


def test_a_server_that_is_killed_is_waited_for_and_what_is_sent_meanwhile_arrives_in_order(
    serve: Callable[..., Server], keep: Keep, relay: Relay, group: str
) -> None:
    server = serve()
    relay.target = server.port
    keeper = keep(at(relay))
    early, late = keeper.connect(Client), keeper.connect(PackedClient)
    early.register("early", group)
    late.register("late", group)
    early.hear("peer_joined")
    relay.target, since = None, len(keeper.lines())
    server.kill()
    for peer in ("early", "late"):
        wait_for_loss(keeper, peer, since)
    for number in range(20):
        late.say("message", "early", number)
    relay.target = serve().port
    assert [early.hear("message").payload for _ in range(20)] == list(range(20))
    early.assert_silence()
    late.assert_silence()


def test_who_is_new_after_a_restart_and_came_earlier_is_offered_to(
    serve: Callable[..., Server], keep: Keep, relay: Relay, group: str
) -> None:
    server = serve()
    relay.target = server.port
    keeper = keep(at(relay))
    stays, goes = keeper.connect(Daemon), server.connect(Daemon)
    stays.register("stays", group)
    goes.register("goes", group)
    stays.link()
    goes.link()
    relay.target = None
    server.signal()  # with its clients connected, who hear of no one's leaving
    assert server.exit_code() == 0
    again = serve()
    new = again.connect(Daemon)
    new.register("new", group)
    relay.target = again.port
    # It has joined before the one that stays, so that is the one to offer: it is told by a list.
    assert [peer["id"] for peer in stays.joined()] == ["new"]
    new.link()
    stays.link()
    assert (stays.links, new.links) == (["goes", "new"], ["stays"])


def test_a_connection_that_is_cut_is_made_again(serve: Callable[..., Server], keep: Keep, relay: Relay, group: str) -> None:
    relay.target = serve().port
    keeper = keep(at(relay))
    daemon = keeper.connect(Daemon)
    daemon.register("daemon", group)
    for _ in range(3):
        before, since = relay.count, len(keeper.lines())
        relay.cut()
        wait_for_loss(keeper, "daemon", since)
        daemon.assert_silence()
        assert relay.count == before + 1


def test_the_others_see_nothing_of_a_cut_and_what_they_send_meanwhile_arrives(
    serve: Callable[..., Server], keep: Keep, relay: Relay, group: str
) -> None:
    server = serve()
    relay.target = server.port
    keeper, other = keep(at(relay)), server.connect(Client)
    daemon = keeper.connect(Daemon)
    daemon.register("daemon", group)
    other.register("other", group)
    assert daemon.hear("peer_joined").peer == "other"
    relay.target, since = None, len(keeper.lines())
    relay.cut()
    wait_for_loss(keeper, "daemon", since)
    while not server.count("resumable"):
        pass
    for number in range(20):
        other.say("message", "daemon", number)
    relay.target = server.port
    assert [daemon.hear("message").payload for _ in range(20)] == list(range(20))
    daemon.assert_silence()
    other.assert_silence()


def test_the_server_is_reached_over_tls_with_an_authority_of_its_own(
    serve: Callable[..., Server], keep: Keep, group: str, tmp_path: Path
) -> None:
    certificate = self_signed(tmp_path)
    server = serve({"server.tls.cert": certificate.cert, "server.tls.key": certificate.key})
    keeper = keep(f"wss://127.0.0.1:{server.port}/ws", "--ca", certificate.cert)
    daemon = keeper.connect(Daemon)
    assert daemon.register("daemon", group) == []
    daemon.assert_silence()


def test_the_end_of_the_keeper_is_told_on_both_sides(serve: Callable[..., Server], keep: Keep, group: str) -> None:
    server = serve()
    keeper = keep(at(server))
    daemon, other = keeper.connect(Daemon), server.connect(Daemon)
    daemon.register("daemon", group)
    other.register("other", group)
    daemon.link()
    keeper.signal()
    assert daemon.closed().code == 1012
    other.link()
    assert other.hear("peer_left").payload["reason"] == "left"
    daemon.close()
    assert keeper.exit_code() == 0


# --- Tokens ---


class Doorman(BaseHTTPRequestHandler):
    """Refuses everyone; remembers the tokens."""

    protocol_version = "HTTP/1.1"

    tokens: list[str | None]

    def do_GET(self) -> None:
        self.tokens.append(self.headers["Authorization"])
        body = json.dumps({"error": "not_authenticated", "message": "the token has expired"}).encode()
        self.send_response(401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing: the test asks for the tokens."""


@contextmanager
def doorman() -> Iterator[tuple[str, list[str | None]]]:
    """An address where every token is refused, and the tokens that came."""
    tokens: list[str | None] = []
    kind: Any = type("TheDoorman", (Doorman,), {"tokens": tokens})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as httpd:
        serving = Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield f"ws://127.0.0.1:{httpd.server_port}/ws", tokens
        finally:
            httpd.shutdown()
            serving.join(PATIENCE)


def test_a_daemon_without_a_token_and_one_with_its_own_meet_in_the_tenant(
    serve: Callable[..., Server], keep: Keep, relay: Relay, group: str, tmp_path: Path
) -> None:
    tenancy = Tenancy(tmp_path / "tenants")
    server = serve(tenancy.settings(acme="") | SETTINGS)
    relay.target = server.port
    token = tmp_path / "token"
    token.write_text(tenancy.token(groups=[group]))
    keeper = keep(at(relay).replace("/ws", "/t/acme/ws"), "--token-file", token)
    daemon, other = keeper.connect(Daemon), server.connect(Daemon, tenancy.path("acme"))
    assert daemon.register("daemon", group) == []
    assert [peer["id"] for peer in other.register("other", group)] == ["daemon"]
    daemon.link()
    other.link()
    # The next connection gets what is in the file by then, and that is refused.
    token.write_text(tenancy.token(kid="new"))
    relay.cut()
    daemon.refused("not_allowed")
    assert daemon.closed().code == 4401
    assert token.read_text() not in keeper.log()


def test_a_token_that_is_not_good_for_the_group_is_told(serve: Callable[..., Server], keep: Keep, group: str, tmp_path: Path) -> None:
    tenancy = Tenancy(tmp_path / "tenants")
    server = serve(tenancy.settings(acme=""))
    token = tmp_path / "token"
    token.write_text(tenancy.token(groups=["another"]))
    daemon = keep(at(server).replace("/ws", "/t/acme/ws"), "--token-file", token).connect(Daemon)
    daemon.ask("daemon", group)
    daemon.refused("not_allowed")


def test_a_token_that_is_refused_is_sent_once_and_the_daemon_is_told_and_closed(keep: Keep, group: str, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("hush-hush\n")
    with doorman() as (url, tokens):
        keeper = keep(url, "--token-file", token)
        for number in itertools.count(1):
            daemon = keeper.connect(Daemon)
            daemon.ask("daemon", group)
            error = daemon.refused("not_allowed")
            assert "the token has expired" in error.payload["message"]
            assert daemon.closed().code == 4401
            assert tokens == ["Bearer hush-hush"] * number
            if number == 2:
                break
        assert "hush" not in keeper.log()
