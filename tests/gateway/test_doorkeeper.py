"""Whose client a request is: every place of a token, every refusal, and that nobody learns which tenants there are."""

from typing import Any

import pytest

from actors.allowance import Rate
from actors.grant import EVERYTHING, Cap
from gateway.admission import Refused
from gateway.claims import ClaimRules
from gateway.doorkeeper import Doorkeeper, DoorRules
from gateway.keys import KeySet
from gateway.tenants import DEFAULT, Tenants
from tests.doubles import ManualClock, PlainMetrics
from tests.gateway.signed import a_key, token
from tests.gateway.tenanted import tenant

HERE = "192.0.2.1"
FAILURES = 3


class Guarded:
    """A doorkeeper, its clock and its counts. `acme` and `other` have a key each; without `tenants` there is nobody but the default one."""

    def __init__(self, *, open: bool = False, tenants: bool = True, outlives: bool = False) -> None:  # noqa: A002 - the name of the rule
        self.clock = ManualClock()
        self.metrics = PlainMetrics()
        named = [tenant("acme", keys=KeySet([a_key("HS256")])), tenant("other", keys=KeySet([a_key("HS256", which=1)]))]
        self.tenants = Tenants([tenant(), *(named if tenants else [])])
        rules = DoorRules(open, ClaimRules(leeway=10, outlives=outlives), Rate(1 / 60, FAILURES))
        self.keeper = Doorkeeper(self.tenants, rules, self.clock, self.metrics)

    def token(self, **changed: Any) -> str:  # noqa: ANN401 - those of `signed.token`
        """One that is good for an hour of this clock."""
        return token(**{"exp": self.clock.wall() + 3600, **changed})

    def judge(self, text: str | None, name: str = "acme", network: str = HERE) -> tuple[str, object]:
        known = self.keeper.judge(network, name, {} if text is None else {"QUERY_STRING": f"token={text}"})
        return known.tenant.name, known.grant

    def refused(self, text: str | None, name: str = "acme", network: str = HERE) -> Refused:
        with pytest.raises(Refused) as refused:
            self.judge(text, name, network)
        return refused.value


def told(refused: Refused) -> tuple[str, str, str, object]:
    return refused.status, refused.reason, refused.says, refused.headers


@pytest.mark.parametrize("name", ["acme", DEFAULT])
def test_a_good_token_opens_its_tenant_at_its_own_path_and_at_the_common_one(name: str) -> None:
    door = Guarded()
    wall = door.clock.wall()
    tenant_name, grant = door.judge(door.token(groups=["home"], caps=["relay"], peer_id="laptop"), name)
    assert (tenant_name, grant) == ("acme", (("home",), "laptop", frozenset({Cap.RELAY}), wall + 3610))


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_AUTHORIZATION": "Bearer {}"},
        {"QUERY_STRING": "token={}"},
        {"HTTP_SEC_WEBSOCKET_PROTOCOL": "psync.v2.json, bearer.{}"},
    ],
)
def test_it_may_come_in_any_of_three_places(environ: dict[str, str]) -> None:
    door = Guarded()
    carried = {name: value.format(door.token()) for name, value in environ.items()}
    assert door.keeper.judge(HERE, "acme", carried).tenant.name == "acme"


def test_more_than_one_is_refused_even_if_both_are_good() -> None:
    door = Guarded()
    good = door.token()
    in_query = f"token={good}"
    for environ in ({"QUERY_STRING": f"{in_query}&{in_query}"}, {"QUERY_STRING": in_query, "HTTP_AUTHORIZATION": f"Bearer {good}"}):
        with pytest.raises(Refused) as refused:
            door.keeper.judge(HERE, "acme", environ)
        assert (refused.value.status, refused.value.reason) == ("400 Bad Request", "many_tokens")
        assert refused.value.headers == (("WWW-Authenticate", 'Bearer realm="psync-signal", error="invalid_request"'),)


@pytest.mark.parametrize(("open_", "name"), [(False, DEFAULT), (False, "acme"), (True, "acme"), (True, "nobody")])
def test_without_a_token_a_challenge_comes_without_an_error(open_: bool, name: str) -> None:
    refused = Guarded(open=open_).refused(None, name)
    assert (refused.status, refused.reason) == ("401 Unauthorized", "no_token")
    assert refused.headers == (("WWW-Authenticate", 'Bearer realm="psync-signal"'),)


def test_an_open_server_lets_whoever_has_no_token_into_the_default_tenant_and_judges_whoever_has_one() -> None:
    door = Guarded(open=True)
    assert door.judge(None, DEFAULT) == (DEFAULT, EVERYTHING)
    assert door.judge(door.token(), DEFAULT)[0] == "acme"
    assert door.refused(door.token(which=1), DEFAULT).reason == "invalid_token"


