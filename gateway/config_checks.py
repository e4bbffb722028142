"""What must hold between values of the configuration that are each right by themselves: between two keys, in a table, in a section."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from msgspec import Struct

__all__ = ["Fault", "Faults", "Rule", "Section", "Table"]

Fault = tuple[str, str, str]
"""What is wrong with a table or section: the key in it, what, and what to do about it."""

Faults = Callable[[Any, Mapping[str, str]], Iterable[Fault]]
"""All that is wrong with the struct of a table or section whose values are each right, in an environment."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold between values that are each right by themselves.

    A value that somebody has set is never refused for the sake of a default: the default makes way, also one that a file repeats when the
    value comes from the environment or a flag.

    Attributes:
        reads: dotted keys; the first is the one that is told to be wrong.
        fault: takes their values in that order; says what is wrong, or None.
        mend: what to do about it.
        makes_way: of a rule between two keys, for each the value that it takes beside the other's when nobody has set it and its default
            does not agree with that.
        needs: whether the first key, once set, needs the others: they are judged also where they have their defaults.
    """

    reads: tuple[str, ...]
    fault: Callable[..., str | None]
    mend: str
    makes_way: tuple[Callable[[Any], Any], Callable[[Any], Any]] | None = None
    needs: bool = False


class Table(NamedTuple):
    """What must hold for each table of one kind that an operator adds.

    Attributes:
        rules: those between its values, by the dotted path of the table.
        faults: what is wrong with one as a whole.

    """

    rules: Callable[[str], tuple[Rule, ...]]
    faults: Faults


class Section(NamedTuple):
    """What must hold for a section as a whole: its dotted path, its struct, and `faults` as of a `Table`."""

    path: str
    struct: type[Struct]
    faults: Faults
