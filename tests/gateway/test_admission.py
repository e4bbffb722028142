"""Who may have a connection, and that each is counted in and out once."""

from collections.abc import Mapping
from typing import Any

import pytest

from actors.grant import Grant
from gateway.admission import Admission, AdmissionRules, Admitted, Known, Refused, network_of
from gateway.operator.metrics import Counts
from gateway.tenants import DEFAULT
from tests.gateway.tenanted import open_door, tenant

HOST = "192.0.2.1"


GRANT = Grant(("home",))


def admission(
    *, origins: tuple[str, ...] = (), connections: int = 100, per_address: int = 10, handshakes: int = 10, per_tenant: int = 0
) -> tuple[Admission, Counts]:
    counts = Counts()
    tenants = {name: tenant(name, origins=origins, connections=per_tenant) for name in ("", "acme")}
    rules = AdmissionRules(connections, per_address, handshakes)
    return Admission(rules, lambda _network, name, _environ: Known(tenants[name], GRANT), counts), counts


def admit(door: Admission, host: str = HOST, origin: str | None = None, name: str = "") -> Admitted:
    return door.admit(host, 5, {} if origin is None else {"HTTP_ORIGIN": origin}, name)


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:201", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("/run/signal.sock", "/run/signal.sock"),
    ],
)
def test_a_network_is_what_one_client_can_command(host: str, network: str) -> None:
    assert network_of(host) == network


@pytest.mark.parametrize(
    ("host", "address"),
    [("192.0.2.1", "192.0.2.1:5"), ("::ffff:192.0.2.1", "192.0.2.1:5"), ("2001:db8::1", "[2001:db8::1]:5"), ("::1", "[::1]:5")],
)
def test_an_address_is_shown_as_people_write_it(host: str, address: str) -> None:
    door, _ = admission()
    assert admit(door, host).address == address


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1"])
def test_an_address_without_a_port_is_shown_without_one(host: str) -> None:
    door, _ = admission()
    assert door.admit(host, 0, {}, "").address == host


def test_the_last_connection_that_fits_is_admitted_and_one_more_is_refused_with_503() -> None:
    door, _ = admission(connections=3)
    for number in range(3):
        admit(door, f"192.0.2.{number}")
    with pytest.raises(Refused) as refused:
        admit(door, "192.0.2.9")
    assert refused.value.status.startswith("503 ")
    assert refused.value.reason == "connections"
    assert door.open == door.most == 3


def test_one_address_gets_its_share_and_others_get_theirs() -> None:
    door, counts = admission(per_address=2)
    held = [admit(door), admit(door, "::ffff:192.0.2.1")]
    with pytest.raises(Refused) as refused:
        admit(door)
    assert refused.value.status.startswith("429 ")
    admit(door, "192.0.2.2")
    door.release(held[0])
    admit(door)
    assert counts.value("connections") == door.open == 3


def test_a_tenant_gets_its_share_and_others_get_theirs() -> None:
    door, counts = admission(per_tenant=2)
    held = [admit(door, name="acme"), admit(door, name="acme")]
    with pytest.raises(Refused) as refused:
        admit(door, name="acme")
    assert (refused.value.status, refused.value.reason) == ("503 Service Unavailable", "tenant_connections")
    assert ("Retry-After", "5") in refused.value.headers
    assert counts.value("quota_refusals", "connections_per_tenant") == 1
    assert counts.value("tenant_refusals", "acme") == 1
    assert (door.open_of("acme"), door.open_of("other")) == (2, 0)
    admit(door)
    door.release(held[0])
    assert admit(door, name="acme").tenant.name == "acme"
    assert counts.value("connections") == door.open == 3


def test_who_is_refused_by_the_doorkeeper_is_not_told_what_the_tenant_asks_for() -> None:
    door = Admission(AdmissionRules(9, 9, 9), open_door(tenant("acme", origins=("https://a.example",))).judge, Counts())
    with pytest.raises(Refused) as refused:
        admit(door, origin="https://b.example", name="acme")
    assert refused.value.status.startswith("401 ")
    assert door.open == 0


