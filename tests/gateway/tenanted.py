"""Tenants on stand-ins: nothing of theirs is asked but what a test gives them."""

from typing import Any, cast

from gateway.config import Config
from gateway.doorkeeper import Doorkeeper
from gateway.rules import group_rules, peer_rules
from gateway.tenants import DEFAULT, Tenant, Tenants


def tenant(name: str = DEFAULT, *, line: object = None, origins: tuple[str, ...] = (), connections: int = 0) -> Tenant:
    """One that may do what the defaults allow."""
    config = Config()
    rules = peer_rules(config, config.limits), group_rules(config, config.limits)
    return Tenant(name, None, cast("Any", line), *rules, frozenset(origins), connections)


def open_door(*tenants: Tenant) -> Doorkeeper:
    """One that lets everybody into the default tenant, which is there in any case."""
    return Doorkeeper(Tenants([tenant(), *tenants]), "none")
