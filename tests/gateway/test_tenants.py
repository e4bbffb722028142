"""Tenants are found by name and replaced in one go."""

from gateway.tenants import DEFAULT, Tenants
from tests.gateway.tenanted import tenant


def test_a_tenant_is_found_by_its_name_and_no_other() -> None:
    acme = tenant("acme")
    tenants = Tenants([tenant(), acme])
    assert tenants.find("acme") is acme
    assert tenants.find("Acme") is None
    assert [found.name for found in tenants] == [DEFAULT, "acme"]


def test_all_are_replaced_at_once() -> None:
    tenants = Tenants([tenant(), tenant("acme"), tenant("gone")])
    new = tenant("acme")
    tenants.replace([tenant(), new, tenant("fresh")])
    assert tenants.find("acme") is new
    assert tenants.find("gone") is None
    assert list(tenants.group_rules()) == [DEFAULT, "acme", "fresh"]
