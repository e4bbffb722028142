"""Tenants: who the users of this server are, and what holds for the clients of each."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from actors.peer_rules import PeerRules
from actors.ports import IceServers
from actors.rules import TenantRules
from gateway.config_tenants import TenantConfig
from gateway.keys import KeySet
from gateway.line import Line

__all__ = ["DEFAULT", "Tenant", "Tenants"]

DEFAULT = ""
"""The name of the tenant that every server has: the one at `/ws`."""


@dataclass(frozen=True, slots=True, eq=False)
class Tenant:
    """One tenant as it is for clients that come now; those that came before keep what was in force then.

    Attributes:
        name: as in its path, its section and the logs.
        config: its section; of the default tenant None, for it has none.
        keys: those that its tokens are signed with; of the default tenant None, for it has no tokens.
        line: what its connections share.
        peer_rules: what holds for each of them.
        group_rules: what holds for its groups.
        origins: web pages that may connect; empty for any.
        connections: that it may have open; 0 for as many as the node may.
        ice: makes the lists of ICE servers for its peers; None where there are none.

    """

    name: str
    config: TenantConfig | None
    line: Line
    peer_rules: PeerRules
    group_rules: TenantRules
    origins: frozenset[str]
    connections: int
    keys: KeySet | None = None
    ice: IceServers | None = None


class Tenants:
    """All tenants, found by their names."""

    def __init__(self, tenants: Iterable[Tenant]) -> None:
        self.replace(tenants)

    def find(self, name: str) -> Tenant | None:
        """The tenant of that name as it is now, if there is one."""
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[Tenant]:
        """All of them, the default one first."""
        return iter(self._by_name.values())

    def is_default_alone(self) -> bool:
        """Whether there is nobody but the default tenant."""
        return self._by_name.keys() <= {DEFAULT}

    def group_rules(self) -> dict[str, TenantRules]:
        """What holds for the groups of each, by name."""
        return {tenant.name: tenant.group_rules for tenant in self}

    def share_a_key(self, name: str) -> bool:
        """Whether the tenant has a key that another one has, too: its signature does not say whose token it is."""
        return name in self._sharing

    def replace(self, tenants: Iterable[Tenant]) -> None:
        """From here on these are all that there are."""
        self._by_name = {tenant.name: tenant for tenant in tenants}
        self._sharing = frozenset(_sharing(self))


def _sharing(tenants: Iterable[Tenant]) -> Iterator[str]:
    owners: defaultdict[bytes, set[str]] = defaultdict(set)
    for tenant in tenants:
        for key in tenant.keys or ():
            owners[key.fingerprint].add(tenant.name)
    for names in owners.values():
        if len(names) > 1:
            yield from names
