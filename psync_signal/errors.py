"""What goes wrong with a client.

The error tree of this package::

Exception
├── SignalError       a message, or the wish to join, came to nothing; the client goes on
└── SignalEnded       the client has ended for good: coming back would be refused again
"""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["UNANSWERED", "UNAVAILABLE", "SignalEnded", "SignalError"]

UNAVAILABLE = "unavailable"
"""The code of a message that was not sent: there is no connection now, or it may not take more."""

UNANSWERED = "unanswered"
"""The code of a message that was sent and whose answer did not come: it may have arrived. No server says this; the client does."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


class SignalError(Exception):
    """What was sent failed.

    Attributes:
        code: for programs; one of the server's (`docs/protocol.md`: Error codes), `unavailable` or `unanswered`.
        message: for people.
        temporary: whether the same may succeed later.
        retry_after: seconds to wait before that, if the server said so.
        ref: `id`, `type` and `target_id` of the message that it is about, as far as they are known.
    """

    def __init__(
        self, code: str, message: str, *, temporary: bool = True, retry_after: float | None = None, ref: Mapping[str, str] = _NOTHING
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.temporary = temporary
        self.retry_after = retry_after
        self.ref = ref


class SignalEnded(Exception):
    """The client has ended, and does not come back by itself.

    Attributes:
        code: the close code (1000 and up) or the HTTP status (below that) that is final.
        reason: what the server said, for people.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code}: {reason}" if reason else str(code))
        self.code = code
        self.reason = reason
