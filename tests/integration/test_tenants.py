"""Tenants on one server: each by its own limits, and none sees, fills or slows another."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.client import Client
from tests.integration.line import HANDSHAKE
from tests.integration.server import Server
from tests.integration.tenancy import Tenancy

TWO = ("acme", "other")


@pytest.fixture
def tenancy(tmp_path: Path) -> Tenancy:
    return Tenancy(tmp_path / "tenants")


def join(server: Server, tenancy: Tenancy, tenant: str, peer_id: str, group_id: str = "home") -> Client:
    client = server.connect(Client, tenancy.path(tenant))
    client.register(peer_id, group_id)
    return client


def reload(server: Server) -> None:
    since = len(server.lines())
    server.signal(signal.SIGHUP)
    server.wait_for_line("reloaded", since)


def test_the_same_group_and_the_same_ids_in_two_tenants_never_meet(serve: Callable[..., Server], tenancy: Tenancy) -> None:
    server = serve(tenancy.settings(**dict.fromkeys(TWO, "")))
    clients = {tenant: [join(server, tenancy, tenant, peer_id) for peer_id in "ab"] for tenant in TWO}
    for first, second in clients.values():
        assert first.hear("peer_joined").peer == "b"
        for kind in ("offer", "message"):
            second.say(kind, "a", kind)
    for tenant, (first, second) in clients.items():
        assert [first.next().payload for _ in range(2)] == ["offer", "message"], tenant
        first.say("message", None, tenant)
        assert second.hear("message").payload == tenant
    for client in (client for pair in clients.values() for client in pair):
        client.assert_silence()


def test_a_peer_of_another_tenant_is_answered_as_one_that_is_nowhere(serve: Callable[..., Server], tenancy: Tenancy) -> None:
    server = serve(tenancy.settings(**dict.fromkeys(TWO, "")))
    client, theirs = join(server, tenancy, "acme", "a"), join(server, tenancy, "other", "b")
    answers = []
    for target in ("b", "x"):
        client.say("offer", target, "secret")
        answers.append(client.refused("unknown_peer").payload)
    foreign, nowhere = answers
    assert foreign.pop("ref")["target_id"] == "b"
    assert nowhere.pop("ref")["target_id"] == "x"
    assert foreign == nowhere
    theirs.assert_silence()


def test_a_tenant_that_floods_is_held_to_its_rate_and_the_messages_of_another_all_arrive(
    serve: Callable[..., Server], tenancy: Tenancy
) -> None:
    loud = "[limits]\ntenant_messages_per_second = 1.0\ntenant_messages_burst = 20\nmessages_burst = 10_000"
    server = serve(tenancy.settings(acme=loud, other=""))
    floods = [join(server, tenancy, "acme", peer_id, peer_id) for peer_id in "ab"]
    quiet = join(server, tenancy, "other", "a")
    for number in range(100):
        for flood in floods:
            flood.say("message", flood.peer_id, number)
        quiet.say("message", "a", number)
        assert quiet.hear("message").payload == number
    heard = [flood.next() for flood in floods for _ in range(100)]
    refused = [message.payload for message in heard if message.type == "error"]
    assert len(refused) >= 200 - 20 - 10  # ten seconds: more than this takes
    assert {(payload["code"], payload["retry_after_ms"] > 0, payload["ref"]["type"]) for payload in refused} == {
        ("rate_limited", True, "message")
    }
    assert server.count("quota_refusals", "tenant_messages_per_second") == len(refused)
    assert server.count("closes") == 0
    quiet.assert_silence()


@pytest.mark.parametrize(("limit", "code"), [("peers_per_group = 1", "group_full"), ("peers_per_tenant = 1", "tenant_full")])
def test_a_tenant_that_is_full_leaves_room_for_another(serve: Callable[..., Server], tenancy: Tenancy, limit: str, code: str) -> None:
    server = serve(tenancy.settings(acme=f"[limits]\n{limit}", other=""))
    for peer_id in "ab":
        join(server, tenancy, "other", peer_id)
    join(server, tenancy, "acme", "a")
    late = server.connect(Client, tenancy.path("acme"))
    late.ask("b", "home")
    late.refused(code)


def test_a_tenant_has_so_many_connections_and_another_its_own(serve: Callable[..., Server], tenancy: Tenancy) -> None:
    server = serve(tenancy.settings(acme="[limits]\nconnections_per_tenant = 1", other=""))
    held = join(server, tenancy, "acme", "a")
    answer = server.request("GET", tenancy.path("acme"), HANDSHAKE)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert '"tenant_connections"' in answer.body
    join(server, tenancy, "other", "a")
    held.leave_politely()
    server.wait_for_connections(1)
    join(server, tenancy, "acme", "a")


def test_a_message_is_as_large_as_its_tenant_allows(serve: Callable[..., Server], tenancy: Tenancy) -> None:
    server = serve(tenancy.settings(acme="[limits]\nmessage_bytes = 1000\nmetadata_bytes = 10", other=""))
    small, large = join(server, tenancy, "acme", "a"), join(server, tenancy, "other", "a")
    large.say("message", "a", "x" * 2000)
    assert large.hear("message").payload == "x" * 2000
    small.register("a", "home", metadata={"a": 1})
    small.ask("a", "home", metadata={"name": "much too long"})
    small.refused("too_large")
    small.say("message", "a", "x" * 2000)
    assert small.closed().code == 1009


def test_an_origin_is_judged_by_its_tenant(serve: Callable[..., Server], tenancy: Tenancy) -> None:
    acme = 'allowed_origins = ["https://acme.example"]'
    server = serve({**tenancy.settings(acme=acme, other=""), "server.allowed_origins": "https://app.example"})
    allowed = [("acme", "https://acme.example"), ("other", "https://app.example")]
    for tenant in TWO:
        for origin in ("https://acme.example", "https://app.example"):
            status = server.request("GET", tenancy.path(tenant), {**HANDSHAKE, "Origin": origin}).status
            assert status == (101 if (tenant, origin) in allowed else 403), (tenant, origin)


# --- Reload ---


def test_who_is_of_a_tenant_that_is_no_more_is_closed_and_nobody_else(serve: Callable[..., Server], tenancy: Tenancy) -> None:
    server = serve(tenancy.settings(**dict.fromkeys(TWO, "")))
    gone, bare, stays = (
        join(server, tenancy, "acme", "a"),
        server.connect(Client, tenancy.path("acme")),
        join(server, tenancy, "other", "a"),
    )
    (tenancy.folder / "acme.toml").unlink()
    reload(server)
    for client in (gone, bare):
        assert client.closed().code == 4403
    stays.assert_silence()
    assert server.request("GET", tenancy.path("acme"), HANDSHAKE).status == 401

    tenancy.write("acme", "old")
    reload(server)
    join(server, tenancy, "acme", "a").assert_silence()


def test_limits_that_are_changed_hold_for_who_comes_then(serve: Callable[..., Server], tenancy: Tenancy) -> None:
    server = serve(tenancy.settings(acme=""))
    before = join(server, tenancy, "acme", "a")
    tenancy.write("acme", "old", more="[limits]\nmessage_bytes = 1000\npeers_per_group = 2")
    reload(server)
    after = join(server, tenancy, "acme", "b")
    before.hear("peer_joined")
    before.say("message", "b", "x" * 2000)
    assert after.hear("message").payload == "x" * 2000
    third = server.connect(Client, tenancy.path("acme"))
    third.ask("c", "home")
    third.refused("group_full")
    after.say("message", "a", "x" * 2000)
    assert after.closed().code == 1009


def test_what_was_counted_for_a_tenant_goes_with_it(serve: Callable[..., Server], tenancy: Tenancy) -> None:
    server = serve({**tenancy.settings(**dict.fromkeys(TWO, "")), "operator.listen": "127.0.0.1:0"})
    for tenant in TWO:
        client = join(server, tenancy, tenant, "a")
        client.say("message", "a", "to myself")
        client.hear("message")
    counted = 'psync_signal_tenant_relays_total{{tenant="{}"}} 1.0'
    assert counted.format("acme") in server.operate("GET", "/metrics").body
    (tenancy.folder / "acme.toml").unlink()
    reload(server)
    page = server.operate("GET", "/metrics").body
    assert 'tenant="acme"' not in page
    assert counted.format("other") in page
