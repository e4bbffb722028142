"""Admission: who may have a connection, decided before the 101 and before anything is spent on it."""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from actors.grant import EVERYTHING, Grant
from actors.ports import Metrics

if TYPE_CHECKING:
    from gateway.tenants import Tenant

__all__ = ["Admission", "AdmissionRules", "Admitted", "Judge", "Known", "Refused", "network_of"]

_IPV6_HOST_BITS = 64


class Known(NamedTuple):
    """Whose client it is, and what it may do."""

    tenant: "Tenant"
    grant: Grant


Judge = Callable[[str, str, Mapping[str, Any]], Known]
"""Who it is by its network, the tenant that its path names and the WSGI environment; raises Refused (`gateway.doorkeeper`)."""


class AdmissionRules(NamedTuple):
    """The limits count open connections, `handshakes_per_address` those without a 101."""

    connections: int
    connections_per_address: int
    handshakes_per_address: int


class Refused(Exception):
    """A request that does not become a connection.

    `status` is an HTTP status line without the version, `reason` a word for programs and metrics, `headers` go with the answer. `tenant` is
    the one whose client it is for certain, None for nobody's.
    """

    def __init__(self, status: str, reason: str, says: str, *headers: tuple[str, str], tenant: str | None = None) -> None:
        super().__init__(says)
        self.status = status
        self.reason = reason
        self.says = says
        self.headers = headers
        self.tenant = tenant


class Admitted:
    """One connection that is counted, until it is given to `Admission.release`. `address` is where it comes from, as logs show it."""

    __slots__ = ("address", "counted", "grant", "network", "tenant")

    def __init__(self, address: str, network: str, tenant: "Tenant", grant: Grant = EVERYTHING) -> None:
        self.address = address
        self.network = network
        self.tenant = tenant
        self.grant = grant
        self.counted = True


@lru_cache(maxsize=4096)
def network_of(host: str) -> str:
    """What one client can command: an IPv4 address, or the /64 network of an IPv6 address. A path or a name counts as it is.

    Remembered, for it is asked twice for each connection and parsing takes 6 us, and so that connections of one address share the answer.
    """
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, _IPV6_HOST_BITS), strict=False))


def _shown(host: str, port: int, network: str) -> str:
    """An address and a port as people write them; an IPv4 client of a socket that takes both as an IPv4 client.

    Port 0: a proxy has told the address alone.
    """
    if not port:
        return host
    if ":" not in host:
        return f"{host}:{port}"
    return f"[{host}]:{port}" if ":" in network else f"{network}:{port}"


def _one_less(counts: dict[str, int], counted: str) -> None:
    left = counts[counted] - 1
    if left:
        counts[counted] = left
    else:
        del counts[counted]


class Admission:
    """Counts connections, in all, by address and by tenant, and says whether one more may come.

    Attributes:
        tight: whether the memory is, so that nobody may come (`gateway.budget`).

    """

    def __init__(self, rules: AdmissionRules, judge: Judge, metrics: Metrics) -> None:
        self._rules = rules
        self._judge = judge
        self._metrics = metrics
        self._by_network: dict[str, int] = {}
        self._by_tenant: dict[str, int] = {}
        self._shaking_hands: dict[str, int] = {}
        self._open = 0
        self._draining = False
        self.tight = False

    @property
    def draining(self) -> bool:
        """Whether the node is going down and takes nobody any more."""
        return self._draining

    @property
    def open(self) -> int:
        """Connections that were admitted and have not been released."""
        return self._open

    @property
    def most(self) -> int:
        """Connections that may be open at once."""
        return self._rules.connections

    def open_of(self, tenant: str) -> int:
        """Those of one tenant, by its name."""
        return self._by_tenant.get(tenant, 0)

    def drain(self) -> None:
        """Admit nobody any more."""
        self._draining = True

    @contextmanager
    def handshake(self, host: str) -> Iterator[bool]:
        """Count one more handshake while it lasts. False: its address has as many under way as it may, and nothing is counted."""
        network = network_of(host)
        begun = self._shaking_hands.get(network, 0)
        may_begin = begun < self._rules.handshakes_per_address
        if may_begin:
            self._shaking_hands[network] = begun + 1
        try:
            yield may_begin
        finally:
            if may_begin:
                _one_less(self._shaking_hands, network)

    def admit(self, host: str, port: int, environ: Mapping[str, Any], tenant_name: str) -> Admitted:
        """Count one more connection, from `host` and `port`; `environ` is the WSGI environment of its request.

        What is the tenant's is looked at last: who is nobody's client is not to learn of it.

        Raises:
            Refused: 400, 401, 403 and 429 for nobody's client (`gateway.doorkeeper`), 403 for a web page that may not connect, 429 and 503
                for a limit, 503 while draining. Nothing is counted then.

        """
        network = network_of(host)
        held = self._by_network.get(network, 0)
        self._check(held)
        tenant, grant = self._judge(network, tenant_name, environ)
        self._check_tenant(tenant, environ)
        self._by_network[network] = held + 1
        self._by_tenant[tenant.name] = self._by_tenant.get(tenant.name, 0) + 1
        self._open += 1
        self._metrics.increment("connections")
        return Admitted(_shown(host, port, network), network, tenant, grant)

    def release(self, admitted: Admitted) -> None:
        """The connection has ended, or never came about. Whoever gives it back a second time gives back nothing."""
        if not admitted.counted:
            return
        admitted.counted = False
        _one_less(self._by_network, admitted.network)
        _one_less(self._by_tenant, admitted.tenant.name)
        self._open -= 1
        self._metrics.increment("connections", by=-1)

    def _check(self, held: int) -> None:
        rules = self._rules
        if self._draining:
            raise Refused("503 Service Unavailable", "draining", "the server is going down; connect again", ("Retry-After", "1"))
        if self.tight:
            raise Refused("503 Service Unavailable", "memory", "the server has no memory to spare", ("Retry-After", "5"))
        if self._open >= rules.connections:
            raise Refused("503 Service Unavailable", "connections", "the server has as many connections as it may", ("Retry-After", "5"))
        if held >= rules.connections_per_address:
            says = "too many connections from this address"
            raise Refused("429 Too Many Requests", "connections_per_address", says, ("Retry-After", "5"))

    def _check_tenant(self, tenant: "Tenant", environ: Mapping[str, Any]) -> None:
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and tenant.origins and origin not in tenant.origins:
            says = "pages of this Origin may not connect; see allowed_origins of the server"
            raise Refused("403 Forbidden", "origin", says, tenant=tenant.name)
        if tenant.connections and self._by_tenant.get(tenant.name, 0) >= tenant.connections:
            self._metrics.increment("quota_refusals", "connections_per_tenant")
            self._metrics.increment("tenant_refusals", tenant.name)
            says = "the tenant has as many connections as it may"
            raise Refused("503 Service Unavailable", "tenant_connections", says, ("Retry-After", "5"), tenant=tenant.name)
