"""When to come back: what the end of a connection, or of an attempt to make one, means for the next attempt. No clock and no socket."""

import random
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from psync_signal.errors import SignalEnded, SignalError

__all__ = ["BREAK", "RECONNECT", "Broken", "Course", "Refused", "Unreachable"]

RECONNECT: Mapping[int, str] = MappingProxyType(
    {
        1000: "-",
        1001: "-",
        1002: "no",
        1003: "no",
        1007: "no",
        1008: "no",
        1009: "no",
        1011: "backoff",
        1012: "slot",
        1013: "backoff",
        4400: "no",
        4401: "new token",
        4403: "new token",
        4408: "backoff",
        4409: "no",
        4410: "no",
        4413: "backoff",
        4429: "backoff",
    }
)
"""By close code, what a client does (`docs/protocol.md`: Close codes). A test holds it equal to the server's own table."""

BREAK: Final = 1006
"""RFC 6455 section 7.4.1: there was no close frame."""

_FIRST, _MOST = 0.5, 30.0  # seconds: the bound of the first delay, and of all
_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _TOO_MANY, _SERVER_ERROR = 400, 401, 403, 429, 500


class Broken(Exception):
    """A connection has ended.

    Attributes:
        code: that of the close frame; 1006 without one.
        reason: what the server said.
        silent: it was given up, because the server had not been heard for too long.
        unsent: it had ended before the frame that was to be sent; nothing of that has gone.
    """

    def __init__(self, code: int = BREAK, reason: str = "", *, silent: bool = False, unsent: bool = False) -> None:
        super().__init__(f"the connection ended: {code} {reason}".rstrip())
        self.code = code
        self.reason = reason
        self.silent = silent
        self.unsent = unsent


class Refused(Exception):
    """The handshake was answered with an HTTP status that is not 101."""

    def __init__(self, status: int, reason: str, retry_after: float | None = None) -> None:
        super().__init__(f"the server refuses the connection: {status} {reason}".rstrip())
        self.status = status
        self.reason = reason
        self.retry_after = retry_after


class Unreachable(Exception):
    """There is no server to shake hands with: no name, no route, nobody who listens, no trust."""


class Course:
    """How long to wait before each attempt: at random between 0 and min(30 s, 0.5 s times 2ⁿ), n being the failures in a row.

    That is "full jitter": after a restart of the server not all of its clients come at once. While the server keeps the place of the client
    the bound is what is left of that, too, down to the first one: who came later would come for nothing. What is sooner for it counts as
    no failure.

    Args:
        renews_token: whether another token can be had; without that a refused one is final.
        uniform: a random number between the two that it is given.

    """

    def __init__(self, *, renews_token: bool, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._renews_token = renews_token
        self._uniform = uniform
        self._failures = 0

    def joined(self) -> None:
        """An attempt has succeeded."""
        self._failures = 0

    def after(self, failure: Exception, slot: float | None = None, kept: float = 0.0) -> float:
        """Seconds until the next attempt. `slot`: those until the moment that a `goaway` has named; `kept`: those left of the place.

        Raises:
            SignalEnded: there is to be none.
            SignalError: the server does not want this peer in this group, and will not later.

        """
        match failure:
            case Broken():
                return self._after_close(failure, slot, kept)
            case Refused():
                return self._after_refusal(failure, kept)
            case SignalError():
                if not failure.temporary:
                    raise failure
                return max(self._delay(kept), failure.retry_after or 0)
            case _:
                return self._delay(kept)

    def _after_close(self, end: Broken, slot: float | None, kept: float) -> float:
        course = RECONNECT.get(end.code, "backoff")
        if course == "no" or (course == "new token" and not self._renews_token):
            raise SignalEnded(end.code, end.reason)
        return max(slot, 0) if course == "slot" and slot is not None else self._delay(kept)

    def _after_refusal(self, refusal: Refused, kept: float) -> float:
        status = refusal.status
        renewable = status in {_UNAUTHORIZED, _FORBIDDEN} and self._renews_token
        if _BAD_REQUEST <= status < _SERVER_ERROR and status != _TOO_MANY and not renewable:
            raise SignalEnded(status, refusal.reason)
        return max(self._delay(kept), refusal.retry_after or 0)

    def _delay(self, kept: float) -> float:
        bound = min(_MOST, _FIRST * 2.0 ** min(self._failures, 10))  # an exponent without end would overflow
        if _FIRST < kept < bound:
            bound = kept
        else:
            self._failures += 1
        return self._uniform(0, bound)
