"""The messages that wait for the server's word on them. Each gets one: an acknowledgement, an error, or that nobody knows."""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import contextmanager

from psync_signal.errors import UNANSWERED, UNAVAILABLE, SignalError

__all__ = ["Unanswered"]


class Unanswered:
    """Bounded; a message beyond the bound is not sent."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._answers: dict[str, asyncio.Future[str]] = {}
        self._numbers = itertools.count(1)

    @contextmanager
    def expect(self) -> Iterator[tuple[str, "asyncio.Future[str]"]]:
        """The id for a new message, and the answer to it.

        Raises:
            SignalError: `unavailable`: too many wait already.

        """
        if len(self._answers) >= self._bound:
            raise SignalError(UNAVAILABLE, f"{self._bound} messages wait for their answer; send fewer at once")
        # Numbers go on after a reconnect: an answer that comes late is never taken for that to another message.
        name = str(next(self._numbers))
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._answers[name] = answer
        try:
            yield name, answer
        finally:
            del self._answers[name]
            answer.cancel()

    def settle(self, name: str | None, status: str) -> bool:
        """Answer a message; whether one of this id waits."""
        answer = self._waiting(name)
        if answer is not None:
            answer.set_result(status)
        return answer is not None

    def fail(self, error: SignalError) -> bool:
        """Answer the message that an error is about; whether it waits."""
        answer = self._waiting(error.ref.get("id"))
        if answer is not None:
            answer.set_exception(error)
        return answer is not None

    def give_up(self, why: str) -> None:
        """Tell all that wait that their answers do not come."""
        for name, answer in self._answers.items():
            if not answer.done():
                answer.set_exception(SignalError(UNANSWERED, f"{why}; it may have arrived", ref={"id": name}))

    def _waiting(self, name: str | None) -> "asyncio.Future[str] | None":
        answer = self._answers.get(name or "")
        return None if answer is None or answer.done() else answer
