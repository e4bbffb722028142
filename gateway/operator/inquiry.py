"""Inquiries: how a greenlet of the gateway asks the actors, and waits. They answer by a callback; none of them ever waits."""

from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import AsyncResult

from actors.census import Reply
from actors.events import Message
from actors.reasons import ErrorCode
from actors.runtime import BrokerRef

__all__ = ["Unanswered", "ask"]

TIMEOUT = 2.0
"""Seconds to wait for actors. They have their turns within milliseconds, unless the process is overloaded."""


class Unanswered(Exception):
    """No answer. `code` says why, None when none came in time."""

    def __init__(self, code: ErrorCode | None) -> None:
        super().__init__("the actors did not answer in time" if code is None else f"refused: {code.value}")
        self.code = code


def ask(directory: BrokerRef, question: Callable[[Reply], Message], timeout: float = TIMEOUT) -> Any:  # noqa: ANN401 - what the question asks for
    """Put a question (`actors.census`) to the Directory, and wait for its answer. Not in a callback of the hub.

    Raises:
        Unanswered: there is nothing like that, or no answer.

    """
    # Its own `set` wakes the waiter in a later turn of the hub: the actor that replies goes on at once.
    result: AsyncResult[Any] = AsyncResult()
    if not directory.post(question(result.set)):
        raise Unanswered(ErrorCode.UNAVAILABLE)
    try:
        answer = result.get(timeout=timeout)
    except gevent.Timeout:
        raise Unanswered(None) from None
    if isinstance(answer, ErrorCode):
        raise Unanswered(answer)
    return answer
