"""IP networks as operators write them, and whether an address lies in one of them."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["Networks", "ip_of", "network_from"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_MAPPED_BITS = 96  # ::ffff:0:0/96, RFC 4291 section 2.5.5.2


@lru_cache(maxsize=4096)
def ip_of(host: str) -> Address | None:
    """The address, an IPv4-mapped one as the IPv4 address that it is. None for a name, a path or anything else.

    Remembered, because it is asked more than once for each connection.
    """
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return ip if isinstance(ip, ipaddress.IPv4Address) else ip.ipv4_mapped or ip


def network_from(text: str) -> Network:
    """The network that ``10.0.0.0/8``, ``2001:db8::/32`` or a single address stands for.

    Raises:
        ValueError: it is none, or has bits set beyond its prefix; the text says what to write.

    """
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(_advice(text)) from None
    if isinstance(network, ipaddress.IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
    return network


def _advice(text: str) -> str:
    try:
        return f"{text!r} has bits set beyond its prefix; the network is {ipaddress.ip_network(text, strict=False)}"
    except ValueError:
        return f"{text!r} is neither an IP network nor an IP address"


class Networks:
    """A list of networks. `host in networks` asks for an IP address; what is none lies in no network."""

    __slots__ = ("_networks",)

    def __init__(self, texts: Iterable[str]) -> None:
        self._networks = tuple(network_from(text) for text in texts)

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, host: str) -> bool:
        ip = ip_of(host)
        return ip is not None and any(ip in network for network in self._networks)