def test_an_open_server_without_tenants_looks_at_no_token() -> None:
    assert Guarded(open=True, tenants=False).judge("anything", DEFAULT) == (DEFAULT, EVERYTHING)
    assert Guarded(open=True, tenants=False).refused("anything", "acme").reason == "invalid_token"
    assert Guarded(tenants=False).refused("anything", DEFAULT).reason == "invalid_token"


def test_nobody_learns_what_there_is_from_a_token_that_no_key_has_signed() -> None:
    """Unknown tenant, unknown key, bad signature, no token at all, expired besides: one answer."""
    answers = set()
    for name, text in [
        ("acme", token(which=7)),
        ("nobody", token(which=7)),
        ("nobody", token()),
        ("acme", token(kid="older")),
        ("acme", token("HS384")),
        ("acme", token(which=7, exp=1)),
        ("acme", token(which=7, tenant="other")),
        ("acme", token(which=1, tenant="other")),
        ("acme", "no token"),
        (DEFAULT, token(which=7)),
        (DEFAULT, token(tenant="nobody")),
        (DEFAULT, token(tenant=None)),
        (DEFAULT, token(tenant=DEFAULT)),
        (DEFAULT, "no token"),
    ]:
        refused = Guarded().refused(text, name)
        assert refused.tenant is None
        answers.add(told(refused))
    assert answers == {
        (
            "401 Unauthorized",
            "invalid_token",
            "the token is not valid",
            (("WWW-Authenticate", 'Bearer realm="psync-signal", error="invalid_token"'),),
        )
    }


@pytest.mark.parametrize(
    ("claim", "value"),
    [("exp", 1), ("exp", None), ("nbf", 9e12), ("iat", 9e12), ("groups", "home"), ("peer_id", 7), ("caps", ["fly"]), ("tenant", 7)],
)
def test_a_signed_token_learns_which_claim_failed(claim: str, value: object) -> None:
    door = Guarded()
    refused = door.refused(door.token(**{claim: value}))
    assert (refused.status, refused.reason, refused.tenant) == ("401 Unauthorized", "invalid_token", "acme")
    assert refused.says.startswith(f"{claim}: ")


def test_a_signed_token_for_another_tenant_is_refused_with_403() -> None:
    door = Guarded()
    refused = door.refused(door.token(tenant="other"))
    assert (refused.status, refused.reason, refused.says) == ("403 Forbidden", "wrong_tenant", "tenant: the token is for another tenant")
    assert refused.headers == (("WWW-Authenticate", 'Bearer realm="psync-signal", error="insufficient_scope"'),)


def test_where_connections_outlive_their_token_the_grant_has_no_end() -> None:
    door = Guarded(outlives=True)
    assert door.keeper.judge(HERE, "acme", {"QUERY_STRING": f"token={door.token()}"}).grant.expires is None


def test_after_too_many_bad_tokens_not_even_a_good_one_is_looked_at_until_the_wait_is_over() -> None:
    door = Guarded()
    for _ in range(FAILURES):
        assert door.refused("bad").reason == "invalid_token"
    for text in ("bad", door.token()):
        refused = door.refused(text)
        assert (refused.status, refused.reason) == ("429 Too Many Requests", "token_failures")
        assert refused.headers in {(("Retry-After", "60"),), (("Retry-After", "61"),)}
    assert door.judge(door.token(), network="198.51.100.1")[0] == "acme"
    door.clock.now += 61
    assert door.judge(door.token())[0] == "acme"


def test_a_signed_token_that_has_expired_and_a_missing_one_are_no_guesses() -> None:
    door = Guarded()
    for _ in range(FAILURES + 1):
        door.refused(door.token(exp=1))
        door.refused(None)
    assert door.judge(door.token())[0] == "acme"


def test_the_keys_are_those_of_the_moment() -> None:
    door = Guarded()
    old, new = door.token(), door.token(which=5, kid="new")
    door.tenants.replace([tenant(), tenant("acme", keys=KeySet([a_key("HS256"), a_key("HS256", "new", 5)]))])
    assert [door.judge(old)[0], door.judge(new)[0]] == ["acme", "acme"]
    door.tenants.replace([tenant(), tenant("acme", keys=KeySet([a_key("HS256", "new", 5)]))])
    assert door.refused(old).reason == "invalid_token"
    assert door.judge(new)[0] == "acme"


def test_where_two_tenants_have_one_key_a_token_has_to_say_whose_it_is() -> None:
    door = Guarded()
    nameless = door.token(tenant=None)
    assert door.judge(nameless, "acme")[0] == "acme"
    door.tenants.replace([tenant(), tenant("acme", keys=KeySet([a_key("HS256")])), tenant("other", keys=KeySet([a_key("HS256", "else")]))])
    assert door.judge(door.token(), "acme")[0] == "acme"
    for name in ("acme", "other"):
        assert door.refused(door.token(tenant=None, kid=None), name).says.startswith("tenant: is missing")
    assert door.refused(door.token(kid=None), "other").reason == "wrong_tenant"
