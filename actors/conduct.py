"""How a client behaves: its message, byte and register rates, and how many bad messages it has sent. Pure; time is an argument."""

from typing import NamedTuple

from actors.allowance import Allowance, Rate

__all__ = ["Conduct", "ConductRules"]

FORGIVEN_PER_SECOND = 1 / 60
"""A bad message is forgiven after a minute, so that a connection of many days is not closed for one fault a day."""


class ConductRules(NamedTuple):
    """`errors` is how many bad messages a client may send before it is closed; one is forgiven each minute.

    `early` is how many messages may wait for the end of a register or leave; the next ones are refused.
    """

    messages: Rate
    size: Rate
    registers: Rate
    errors: int
    early: int


class Conduct:
    """What one client has left of each of its allowances. Those that a good client never touches are made when they are needed."""

    __slots__ = ("_errors", "_messages", "_registers", "_rules", "_size", "_warnings")

    def __init__(self, rules: ConductRules, now: float) -> None:
        self._rules = rules
        self._messages = Allowance(rules.messages, now)
        self._size = Allowance(rules.size, now)
        self._registers: Allowance | None = None
        self._warnings: Allowance | None = None
        self._errors: Allowance | None = None

    @property
    def early(self) -> int:
        """How many messages may wait for the end of a register or leave."""
        return self._rules.early

    def message(self, now: float, size: int) -> int:
        """Zero when a message of `size` bytes may pass, else the milliseconds until one may."""
        if not self._messages.spend(now):
            return self._messages.wait_ms()
        if not self._size.spend(now, size):
            return self._size.wait_ms(size)
        return 0

    def warned(self, now: float) -> bool:
        """The client is told once more that it is too fast. True when it had as many warnings as it may send messages: it is abuse."""
        if self._warnings is None:
            self._warnings = Allowance(self._rules.messages, now)
        return not self._warnings.spend(now)

    def register(self, now: float) -> int:
        """Zero when the client may register now, else the milliseconds until it may. Guessing group names is not cheap."""
        if self._registers is None:
            self._registers = Allowance(self._rules.registers, now)
        return 0 if self._registers.spend(now) else self._registers.wait_ms()

    def fault(self, now: float) -> bool:
        """The client has sent a bad message. True when that was one too many."""
        if self._errors is None:
            self._errors = Allowance(Rate(FORGIVEN_PER_SECOND, self._rules.errors), now)
        return not self._errors.spend(now)
