"""What all connections of one tenant together may send. Judged before a message is told to an actor; pure, time is an argument."""

from typing import NamedTuple

from actors.allowance import Allowance, Rate
from actors.audit import Audit
from actors.events import Message
from actors.messages import BadMessage, Inbound
from actors.ports import Metrics
from actors.reasons import ErrorCode

__all__ = ["AUDIT_SECONDS", "Quota", "QuotaRates"]

AUDIT_SECONDS = 10.0
"""A tenant that goes on beyond its rates is told to the log this often."""

_MESSAGES, _SIZE = "tenant_messages_per_second", "tenant_bytes_per_second"

audit = Audit("gateway")


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

    __slots__ = ("_messages", "_rates", "_size", "_tenant", "_told_at")

    def __init__(self, tenant: str, rates: QuotaRates) -> None:
        self._tenant = tenant
        self._told_at: float | None = None
        self._begin(rates)

    def change(self, rates: QuotaRates) -> None:
        """Go by other rates from here on, with whole bursts to begin with; by the same ones as before."""
        if rates != self._rates:
            self._begin(rates)

    def _begin(self, rates: QuotaRates) -> None:
        self._rates = rates
        self._messages = Allowance(Rate(rates.messages_per_second, rates.messages_burst)) if rates.messages_per_second else None
        self._size = Allowance(Rate(rates.bytes_per_second, rates.bytes_burst)) if rates.bytes_per_second else None

    def judge(self, message: Message, size: int, now: float, metrics: Metrics) -> Message:
        """A message of `size` bytes, or in its place what tells its sender that the tenant has no room for it.

        A refusal takes nothing. What is no client's message to a broker is not counted.
        """
        if not isinstance(message, Inbound):
            return message
        messages, bytes_ = self._messages, self._size
        if messages is not None and not messages.has(now):
            return self._refuse(message, now, metrics, messages.wait_ms(now), _MESSAGES)
        if bytes_ is not None and not bytes_.spend(now, size):
            return self._refuse(message, now, metrics, bytes_.wait_ms(now, size), _SIZE)
        if messages is not None:
            messages.spend(now)
        return message

    def _refuse(self, message: Inbound, now: float, metrics: Metrics, wait_ms: int, rate: str) -> BadMessage:
        metrics.increment("quota_refusals", rate)
        metrics.increment("tenant_refusals", self._tenant)
        if self._told_at is None or now - self._told_at >= AUDIT_SECONDS:
            self._told_at = now
            audit.tell("over quota", tenant=self._tenant, reason=rate)
        says = "all clients of the tenant together send too much; the message was dropped"
        return BadMessage(ErrorCode.RATE_LIMITED, says, message.reference(), fault=False, retry_after_ms=wait_ms)
