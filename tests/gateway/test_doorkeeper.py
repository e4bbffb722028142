"""Whose client a request is."""

import pytest

from gateway.admission import Refused
from gateway.doorkeeper import Doorkeeper
from gateway.tenants import DEFAULT, Tenants
from tests.gateway.tenanted import tenant

TENANTS = Tenants([tenant(), tenant("acme")])


def refusal(doorkeeper: Doorkeeper, name: str) -> tuple[str, str, str, object]:
    with pytest.raises(Refused) as refused:
        doorkeeper.judge({}, name)
    return refused.value.status, refused.value.reason, refused.value.says, refused.value.headers


def test_whoever_comes_is_of_the_default_tenant_where_nobody_has_to_prove_anything() -> None:
    assert Doorkeeper(TENANTS, "none").judge({}, DEFAULT) is TENANTS.find(DEFAULT)


@pytest.mark.parametrize(("mode", "name"), [("none", "acme"), ("token", "acme"), ("token", DEFAULT)])
def test_without_a_proof_nobody_is_of_another(mode: str, name: str) -> None:
    status, *_, headers = refusal(Doorkeeper(TENANTS, mode), name)
    assert status == "401 Unauthorized"
    assert headers == (("WWW-Authenticate", "Bearer"),)


def test_a_tenant_that_there_is_not_is_refused_in_the_words_of_one_that_there_is() -> None:
    doorkeeper = Doorkeeper(TENANTS, "none")
    assert refusal(doorkeeper, "acme") == refusal(doorkeeper, "nobody")
