"""The messages of a local client that nobody can take now: the server is away, or the receiver has not come back to it."""

from collections.abc import Callable

from psync_signal.envelope import Envelope

__all__ = ["MOST_BYTES", "MOST_MESSAGES", "Waiting"]

MOST_MESSAGES, MOST_BYTES = 256, 2**20


class Waiting:
    """Bounded by number and by bytes of payload; what does not fit is for its sender to send again."""

    def __init__(self, messages: int = MOST_MESSAGES, size: int = MOST_BYTES) -> None:
        self._messages = messages
        self._room = size
        self._waiting: list[Envelope] = []

    def add(self, message: Envelope) -> bool:
        """Keep a message; whether there was room for it."""
        size = _size(message)
        if len(self._waiting) >= self._messages or size > self._room:
            return False
        self._room -= size
        self._waiting.append(message)
        return True

    def next(self, awaited: Callable[[str | None], bool]) -> Envelope | None:
        """The oldest message whose receiver is not awaited. It stays until it is `sent`."""
        return next((message for message in self._waiting if not awaited(message.target_id)), None)

    def sent(self, message: Envelope) -> None:
        """Forget a message."""
        self._waiting = [each for each in self._waiting if each is not message]
        self._room += _size(message)

    def __len__(self) -> int:
        return len(self._waiting)


def _size(message: Envelope) -> int:
    return len(bytes(message.payload))