def test_the_addresses_of_one_ipv6_network_share() -> None:
    door, _ = admission(per_address=2)
    admit(door, "2001:db8::1")
    admit(door, "2001:db8::2")
    with pytest.raises(Refused):
        admit(door, "2001:db8::3")
    admit(door, "2001:db8:0:1::1")


def test_what_is_released_twice_is_given_back_once() -> None:
    door, counts = admission()
    first, _second = admit(door), admit(door)
    for _ in range(3):
        door.release(first)
    assert counts.value("connections") == door.open == 1


def test_a_refusal_counts_nothing() -> None:
    door, counts = admission(per_address=1, origins=("https://a.example",))
    admit(door)
    for host, origin in ((HOST, None), ("192.0.2.2", "https://b.example")):
        with pytest.raises(Refused):
            admit(door, host, origin)
    assert counts.value("connections") == door.open == 1


def test_addresses_that_are_gone_are_forgotten() -> None:
    door, _ = admission(per_address=1)
    for number in range(1000):
        door.release(admit(door, f"198.51.100.{number % 256}"))
    assert door.open == 0
    assert door._by_network == door._by_tenant == {}  # noqa: SLF001 - nothing else shows a leak


@pytest.mark.parametrize("origin", [None, "https://a.example", "https://a.example:8443"])
def test_a_listed_origin_and_none_at_all_may_connect(origin: str | None) -> None:
    door, _ = admission(origins=("https://a.example", "https://a.example:8443"))
    assert admit(door, origin=origin).counted


@pytest.mark.parametrize(
    "origin", ["https://b.example", "http://a.example", "https://a.example.evil", "https://a.example:443", "null", "", "https://A.example"]
)
def test_an_origin_that_only_looks_like_a_listed_one_is_refused_with_403(origin: str) -> None:
    door, _ = admission(origins=("https://a.example",))
    with pytest.raises(Refused) as refused:
        admit(door, origin=origin)
    assert refused.value.status.startswith("403 ")
    assert refused.value.tenant == DEFAULT


def test_any_origin_may_connect_when_none_is_listed() -> None:
    door, _ = admission()
    assert admit(door, origin="https://anywhere.example").counted


def test_nobody_is_admitted_while_the_node_drains_and_those_inside_can_still_go() -> None:
    door, counts = admission()
    held = admit(door)
    before = door.draining
    door.drain()
    assert (before, door.draining) == (False, True)
    with pytest.raises(Refused) as refused:
        admit(door)
    assert refused.value.status.startswith("503 ")
    assert ("Retry-After", "1") in refused.value.headers
    door.release(held)
    assert counts.value("connections") == 0


def test_handshakes_of_an_address_are_counted_while_they_last() -> None:
    door, _ = admission(handshakes=2)
    with door.handshake(HOST) as first, door.handshake(HOST) as second, door.handshake(HOST) as third, door.handshake("192.0.2.2") as other:
        assert (first, second, third, other) == (True, True, False, True)
    with door.handshake(HOST) as again:
        assert again


def test_a_handshake_that_fails_is_counted_out_too() -> None:
    door, _ = admission(handshakes=1)
    with pytest.raises(ZeroDivisionError), door.handshake(HOST):
        raise ZeroDivisionError
    with door.handshake(HOST) as again:
        assert again


def test_while_the_memory_is_tight_nobody_may_come_and_who_is_there_stays() -> None:
    door, counts = admission()
    inside = admit(door)
    door.tight = True
    with pytest.raises(Refused) as refused:
        admit(door)
    assert (refused.value.status, refused.value.reason) == ("503 Service Unavailable", "memory")
    assert counts.value("connections") == 1
    door.tight = False
    door.release(inside)
    admit(door)


def test_who_is_admitted_has_the_tenant_and_the_grant_that_the_doorkeeper_found() -> None:
    asked: list[object] = []

    def judge(network: str, name: str, environ: Mapping[str, Any]) -> Known:
        asked.append((network, name, environ))
        return Known(tenant(name), GRANT)

    door = Admission(AdmissionRules(9, 9, 9), judge, Counts())
    admitted = door.admit("2001:db8::1", 5, {"QUERY_STRING": "x"}, "acme")
    assert (admitted.tenant.name, admitted.grant) == ("acme", GRANT)
    assert asked == [("2001:db8::/64", "acme", {"QUERY_STRING": "x"})]
