"""Notify: tells systemd what the process is about, and that its hub still turns; sd_notify(3) without its library.

The service manager names a datagram socket in the environment (`NOTIFY_SOCKET`), and how often it wants to hear of the process
(`WATCHDOG_USEC`). One that has not been heard of for so long is killed and started anew: a hub that is stuck mends itself.
Without such a socket, as in a terminal or a container, nothing is sent.
"""

import logging
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

__all__ = ["Notify"]

logger = logging.getLogger("gateway.notify")

_MICROSECONDS = 1_000_000


class Notify:
    """Speaks to the service manager that `environ` names, as process `pid`."""

    def __init__(self, environ: Mapping[str, str], pid: int) -> None:
        self._address = _address_of(environ.get("NOTIFY_SOCKET", ""))
        # Half of what is allowed, so that one that comes late is no fault; 0: none is asked for.
        self._interval = _watchdog_seconds(environ, pid) / 2 if self._address else 0.0
        self._timer: Any = None

    def start(self, loop: Any, status: str) -> None:  # noqa: ANN401 - gevent publishes no type for its loops
        """The server listens: what waits for it may start. From here on the hub of `loop` tells that it turns."""
        self._send("READY=1", f"STATUS={_line(status)}")
        if self._interval:
            self._timer = loop.timer(self._interval, self._interval)
            self._timer.start(partial(self._send, "WATCHDOG=1"))

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """The configuration is read anew meanwhile; `systemctl reload` returns at the end of it."""
        # Type=notify-reload needs the time, of the clock that systemd itself goes by, to know that this is the reload it asked for.
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            yield
        finally:
            self._send("READY=1")

    def stopping(self, status: str) -> None:
        """The server drains. Signs of life go on: one that is stuck in its drain is not alive, either."""
        self._send("STOPPING=1", f"STATUS={_line(status)}")

    def close(self) -> None:
        """No more signs of life."""
        if self._timer is not None:
            self._timer.close()
            self._timer = None

    def _send(self, *assignments: str) -> None:
        """Send one datagram. One that cannot be sent is told in the log and no more: clients need a server, not its manager."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as end:
            end.settimeout(0)  # a manager that does not read must not hold up the hub
            try:
                end.sendto("\n".join(assignments).encode(), self._address)
            except OSError as error:
                logger.warning("systemd was not told %s: %s", assignments[0], error.strerror or error)


def _address_of(named: str) -> str:
    """The address of the socket; a leading `@` stands for the zero byte of the abstract namespace (unix(7))."""
    if named.startswith("/"):
        return named
    if named.startswith("@"):
        return "\0" + named[1:]
    if named:
        logger.warning("NOTIFY_SOCKET=%s is neither a path nor an abstract socket (@name); systemd is told nothing", named)
    return ""


def _watchdog_seconds(environ: Mapping[str, str], pid: int) -> float:
    """How long the manager waits for a sign of life; 0: for ever, or not for this process (sd_watchdog_enabled(3))."""
    if environ.get("WATCHDOG_PID", str(pid)) != str(pid):
        return 0.0
    asked = environ.get("WATCHDOG_USEC", "0")
    if not (asked.isascii() and asked.isdecimal()):
        logger.warning("WATCHDOG_USEC=%s is not a number of microseconds; systemd gets no signs of life", asked)
        return 0.0
    return int(asked) / _MICROSECONDS


def _line(text: str) -> str:
    """What follows in one line: a second one would be an assignment of its own."""
    return " ".join(text.splitlines())
