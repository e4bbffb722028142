"""What all connections of one tenant together may send. Judged before a message is told to an actor; pure, time is an argument."""

from typing import NamedTuple

from actors.allowance import Allowance, Rate

__all__ = ["Quota", "QuotaRates"]

MESSAGES, SIZE = "tenant_messages_per_second", "tenant_bytes_per_second"
"""Which of the two rates refused: the label of the metric."""


class QuotaRates(NamedTuple):
    """Messages and bytes, each on average and at once; an average of 0 lets any number pass."""

    messages_per_second: float
    messages_burst: int
    bytes_per_second: float
    bytes_burst: int

    @property
    def bound_nothing(self) -> bool:
        """Whether there is no need to count."""
        return not self.messages_per_second and not self.bytes_per_second


class Quota:
    """What a tenant has left of its rates.

    Connections keep theirs for as long as they live, so that a change of the rates holds for all of them at once.
    """

    __slots__ = ("_messages", "_rates", "_size")

    def __init__(self, rates: QuotaRates) -> None:
        self._rates = rates
        self._begin()

    def change(self, rates: QuotaRates) -> None:
        """Go by other rates from here on, with whole bursts to begin with; by the same ones as before."""
        if rates != self._rates:
            self._rates = rates
            self._begin()

    def _begin(self) -> None:
        rates = self._rates
        self._messages = Allowance(Rate(rates.messages_per_second, rates.messages_burst)) if rates.messages_per_second else None
        self._size = Allowance(Rate(rates.bytes_per_second, rates.bytes_burst)) if rates.bytes_per_second else None

    def spend(self, now: float, size: int) -> tuple[int, str]:
        """Zero, when a message of `size` bytes may pass, else the milliseconds until one may, and what has no room for it.

        A refusal takes nothing.
        """
        messages, bytes_ = self._messages, self._size
        if messages is not None and not messages.spend(now):
            return messages.wait_ms(now), MESSAGES
        if bytes_ is not None and not bytes_.spend(now, size):
            if messages is not None:
                messages.give_back()
            return bytes_.wait_ms(now, size), SIZE
        return 0, ""
