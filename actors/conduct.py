"""How a client behaves: its message, byte and register rates, and how many bad messages it has sent. Pure; time is an argument."""

from typing import NamedTuple

from actors.allowance import Allowance, Rate, wait_ms

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
    """What one client has left of each of its allowances. Those that a good client never touches are made when they are needed.

    Of the two that every message touches only the number is here (`actors.allowance`): two calls and 100 bytes less.
    """

    __slots__ = ("_errors", "_messages_restored", "_registers", "_rules", "_size_restored", "_warnings")

    def __init__(self, rules: ConductRules) -> None:
        self._rules = rules
        self._messages_restored = 0.0
        self._size_restored = 0.0
        self._registers: Allowance | None = None
        self._warnings: Allowance | None = None
        self._errors: Allowance | None = None

    @property
    def early(self) -> int:
        """How many messages may wait for the end of a register or leave."""
        return self._rules.early

    def message(self, now: float, size: int) -> int:
        """Zero when a message of `size` bytes may pass, else the milliseconds until one may; a refusal takes nothing."""
        rules = self._rules
        rate, restored = rules.messages, self._messages_restored
        messages_restored = (restored if restored > now else now) + rate.interval  # noqa: FURB136 - `max` takes three times as long, and this is in each relay
        if messages_restored - now > rate.window:
            return wait_ms(rate, restored, now)
        if size:
            rate, restored = rules.size, self._size_restored
            size_restored = (restored if restored > now else now) + size * rate.interval  # noqa: FURB136 - as above
            if size_restored - now > rate.window:
                return wait_ms(rate, restored, now, size)
            self._size_restored = size_restored
        self._messages_restored = messages_restored
        return 0

    def warned(self, now: float) -> bool:
        """The client is told once more that it is too fast. True when it had as many warnings as it may send messages: it is abuse."""
        if self._warnings is None:
            self._warnings = Allowance(self._rules.messages)
        return not self._warnings.spend(now)

    def register(self, now: float) -> int:
        """Zero when the client may register now, else the milliseconds until it may. Guessing group names is not cheap."""
        if self._registers is None:
            self._registers = Allowance(self._rules.registers)
        return 0 if self._registers.spend(now) else self._registers.wait_ms(now)

    def fault(self, now: float) -> bool:
        """The client has sent a bad message. True when that was one too many."""
        if self._errors is None:
            self._errors = Allowance(Rate(FORGIVEN_PER_SECOND, self._rules.errors))
        return not self._errors.spend(now)
