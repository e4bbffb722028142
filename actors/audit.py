"""Audit: the one form of the log lines that tell who was let in, turned away, replaced, removed, or held to a quota.

Their loggers, ``actors.audit`` and ``gateway.audit``, tell them from all other lines. Each carries ids alone: never a token, a key or a
payload. As of all lines, those of one place in the code are counted and not written when they flood (`gateway.logs`).
"""

import logging

__all__ = ["Audit"]


class Audit:
    """The audit lines of one package, ``actors`` or ``gateway``."""

    __slots__ = ("_logger",)

    def __init__(self, package: str) -> None:
        self._logger = logging.getLogger(f"{package}.audit")

    def tell(self, event: str, *, tenant: str, reason: str = "", **known: str) -> None:
        """Write one line.

        Args:
            event: what happened, in constant words: ``admitted``, ``refused``.
            tenant: whose client it is, "" for the default one.
            reason: why, in a word for programs.
            known: what is known of `group`, `peer`, `address` and `connection`, and of the event itself; what is empty is left out.

        """
        if self._logger.isEnabledFor(logging.INFO):
            told = {name: value for name, value in known.items() if value}
            about = {"reason": reason, **told} if reason else told
            # The caller's place in the code, so that a flood from one place leaves the lines of the others.
            self._logger.info(event, extra={"tenant": tenant, **about}, stacklevel=2)
