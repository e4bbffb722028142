"""Tenants on stand-ins: nothing of theirs is asked but what a test gives them."""

from typing import Any, cast

from actors.allowance import Rate
from gateway.claims import ClaimRules
from gateway.config import Config
from gateway.doorkeeper import Doorkeeper, DoorRules
from gateway.keys import KeySet
from gateway.rules import group_rules, peer_rules
from gateway.tenants import DEFAULT, Tenant, Tenants
from tests.doubles import ManualClock, PlainMetrics


def tenant(
    name: str = DEFAULT, *, line: object = None, origins: tuple[str, ...] = (), connections: int = 0, keys: KeySet | None = None
) -> Tenant:
    """One that may do what the defaults allow."""
    config = Config()
    rules = peer_rules(config, config.limits), group_rules(config, config.limits)
    return Tenant(name, None, cast("Any", line), *rules, frozenset(origins), connections, keys)


def open_door(*tenants: Tenant) -> Doorkeeper:
    """One that lets everybody into the default tenant, which is there in any case."""
    rules = DoorRules(open=True, claims=ClaimRules(0, outlives=False), failures=Rate(1, 10))
    return Doorkeeper(Tenants([tenant(), *tenants]), rules, ManualClock(), PlainMetrics())
