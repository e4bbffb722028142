"""Doorkeeper: whose client a request is and what it may do, by its token, before the 101 (`docs/protocol.md`: Authentication and tenants).

Refusals by status (RFC 6750 section 3.1): 400 for more than one token, 401 without a valid one, 403 with one for another tenant, 429 for an
address that has sent too many that were not valid. A claim is named only to whoever holds a token that a key of the tenant has signed;
nobody else can find out which tenants and keys there are.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from actors.allowance import Rate
from actors.grant import EVERYTHING, Grant
from actors.ports import Clock, Metrics
from gateway.admission import Known, Refused
from gateway.bearer import bearer_tokens
from gateway.claims import AnotherTenant, ClaimRefused, ClaimRules, grant_of
from gateway.tenants import DEFAULT, Tenant, Tenants
from gateway.throttle import Throttle
from gateway.tokens import NotValid, claimed_tenant, verified

__all__ = ["DoorRules", "Doorkeeper"]

_CHALLENGE = 'Bearer realm="psync-signal"'  # RFC 6750 section 3: never without a parameter


class DoorRules(NamedTuple):
    """With `open` a client without a token is of the default tenant; `failures` bounds the bad tokens of one address."""

    open: bool
    claims: ClaimRules
    failures: Rate


class Doorkeeper:
    """Judges requests by the tenants as they are at that moment."""

    def __init__(self, tenants: Tenants, rules: DoorRules, clock: Clock, metrics: Metrics) -> None:
        self._tenants = tenants
        self._rules = rules
        self._clock = clock
        self._throttle = Throttle(rules.failures, metrics)

    def judge(self, network: str, name: str, environ: Mapping[str, Any]) -> Known:
        """Who comes from `network` to the path of the tenant `name`; at that of the default one the token names the tenant.

        Raises:
            Refused: as above.

        """
        tokens = bearer_tokens(environ)
        if len(tokens) > 1:
            says = "the request carries more than one token; send it in one place: Authorization, ?token= or a subprotocol"
            raise Refused("400 Bad Request", "many_tokens", says, _challenge("invalid_request"))
        if tokens and not self._is_for_nobody(name):
            return self._judge_token(network, name, tokens[0])
        default = self._tenants.find(DEFAULT)
        if name == DEFAULT and default is not None and self._rules.open:
            return Known(default, EVERYTHING)
        says = "a token is needed: send it as Authorization: Bearer, ?token= or the subprotocol bearer.TOKEN"
        raise Refused("401 Unauthorized", "no_token", says, _challenge())

    def _is_for_nobody(self, name: str) -> bool:
        """Whether a token says nothing here: an open server without tenants takes any, as it takes any other query."""
        return self._rules.open and name == DEFAULT and self._tenants.is_default_alone()

    def _judge_token(self, network: str, name: str, token: str) -> Known:
        wait_ms = self._throttle.wait_ms(network, self._clock.monotonic())
        if wait_ms:
            says = "too many tokens from this address were not valid; none is looked at until Retry-After is over"
            raise Refused("429 Too Many Requests", "token_failures", says, ("Retry-After", str(-(-wait_ms // 1000))))
        tenant = self._tenants.find(name or claimed_tenant(token) or DEFAULT)
        keys = None if tenant is None else tenant.keys
        try:
            claims = verified(token, keys)
        except NotValid:
            self._throttle.failed(network, self._clock.monotonic())
            raise Refused("401 Unauthorized", "invalid_token", "the token is not valid", _challenge("invalid_token")) from None
        assert tenant is not None  # noqa: S101 - for mypy: without a tenant there are no keys, and nothing is valid
        return Known(tenant, self._grant(claims, tenant))

    def _grant(self, claims: Mapping[str, Any], tenant: Tenant) -> Grant:
        try:
            # Where tenants share a key, as that of one identity provider, a token that names nobody would open each of them.
            named = self._tenants.share_a_key(tenant.name)
            return grant_of(claims, tenant.name, self._clock.wall(), self._rules.claims, named=named)
        except AnotherTenant as refused:
            scope = _challenge("insufficient_scope")
            raise Refused("403 Forbidden", "wrong_tenant", str(refused), scope, tenant=tenant.name) from None
        except ClaimRefused as refused:
            invalid = _challenge("invalid_token")
            raise Refused("401 Unauthorized", "invalid_token", str(refused), invalid, tenant=tenant.name) from None


def _challenge(error: str = "") -> tuple[str, str]:
    return "WWW-Authenticate", f'{_CHALLENGE}, error="{error}"' if error else _CHALLENGE
