"""Stay: how long a request may be under way that is answered in parts."""

from gevent import Timeout
from gevent.event import Event

__all__ = ["Stay"]


class Stay:
    """The deadline of one request, which does not run while the answer pauses, and begins anew for each part of it."""

    def __init__(self, deadline: Timeout, closing: Event) -> None:
        self._deadline = deadline
        self._closing = closing

    def pause(self, seconds: float) -> bool:
        """Wait. False: the listener closes, and there is to be no other part."""
        self._deadline.cancel()
        closes = self._closing.wait(seconds)
        self._deadline.start()
        return not closes
