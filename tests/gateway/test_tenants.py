"""Tenants are found by name and replaced in one go."""

from gateway.keys import KeySet
from gateway.tenants import DEFAULT, Tenants
from tests.gateway.signed import a_key
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


def test_tenants_that_share_a_key_are_known_whatever_they_call_it() -> None:
    tenants = Tenants(
        [
            tenant(),
            tenant("acme", keys=KeySet([a_key("HS256", "a"), a_key("HS256", "b", 1)])),
            tenant("other", keys=KeySet([a_key("HS256", "c")])),
            tenant("alone", keys=KeySet([a_key("HS256", "a", 2), a_key("EdDSA", "e")])),
        ]
    )
    assert [name for name in (DEFAULT, "acme", "other", "alone") if tenants.share_a_key(name)] == ["acme", "other"]
    tenants.replace([tenant(), tenant("acme", keys=KeySet([a_key("EdDSA")])), tenant("alone", keys=KeySet([a_key("EdDSA", "e")]))])
    assert [name for name in (DEFAULT, "acme", "other", "alone") if tenants.share_a_key(name)] == ["acme", "alone"]
