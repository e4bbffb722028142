"""What the config means for each part: every value arrives where it counts."""

from types import SimpleNamespace
from typing import Any, Literal, cast

import msgspec
import pytest

from actors.messages import Leave
from actors.pairing import HoldRules
from gateway.candidate_gate import CandidatePolicy
from gateway.config import Auth, Config, Group, Heartbeat, Ice, IceServerConfig, Limits, Resume, Server, TenantConfig
from gateway.config_text import Secret
from gateway.line import Line
from gateway.quota import Quota
from gateway.rules import Capacity, admission_rules, capacity_of, group_rules, handshake_rules, peer_rules, tenants_of
from gateway.tenants import Tenants
from tests.doubles import PlainMetrics

CAPACITY = Capacity(7, 3)


def with_limits(**limits: float) -> Config:
    return Config(limits=msgspec.structs.replace(Limits(), **limits))


def test_a_connection_goes_by_its_rates_its_deadlines_and_its_holds() -> None:
    limits = {
        "messages_per_second": 1.0, "messages_burst": 2, "bytes_per_second": 3, "bytes_burst": 4, "registers_per_second": 5.0,
        "registers_burst": 6, "errors": 7, "early_messages": 8, "held_messages": 9, "held_bytes": 4096, "hold_timeout": 0.5,
        "register_timeout": 10.0,
    }  # fmt: skip
    config = msgspec.structs.replace(with_limits(**limits), heartbeat=Heartbeat(1, 2, 3, 4))
    rules = peer_rules(config, config.limits)
    rates = [(rate.per_second, rate.burst) for rate in (rules.conduct.messages, rules.conduct.size, rules.conduct.registers)]
    assert rates == [(1, 2), (3, 4), (5, 6)]
    assert (rules.conduct.errors, rules.conduct.early) == (7, 8)
    assert rules.hold == HoldRules(9, 4096, 0.5)
    assert rules.liveness == (1, 2, 3, 10)


def test_a_welcome_tells_the_limits_that_a_client_can_keep_to() -> None:
    config = with_limits(message_bytes=1000, messages_per_second=5.0)
    told = peer_rules(config, config.limits).limits
    assert (told["message_bytes"], told["messages_per_second"]) == (1000, 5.0)
    assert sorted(told)[:6] == ["bytes_burst", "bytes_per_second", "elements", "fragments", "id_length", "json_depth"]
    assert sorted(told)[6:9] == ["message_bytes", "messages_burst", "messages_per_second"]
    assert sorted(told)[9:] == ["metadata_bytes", "registers_burst", "registers_per_second", "resume_window"]
    assert peer_rules(Config(resume=Resume(window=7.5)), Limits()).limits["resume_window"] == 7.5


def test_a_place_outlives_its_connection_as_configured() -> None:
    assert peer_rules(Config(resume=Resume(1.0, 2, 300)), Limits()).resume == (1.0, 2, 300)


def test_without_holding_there_are_no_rules_for_it() -> None:
    assert peer_rules(Config(group=Group(hold_candidates=False)), Limits()).hold is None


def test_groups_go_by_their_quotas() -> None:
    rules = group_rules(Config(), with_limits(groups_per_tenant=1, peers_per_tenant=2, peers_per_group=3).limits)
    assert (rules.groups, rules.peers, rules.group.peers) == (1, 2, 3)


def line_for(limits: Limits, quota: Quota | None, candidates: CandidatePolicy) -> Line:
    return cast("Line", SimpleNamespace(limits=limits, quota=quota, candidates=candidates))


def test_each_tenant_goes_by_its_own_section_and_the_default_one_by_the_servers() -> None:
    acme = TenantConfig(allowed_origins=("https://acme.example",), limits=Limits(peers_per_group=7, connections_per_tenant=8))
    config = Config(server=Server(allowed_origins=("https://app.example",)), limits=Limits(errors=3), tenants={"acme": acme})
    default, named = tenants_of(config, line_for, Tenants(()))
    assert (default.name, default.config, default.origins, default.connections) == ("", None, frozenset({"https://app.example"}), 0)
    assert (default.peer_rules.conduct.errors, default.line.quota) == (3, None)
    assert (named.name, named.config, named.origins, named.connections) == ("acme", acme, frozenset({"https://acme.example"}), 8)
    assert named.group_rules.group.peers == 7
    assert cast("Any", named.line).limits is acme.limits


