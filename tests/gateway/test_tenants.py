"""Tenants are found by name and replaced in one go."""

from gateway.tenants import DEFAULT, Tenants
from tests.gateway.tenanted import tenant


def test_a_tenant_is_found_by_its_name_and_no_other() -> None:
    acme = tenant("acme")
    tenants = Tenants([tenant(), acme])
    assert tenants.find("acme") is acme
    assert tenants.find("Acme") is None
    assert [found.name for found in tenants] == [DEFAULT, "acme"]


def test_all_are_replaced_at_once_and_those_that_are_no_more_are_told() -> None:
    old, gone = tenant("acme"), tenant("gone")
    tenants = Tenants([tenant(), old, gone])
    new = tenant("acme")
    assert tenants.replace([tenant(), new, tenant("fresh")]) == [gone]
    assert tenants.find("acme") is new
    assert tenants.find("gone") is None
    assert list(tenants.group_rules()) == [DEFAULT, "acme", "fresh"]
