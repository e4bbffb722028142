"""Takeover: how a process gets the newcomers of another that it is to replace, with none refused or reset in between.

With SO_REUSEPORT several sockets listen on one address, and the kernel deals newcomers out to them by chance. To close one resets who
waits in its queue, and who is in the midst of TCP's handshake with it. So the youngest first takes all newcomers; the one that it
replaces still serves those who were on their way, and closes only then.

The kernel asks a program of one instruction which socket is to have a newcomer: classic BPF, for which no privilege is needed
(SO_ATTACH_REUSEPORT_CBPF, socket(7)). The sockets are numbered in the order in which they began to listen; when one is closed, the last
gets its number. A number that there is none of leaves the choice to chance again, which is right when the older has gone, or the younger
has died.
"""

import ctypes
import logging
import socket
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import gevent

__all__ = ["ON_THEIR_WAY_SECONDS", "Listening", "Takeover", "listeners", "take_newcomers"]

logger = logging.getLogger("gateway.takeover")

ON_THEIR_WAY_SECONDS = 1.0
"""How long one that is replaced goes on before it drains. Whoever began TCP's handshake with it has finished by then: a SYN-ACK that was
lost is sent again after a second (RFC 6298 section 2), and the younger took the newcomers before this time begins."""

KERNEL_TABLES = Path("/proc/self/net")

_SO_ATTACH_REUSEPORT_CBPF = 51  # asm-generic/socket.h; Python has no name for it
_BPF_RET_K = 0x06  # linux/bpf_common.h: BPF_RET | BPF_K, the value is in the instruction
_LISTEN = "0A"  # TCP_LISTEN of net/tcp_states.h


class Listening(Protocol):
    """A server that listens."""

    @property
    def socket(self) -> Any:  # noqa: ANN401 - gevent unwraps its own
        """What it listens with."""


def listeners(address: tuple[Any, ...], tables: Path = KERNEL_TABLES) -> int:
    """How many sockets of this network namespace listen on an address (as of `getsockname`), by the kernel's table (proc_net_tcp)."""
    host, port = address[0].partition("%")[0], address[1]
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    packed = socket.inet_pton(family, host)
    # Words of 32 bits as this machine has them, in hexadecimal.
    words = [int.from_bytes(packed[at : at + 4], sys.byteorder) for at in range(0, len(packed), 4)]
    wanted, found = "".join(f"{word:08X}" for word in words) + f":{port:04X}", 0
    with (tables / ("tcp6" if family == socket.AF_INET6 else "tcp")).open() as table:
        next(table)
        for row in table:
            _, local, _, state, *_ = row.split(maxsplit=4)
            if state != _LISTEN:
                break  # those that listen come first; behind them are all connections
            found += local == wanted
    return found


def take_newcomers(listener: Any) -> int:  # noqa: ANN401 - as above
    """From here on all newcomers to the address of this socket, the youngest that listens there, are its own.

    Returns how many others listen there.

    Raises:
        OSError: the kernel does not know how.

    """
    others = listeners(listener.getsockname()) - 1
    if others:
        instruction = ctypes.create_string_buffer(struct.pack("=HBBI", _BPF_RET_K, 0, 0, others), 8)  # struct sock_filter
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, struct.pack("@HP", 1, ctypes.addressof(instruction)))
    return others


class Takeover:
    """Of the addresses that `servers` listen on, each of which set SO_REUSEPORT; one of them may not be wanted."""

    def __init__(self, servers: Sequence[Listening | None]) -> None:
        self._servers = [server for server in servers if server is not None]

    def begin(self) -> None:
        """Take all newcomers, if others listen there, too."""
        for server in self._servers:
            address = "{}:{}".format(*server.socket.getsockname())
            try:
                others = take_newcomers(server.socket)
            except OSError as error:
                logger.warning("newcomers to %s go to any of those that listen there, by chance: %s", address, error)
            else:
                if others:
                    logger.warning("another process listens on %s: newcomers come here now; end it, or groups stay divided", address)

    def hand_over(self) -> None:
        """Serve those who are on their way, if others listen there, too: newcomers are theirs."""
        if any(listeners(server.socket.getsockname()) > 1 for server in self._servers):
            logger.info("another process takes the newcomers; those on their way here are still served")
            gevent.sleep(ON_THEIR_WAY_SECONDS)
