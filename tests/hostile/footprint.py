"""What a server holds: memory and descriptors, before an attack and after it."""

import time

from tests.integration.line import PATIENCE
from tests.integration.server import Server

__all__ = ["Footprint"]


class Footprint:
    """Taken while nobody is connected but those who stay."""

    def __init__(self, server: Server) -> None:
        self._server = server
        # Answered and ended: none of the descriptors counted here is of a request that is over for its client alone.
        probe = server.line()
        probe.request("/health", headers={"Host": "127.0.0.1"})
        while probe.receive():
            pass
        probe.close()
        self._descriptors = server.descriptors()
        self._kib = server.resident_kib()

    def grown_kib(self) -> int:
        """How much memory the server has taken since."""
        return self._server.resident_kib() - self._kib

    def assert_given_back(self, allowance_kib: int) -> None:
        """The attackers hang up: fail unless their descriptors come back, and memory but for an allowance."""
        self._server.hang_up()
        self._server.wait_for_descriptors(self._descriptors)
        deadline = time.monotonic() + PATIENCE
        while (grown := self.grown_kib()) > allowance_kib:
            assert time.monotonic() < deadline, f"{grown} KiB more than before, allowed are {allowance_kib}"
