"""Plan: one run of one scenario, and every number in it bounded."""

from typing import Final, NamedTuple

from msgspec import Struct

from gateway.bench.dialect import Dialect

__all__ = ["MIXED", "MOST", "Plan"]

MIXED: Final = (37_000, 120, 120, 120, 5_500, 120, 120, 120, 1_200, 120, 120, 120)
"""Characters of the messages of one negotiation with some media, and its renegotiation: descriptions large and small, and candidates."""

CANDIDATE_SIZE: Final = 200
"""What is no longer than this goes as a candidate, the rest as offer and answer."""


class Most(NamedTuple):
    """What no command line can ask beyond: a load generator that has no bounds is a weapon."""

    pairs: int = 5_000
    window: int = 64
    rate: int = 200_000
    size: int = 60_000
    members: int = 2_000
    connections: int = 50_000
    seconds: float = 60.0


MOST: Final = Most()


class Plan(Struct, frozen=True, kw_only=True):
    """What to do.

    Attributes:
        scenario: a name of `gateway.bench.scenarios.SCENARIOS`.
        dialect: how the server wants to be spoken to.
        pairs: of peers that talk, each in a group of its own.
        window: messages of a pair that are on their way at the same time (closed loop).
        rate: relays a second, over all pairs (open loop).
        sizes: characters of each message's description or candidate, in turn.
        members: of the one group (fanout, join).
        connections: idle ones, or a crowd (idle, reconnect).
        seconds: that are measured, where a scenario has no end of its own.
        warm_up: seconds before that.
    """

    scenario: str
    dialect: Dialect
    pairs: int = 100
    window: int = 1
    rate: int = 2_000
    sizes: tuple[int, ...] = (1_200,)
    members: int = 300
    connections: int = 2_000
    seconds: float = 3.0
    warm_up: float = 0.5

    @property
    def sizes_in_words(self) -> str:
        """Such as "1,200 characters"."""
        low, high = min(self.sizes), max(self.sizes)
        return f"{low:,} characters" if low == high else f"{low:,} to {high:,} characters"
