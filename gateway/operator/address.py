"""Address: where the operator's listener is, and whether only this machine reaches it."""

import ipaddress
from typing import NamedTuple

__all__ = ["LISTEN", "Address", "is_loopback"]

LISTEN = r"^(([\w.-]+|\[[0-9A-Fa-f:.]+(%[\w.-]+)?\]):[0-9]{1,5})?\Z"
"""`operator.listen` as a regular expression: `HOST:PORT`, an IPv6 address in brackets, or nothing at all."""

_PORTS = 65_536


class Address(NamedTuple):
    """`host` as sockets take it, without brackets."""

    host: str
    port: int

    @classmethod
    def read(cls, text: str) -> "Address":
        """What `operator.listen` says.

        Raises:
            ValueError: it is no address, or its port is none.

        """
        host, colon, port = text.rpartition(":")
        if not host or not colon or not port.isdecimal() or int(port) >= _PORTS:
            raise ValueError(f"{text!r} is not HOST:PORT with a port from 0 to 65535")
        return cls(host.removeprefix("[").removesuffix("]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens there. A host name other than `localhost` counts as the network."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower() == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)  # Python before 3.13 does not see through ::ffff:127.0.0.1
    return bool((mapped or address).is_loopback)
