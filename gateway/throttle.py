"""How many bad tokens an address may send: beyond that it waits, before another is looked at. Pure; time is an argument."""

from actors.allowance import Allowance, Rate
from actors.ports import Metrics

__all__ = ["ADDRESSES", "Throttle"]

ADDRESSES = 10_000
"""Addresses that are remembered. Beyond it the one that has not failed for the longest time is forgotten."""


class Throttle:
    """Counts failures by network (`gateway.admission.network_of`).

    A good token waits as well while its address does, or a guess would be told from a hit by the wait.
    """

    def __init__(self, rate: Rate, metrics: Metrics, most: int = ADDRESSES) -> None:
        self._rate = rate
        self._metrics = metrics
        self._most = most
        self._allowances: dict[str, Allowance] = {}  # the network that failed last comes last

    def __len__(self) -> int:
        """How many networks are remembered."""
        return len(self._allowances)

    def wait_ms(self, network: str, now: float) -> int:
        """Milliseconds until this network may send a token; zero when it may now."""
        allowance = self._allowances.get(network)
        return 0 if allowance is None or allowance.has(now) else allowance.wait_ms(now)

    def failed(self, network: str, now: float) -> None:
        """A token from there was not valid."""
        allowance = self._allowances.pop(network, None)
        if allowance is None:
            allowance = Allowance(self._rate)
            self._make_room(now)
        allowance.spend(now)
        self._allowances[network] = allowance

    def _make_room(self, now: float) -> None:
        """Forget one when there are as many as there may be. That one may guess anew: it is counted, unless it had nothing to wait for."""
        if len(self._allowances) >= self._most:
            oldest = next(iter(self._allowances))
            if not self._allowances.pop(oldest).is_full(now):
                self._metrics.increment("throttle_evictions")
