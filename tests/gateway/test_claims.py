"""Each claim of a signed token: what it must be, when it holds, and what it grants."""

from typing import Any

import pytest

from actors.grant import Cap, Grant
from gateway.claims import AnotherTenant, ClaimRefused, ClaimRules, grant_of

NOW = 1_700_000_000.0
RULES = ClaimRules(leeway=10, outlives=False)
GOOD: dict[str, Any] = {"tenant": "acme", "groups": ["home", "team-*"], "exp": NOW + 60}


def granted(rules: ClaimRules = RULES, /, **changed: Any) -> Grant:  # noqa: ANN401 - any JSON
    claims = {name: value for name, value in {**GOOD, **changed}.items() if value is not ...}
    return grant_of(claims, "acme", NOW, rules)


def test_a_token_grants_its_groups_and_every_capability_until_it_expires() -> None:
    assert granted() == Grant(("home", "team-*"), None, frozenset(Cap), NOW + 70)


def test_a_token_may_fix_the_id_and_leave_capabilities_out() -> None:
    grant = granted(peer_id="laptop", caps=["relay", "list", "relay"])
    assert (grant.peer_id, grant.caps) == ("laptop", frozenset({Cap.RELAY, Cap.LIST}))
    assert granted(caps=[]).caps == frozenset()


def test_where_connections_outlive_their_token_the_grant_has_no_end() -> None:
    assert granted(ClaimRules(leeway=10, outlives=True)).expires is None


def test_a_path_that_names_the_tenant_makes_up_for_a_token_that_does_not() -> None:
    assert granted(tenant=...) == granted()


def test_a_token_that_has_to_name_its_tenant_does_not_hold_without() -> None:
    assert grant_of(GOOD, "acme", NOW, RULES, named=True) == granted()
    with pytest.raises(ClaimRefused, match="tenant: is missing"):
        grant_of({name: value for name, value in GOOD.items() if name != "tenant"}, "acme", NOW, RULES, named=True)


def test_other_claims_are_ignored() -> None:
    assert granted(sub="x", aud=["y"], iss=7, group="z") == granted()


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("tenant", 7),
        ("tenant", ""),
        ("tenant", None),
        ("tenant", ["acme"]),
        ("groups", ...),
        ("groups", "home"),
        ("groups", None),
        ("groups", {"home": True}),
        ("groups", ["home", 7]),
        ("groups", [""]),
        ("groups", [["home"]]),
        ("peer_id", 7),
        ("peer_id", ""),
        ("peer_id", None),
        ("caps", "relay"),
        ("caps", ["fly"]),
        ("caps", ["Relay"]),
        ("caps", [1]),
        ("caps", None),
        ("exp", ...),
        ("exp", None),
        ("exp", str(int(NOW) + 60)),
        ("exp", True),
        ("exp", [NOW]),
        ("exp", float("inf")),
        ("exp", float("nan")),
        ("nbf", "now"),
        ("nbf", False),
        ("nbf", float("nan")),
        ("iat", "now"),
        ("iat", None),
    ],
)
def test_a_claim_of_the_wrong_form_is_refused_by_its_name(claim: str, value: object) -> None:
    with pytest.raises(ClaimRefused, match=rf"^{claim}: is (not|missing)") as refused:
        granted(**{claim: value})
    assert refused.value.claim == claim


@pytest.mark.parametrize(
    ("claim", "last_good", "first_bad", "says"),
    [
        ("exp", NOW - 9.5, NOW - 10, "has expired"),
        ("nbf", NOW + 10, NOW + 10.5, "not valid yet"),
        ("iat", NOW + 10, NOW + 10.5, "issued in the future"),
    ],
)
def test_a_time_holds_up_to_the_leeway(claim: str, last_good: float, first_bad: float, says: str) -> None:
    assert granted(**{claim: last_good}).groups == ("home", "team-*")
    with pytest.raises(ClaimRefused, match=f"{claim}: .*{says}"):
        granted(**{claim: first_bad})


def test_a_token_for_another_tenant_is_refused_even_when_it_is_signed() -> None:
    with pytest.raises(AnotherTenant, match="tenant: the token is for another tenant") as refused:
        granted(tenant="other")
    assert refused.value.claim == "tenant"


def test_a_wrong_form_is_told_before_what_does_not_hold() -> None:
    with pytest.raises(ClaimRefused, match="groups"):
        granted(groups=7, exp=NOW - 1000, tenant="other")
