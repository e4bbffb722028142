"""ICE servers whose credentials a real coturn takes, and candidates that may not pass; real peers that meet through a relay alone."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.client import Client, PackedClient, PackedV2Client, V2Client
from tests.integration.coturn import Coturn, relayed_by
from tests.integration.line import PATIENCE
from tests.integration.server import Server
from tests.integration.tenancy import Tenancy
from tests.parts import require_part

SECRET = "north-7f3a"
HOST = "candidate:1 1 udp 2122260223 192.0.2.1 51372 typ host"
Result = dict[str, Any]
RELAY = "candidate:5 1 udp 41885439 198.51.100.1 60012 typ relay raddr 0.0.0.0 rport 0"


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    running = Coturn(require_part("turnserver"), tmp_path_factory.mktemp("coturn"), SECRET)
    yield running
    running.stop()


def settings(coturn: Coturn, **more: object) -> dict[str, object]:
    return {"ice.turn_urls": coturn.url, "ice.secret_file": coturn.secret_file, **more}


def ice_servers(client: Client, peer_id: str, group: str, **more: object) -> list[dict[str, Any]]:
    client.ask(peer_id, group, **more)
    servers: list[dict[str, Any]] = client.hear("peer_list").payload.get("ice_servers", [])
    return servers


@pytest.mark.parametrize("kind", [Client, PackedClient])
@pytest.mark.parametrize("peer_id", ["ann", "desk/ann", "Ann's \"é\\ \U0001f600", "x" * 128])
def test_a_client_that_asks_gets_credentials_that_the_turn_server_takes(
    share: Callable[..., Server], coturn: Coturn, group: str, kind: type[Client], peer_id: str
) -> None:
    server = share(settings(coturn, **{"log.level": "debug"}))
    [turn] = servers = ice_servers(server.connect(kind), peer_id, group, ice=True)
    assert turn["urls"] == [coturn.url]
    assert int(turn["username"].partition(":")[0]) - time.time() == pytest.approx(3600, abs=60)
    [(host, _port)] = relayed_by(servers)
    assert host == "127.0.0.1"
    assert turn["credential"] not in server.log()
    assert SECRET not in server.log()


def test_who_does_not_ask_gets_what_it_always_got(share: Callable[..., Server], coturn: Coturn, group: str) -> None:
    client = share(settings(coturn)).connect(Client)
    client.ask("ann", group)
    assert list(client.hear("peer_list").payload) == ["peers"]


def test_the_turn_server_takes_no_other_credentials(serve: Callable[..., Server], coturn: Coturn, group: str) -> None:
    server = serve({"ice.turn_urls": coturn.url}, environ={"PSYNC_ICE__SECRET": "south"})
    assert relayed_by(ice_servers(server.connect(Client), "ann", group, ice=True)) == []


def test_a_second_register_gives_fresh_credentials_and_nobody_hears_of_it(serve: Callable[..., Server], coturn: Coturn, group: str) -> None:
    server = serve(settings(coturn, **{"limits.registers_burst": 1_000_000, "limits.messages_burst": 1_000_000}))
    witness, client = server.connect(Client), server.connect(Client)
    witness.register("witness", group)
    [first] = ice_servers(client, "ann", group, ice=True)
    witness.hear("peer_joined")
    deadline = time.monotonic() + PATIENCE
    while (fresh := ice_servers(client, "ann", group, ice=True)[0])["username"] == first["username"]:
        assert time.monotonic() < deadline  # within the same second the end of both is the same
    assert relayed_by([fresh])
    witness.assert_silence()


def test_a_server_without_any_gives_none(share: Callable[..., Server], group: str) -> None:
    client = share().connect(Client)
    client.ask("ann", group, ice=True)
    assert list(client.hear("peer_list").payload) == ["peers"]


# --- Tenants ---


def test_each_tenant_has_its_own_servers_and_its_own_candidates_or_those_of_the_server(
    serve: Callable[..., Server], coturn: Coturn, tmp_path: Path
) -> None:
    acme = f'candidates = "relay-only"\n[ice]\nturn_urls = ["{coturn.url}"]\nsecret = "{SECRET}"\n'
    other = '[[ice.servers]]\nurls = ["stun:stun.example.org"]\n'
    tenancy = Tenancy(tmp_path / "tenants")
    own = tenancy.settings(acme=acme, other=other, plain="")
    server = serve({"ice.turn_urls": "turn:here.example.org", "ice.secret_file": coturn.secret_file, **own})
    clients = {name: server.connect(Client, tenancy.path(name)) for name in ("acme", "other", "plain")}
    given = {name: ice_servers(client, "ann", "home", ice=True) for name, client in clients.items()}
    assert relayed_by(given["acme"])
    assert given["other"] == [{"urls": ["stun:stun.example.org"]}]
    assert [server["urls"] for server in given["plain"]] == [["turn:here.example.org"]]
    for client in clients.values():
        client.say("candidate", "ann", {"candidate": HOST})
    clients["acme"].refused("not_allowed")
    for name in ("other", "plain"):
        assert clients[name].hear("candidate").payload == {"candidate": HOST}


def test_who_comes_after_a_reload_has_what_is_in_force_then(serve: Callable[..., Server], tmp_path: Path) -> None:
    tenancy = Tenancy(tmp_path / "tenants")
    server = serve(tenancy.settings(acme='[[ice.servers]]\nurls = ["stun:old"]\n'))
    before = server.connect(Client, tenancy.path("acme"))
    tenancy.write("acme", "old", more='candidates = "no-host"\n[[ice.servers]]\nurls = ["stun:new"]\n')
    server.signal(signal.SIGHUP)
    server.wait_for_line("reloaded")
    after = server.connect(Client, tenancy.path("acme"))
    assert ice_servers(after, "after", "home", ice=True) == [{"urls": ["stun:new"]}]
    assert ice_servers(before, "before", "home", ice=True) == [{"urls": ["stun:old"]}]
    after.hear("peer_joined")
    before.say("candidate", "after", {"candidate": HOST})
    assert after.hear("candidate").payload == {"candidate": HOST}
    after.say("candidate", "before", {"candidate": HOST})
    after.refused("not_allowed")


@pytest.mark.parametrize("kind", [V2Client, PackedV2Client])
def test_a_v2_client_gets_them_without_asking(share: Callable[..., Server], coturn: Coturn, group: str, kind: type[Client]) -> None:
    client = share(settings(coturn)).connect(kind)
    [turn] = ice_servers(client, "ann", group)
    assert turn["urls"] == [coturn.url]
    assert relayed_by([turn])


# --- Candidates ---


@pytest.mark.parametrize("kind", [Client, PackedClient])
def test_a_candidate_that_may_not_pass_is_told_to_its_sender_and_to_nobody_else(
    serve: Callable[..., Server], group: str, kind: type[Client]
) -> None:
    server = serve({"group.candidates": "relay-only", "limits.errors": 1})
    ann, bob = server.connect(kind), server.connect(kind)
    ann.register("ann", group)
    bob.register("bob", group)
    ann.hear("peer_joined")
    for _ in range(5):
        bob.say("candidate", "ann", {"candidate": HOST, "sdpMid": "0"}, id="7")
        refused = bob.refused("not_allowed").payload
        assert "candidate of type host" in refused["message"]
        assert refused["ref"] == {"id": "7", "type": "candidate", "target_id": "ann"}
    bob.say("offer", "ann", {"type": "offer", "sdp": f"v=0\r\na={HOST}\r\n"})
    bob.refused("not_allowed")
    ann.assert_silence()
    ann.say("candidate", "bob", {"candidate": RELAY, "sdpMid": "0"})
    assert bob.hear("candidate").payload == {"candidate": RELAY, "sdpMid": "0"}
    assert server.state()["counts"]["candidates_dropped"] == {"host": 6}


def test_everything_passes_where_nothing_is_set(share: Callable[..., Server], group: str) -> None:
    server = share()
    ann, bob = server.connect(Client), server.connect(Client)
    ann.register("ann", group)
    bob.register("bob", group)
    for payload in ({"candidate": HOST}, "anything", None, {"sealed": "aGVsbG8="}):
        ann.say("candidate", "bob", payload)
        assert bob.hear("candidate").payload == payload


# --- Real peers ---


def test_two_peers_that_may_use_relays_alone_meet_through_the_turn_server(
    serve: Callable[..., Server], coturn: Coturn, aiortc: Callable[..., Callable[[], Result]], group: str
) -> None:
    server = serve(settings(coturn, **{"group.candidates": "relay-only"}))
    size, names = 2**16, ("by-relay-1", "by-relay-2")
    peers = {name: aiortc(f"ws://127.0.0.1:{server.port}/ws", name, group, 1, size, "ice") for name in names}
    results = {name: result() for name, result in peers.items()}
    for name, other in (names, names[::-1]):
        assert results[name]["received"] == {other: results[other]["sent"]}
        assert results[name]["barred"]
        assert all("candidate of type host" in says for says in results[name]["barred"])
    deadline = time.monotonic() + PATIENCE
    while sum(map(coturn.received, names)) < 2 * size:
        assert time.monotonic() < deadline, coturn.log()
        time.sleep(0.01)  # a file tells nobody that it grows
