"""How tenants are named to operators."""

import re

from gateway.operator.tenants import DEFAULT, shown_tenant, tenant_named


def test_the_default_tenant_has_a_name_that_no_other_can_have() -> None:
    assert shown_tenant("") == DEFAULT
    assert tenant_named(DEFAULT) == ""
    assert not re.match("[a-z0-9]", DEFAULT)


def test_every_other_is_called_by_its_name() -> None:
    assert shown_tenant("acme") == tenant_named("acme") == "acme"