def test_a_tenant_has_the_servers_ice_or_all_of_its_own_and_its_own_candidates() -> None:
    own, none = Ice(servers=(IceServerConfig(("stun:acme",)),)), Ice()
    sections = {
        "acme": TenantConfig(candidates="relay-only", ice=own),
        "plain": TenantConfig(candidates="no-host"),
        "bare": TenantConfig(ice=none),
    }
    config = Config(group=Group(candidates="no-host"), ice=Ice(servers=(IceServerConfig(("stun:here",)),)), tenants=sections)
    found = {tenant.name: tenant for tenant in tenants_of(config, line_for, Tenants(()))}
    lists = {name: tenant.ice("p", 0) if tenant.ice else None for name, tenant in found.items()}
    here = b'[{"urls":["stun:here"]}]'
    assert lists == {"": here, "acme": b'[{"urls":["stun:acme"]}]', "plain": here, "bare": None}
    policies = {name: cast("Any", tenant.line).candidates.value for name, tenant in found.items()}
    assert policies == {"": "no-host", "acme": "relay-only", "plain": "no-host", "bare": "all"}


def test_the_turn_users_of_a_tenant_are_its_own_also_where_it_has_the_servers_of_all() -> None:
    shared = Ice(turn_urls=("turn:here",), secret=Secret("north"))
    for tenant in tenants_of(Config(ice=shared, tenants={"acme": TenantConfig()}), line_for, Tenants(())):
        assert tenant.ice is not None
        (turn,) = msgspec.json.decode(tenant.ice("ann", 0))
        assert turn["username"] == ("3600:acme/ann" if tenant.name else "3600:ann")


def test_a_tenant_that_was_there_before_goes_on_with_its_quota() -> None:
    first = tenants_of(with_limits(tenant_messages_per_second=1.0, tenant_messages_burst=1), line_for, Tenants(()))
    quota, said, metrics = first[0].line.quota, Leave(), PlainMetrics()
    assert quota is not None
    assert quota.judge(said, 1, 0, metrics) is said

    (same,) = tenants_of(with_limits(tenant_messages_per_second=1.0, tenant_messages_burst=1), line_for, Tenants(first))
    assert same.line.quota is quota
    assert quota.judge(said, 1, 0, metrics) is not said

    (none,) = tenants_of(Config(), line_for, Tenants(first))
    assert none.line.quota is None
    assert quota.judge(said, 1, 0, metrics) is said  # for those who have it still


UNBOUNDED, BOUNDED = TenantConfig(), TenantConfig(limits=Limits(connections_per_tenant=1, tenant_messages_per_second=1.0))


@pytest.mark.parametrize(
    ("mode", "tenants", "told"),
    [
        ("token", {}, []),
        ("none", {}, []),
        ("token", {"acme": UNBOUNDED}, []),
        (
            "none",
            {"acme": UNBOUNDED},
            ["1 have no limits.connections_per_tenant, acme", "1 have no limits.tenant_messages_per_second, acme"],
        ),
        ("token", {"acme": BOUNDED, "other": BOUNDED}, []),
        (
            "token",
            {"acme": UNBOUNDED, "other": BOUNDED, "third": TenantConfig(limits=Limits(connections_per_tenant=1))},
            ["1 have no limits.connections_per_tenant, acme", "2 have no limits.tenant_messages_per_second, acme, third"],
        ),
    ],
)
def test_tenants_that_could_starve_others_are_warned_of(
    mode: Literal["none", "token"], tenants: dict[str, TenantConfig], told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    tenants_of(Config(auth=Auth(mode=mode), tenants=tenants), line_for, Tenants(()))
    assert [message.partition("need: ")[2] for message in caplog.messages] == told


def test_handshakes_and_admission_go_by_what_fits() -> None:
    config = with_limits(connections_per_address=4, handshakes_per_address=5, header_bytes=2048, headers=9)
    assert admission_rules(config, CAPACITY) == (7, 4, 5)
    handshake = handshake_rules(config, CAPACITY)
    assert (handshake.concurrent, handshake.header_bytes, handshake.headers) == (3, 2048, 9)
    assert not handshake.reuse_port
    assert handshake_rules(Config(server=Server(reuse_port=True)), CAPACITY).reuse_port


@pytest.mark.parametrize(
    ("connections", "handshakes", "descriptors", "capacity", "warned"),
    [
        (20_000, 1000, 1_048_576, Capacity(20_000, 1000), False),
        (20_000, 1000, 20_000, Capacity(18_936, 1000), False),  # a default meets a common limit: not worth a warning at every start
        (20_000, 1000, 4096, Capacity(3032, 1000), True),
        (20_000, 1000, 1024, Capacity(720, 240), True),
        (500, 1000, 1024, Capacity(500, 240), False),
        (20_000, 1000, 64, Capacity(1, 1), True),
    ],
)
def test_clients_get_no_more_descriptors_than_there_are(
    connections: int, handshakes: int, descriptors: int, capacity: Capacity, *, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    limits = Limits(connections=connections, handshakes=handshakes)
    assert capacity_of(limits, descriptors) == capacity
    assert bool(caplog.records) == warned
    assert all("limits.connections" in record.message and "ulimit -n" in record.message for record in caplog.records)
