"""Changes to inputs that keep their form, so that they get past the first check. All chance comes from the caller."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeAlias, TypeVar

__all__ = ["Havoc", "Random", "splice"]

Havoc: TypeAlias = Callable[[bytes, int], bytes]
"""Changes bytes without regard to their form; the result has at most so many bytes. The fuzzer's own mutations."""

Token = TypeVar("Token")


def splice(tokens: Sequence[Token], fresh: Callable[[], Token], random: Random) -> list[Token]:
    """Replace, put in, leave out, double or move a few of the tokens; `fresh` makes a new one."""
    spliced = list(tokens)
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        at = random.randrange(len(spliced) + 1)
        length = random.choice((1, 1, 1, 2, 5))
        match random.randrange(5):
            case 0:
                spliced[at : at + 1] = [fresh()]
            case 1:
                spliced.insert(at, fresh())
            case 2:
                del spliced[at : at + length]
            case 3:
                spliced[at:at] = spliced[at : at + length] * random.choice((1, 1, 2, 40))
            case _:
                moved = spliced[at : at + length]
                del spliced[at : at + length]
                to = random.randrange(len(spliced) + 1)
                spliced[to:to] = moved
    return spliced
