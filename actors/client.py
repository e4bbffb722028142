"""Client: the far end of a connection as its PeerActor sees it: what it is told, how it behaves, and what it said too early."""

from actors.conduct import Conduct
from actors.events import ErrorEvent, Reference
from actors.grant import Grant
from actors.messages import Inbound, Lost, Ping, Pong, Relay
from actors.ports import Metrics, Outbox
from actors.reasons import CLOSES, ERRORS, CloseCode, ErrorCode

__all__ = ["Client"]


class Client:
    """One Outbox, and the conduct of whoever reads it. Every refusal that a client is told of is counted here.

    Attributes:
        outbox: the way to the client.
        conduct: what it has left of its rates.

    """

    __slots__ = ("_early", "_metrics", "conduct", "outbox")

    def __init__(self, outbox: Outbox, conduct: Conduct, metrics: Metrics) -> None:
        self.outbox = outbox
        self.conduct = conduct
        self._metrics = metrics
        self._early: list[Inbound | Lost] | None = None  # made when it is needed, which is once for most

    def error(self, code: ErrorCode, reference: Reference, says: str = "", retry_after_ms: int | None = None) -> None:
        """Tell the client that something failed. An outbox that is full is closing, so that there is nobody left to tell."""
        words = ERRORS[code]
        self._metrics.increment("errors", code)
        self.outbox.send(ErrorEvent(code, says or words.says, words.temporary, reference, retry_after_ms))

    def ping(self) -> None:
        """Ask for a sign of life."""
        self.outbox.ping()

    def close(self, code: CloseCode, says: str = "") -> None:
        """End the connection with a code and a sentence."""
        self.outbox.close(code, says or CLOSES[code].says)

    def too_fast(self, now: float, message: Inbound | Ping | Pong, wait_ms: int) -> tuple[CloseCode, str] | None:
        """A message was over the rates (`Conduct.message`): tell the client. What comes back says that it was told too often.

        Of a ping or a pong nothing was dropped, for the connection has answered: there is nothing to tell.
        """
        if not isinstance(message, Ping | Pong):
            self.error(ErrorCode.RATE_LIMITED, message.reference(), retry_after_ms=wait_ms)
        if not self.conduct.warned(now):
            return None
        return (CloseCode.POLICY, "too many pings") if isinstance(message, Ping | Pong) else (CloseCode.RATE_ABUSED, "")

    def may_register(self, now: float, reference: Reference) -> bool:
        """Whether a register is within the rate. If not, the client has been told."""
        wait = self.conduct.register(now)
        if wait:
            self.error(ErrorCode.RATE_LIMITED, reference, retry_after_ms=wait)
        return not wait

    def lacks(self, grant: Grant, message: Relay) -> bool:
        """Whether the client may not send this. If so, it has been told."""
        cap = grant.lacks(message.target_id)
        if cap is not None:
            says = f"the token of this connection lacks the capability {cap.value!r}"
            self.error(ErrorCode.NOT_ALLOWED, message.reference(), says)
        return cap is not None

    def misbehaved(self, now: float) -> bool:
        """The client sent something bad and was told. True when that was one too many."""
        return self.conduct.fault(now)

    def keep(self, message: Inbound) -> None:
        """Keep what cannot be acted on yet, in order, up to `ConductRules.early`; the client is told of what is not kept."""
        if self._early is None:
            self._early = []
        if len(self._early) < self.conduct.early:
            self._early.append(message)
        else:
            self._metrics.increment("early_refusals")
            self.error(ErrorCode.RATE_LIMITED, message.reference(), "too many messages before the answer to register or leave")

    def keep_last(self, message: Lost) -> bool:
        """Keep the end behind what was said before it, so that this is still acted on. False when nothing is kept: there is no need to."""
        if self._early:
            self._early.append(message)
        return bool(self._early)

    def keep_end(self, message: Lost) -> None:
        """Keep the end in any case: something is still to come that it must not be ahead of."""
        if self._early is None:
            self._early = []
        self._early.append(message)

    def kept(self) -> list[Inbound | Lost]:
        """What was kept; it is the caller's from now on."""
        early, self._early = self._early, None
        return early or []
