"""The token of a client: where it comes from, and which one the server has refused."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from psync_signal.errors import SignalEnded
from psync_signal.reconnect import RECONNECT, Broken, Refused

__all__ = ["Credential", "NoToken", "Token"]

Token: TypeAlias = str | Callable[[], str | Awaitable[str]] | None
"""A token, or what is called for one before each connection; None where the server asks for none."""

_ABOUT_TOKENS = (401, 403)  # HTTP statuses


class NoToken(Exception):
    """The application's own function gave no token; the cause is what it raised, or TimeoutError."""


class Credential:
    """Gives a token for each connection, and no refused one again: who knocks with it in a loop is a flood."""

    def __init__(self, token: Token) -> None:
        self._source = token
        self._given: str | None = None
        self._refusal: SignalEnded | None = None

    @property
    def renews(self) -> bool:
        """Whether there can be another token than the first."""
        return callable(self._source)

    async def next(self, patience: float) -> str | None:
        """The token for the next connection; the application's function may take `patience` seconds for it.

        Raises:
            NoToken: that function failed.
            SignalEnded: it is the one that was refused; with the words of the refusal.

        """
        source = self._source
        token = await _given_by(source, patience) if callable(source) else source
        if self._refusal is not None and token == self._given:
            raise self._refusal
        self._given, self._refusal = token, None
        return token

    def judged(self, failure: Exception) -> None:
        """What came of the connection with the token that `next` gave."""
        if isinstance(failure, Refused) and failure.status in _ABOUT_TOKENS:
            self._refusal = SignalEnded(failure.status, failure.reason)
        elif isinstance(failure, Broken) and RECONNECT.get(failure.code) == "new token":
            self._refusal = SignalEnded(failure.code, failure.reason)


async def _given_by(source: Callable[[], str | Awaitable[str]], patience: float) -> str:
    try:
        async with asyncio.timeout(patience):
            token = source()
            return await token if inspect.isawaitable(token) else token
    except Exception as failure:
        raise NoToken(f"the function that should give a token failed: {failure!r}") from failure
