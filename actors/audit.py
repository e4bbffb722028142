"""Audit: the one form of the log lines that tell who was let in, turned away, replaced, removed, or held to a quota.

Their loggers, ``actors.audit`` and ``gateway.audit``, tell them from all other lines. Each carries ids alone: never a token, a key or a
payload. As of all lines, those of one place in the code are counted and not written when they flood (`gateway.logs`): those of each tenant
by themselves, so that nobody hides what becomes of another one's clients behind a flood of their own.
"""

import logging

__all__ = ["SHARE", "Audit"]

SHARE = "log_share"
"""The attribute of a record that names whose limit it counts against; it is not written."""


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
        self._write(event, {"tenant": tenant, SHARE: tenant}, {"reason": reason, **known})

    def tell_of_stranger(self, event: str, *, tenant: str, reason: str = "", **known: str) -> None:
        """As `tell`, of somebody who only claims to be a client of `tenant`.

        Their lines have one limit together: whoever makes names up would else have a flood of lines for each.
        """
        self._write(event, {"tenant": tenant}, {"reason": reason, **known})

    def _write(self, event: str, whose: dict[str, str], about: dict[str, str]) -> None:
        if self._logger.isEnabledFor(logging.INFO):
            told = {name: value for name, value in about.items() if value}
            # The place in the code of whoever tells, so that a flood from one place leaves the lines of the others.
            self._logger.info(event, extra={**whose, **told}, stacklevel=3)
