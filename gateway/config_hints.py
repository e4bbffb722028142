"""What the writer of a wrong key may have meant."""

import difflib
from collections.abc import Callable, Iterable

from gateway.config_keys import Names

__all__ = ["LISTED", "hint"]

LISTED = 8
"""Known keys that an error lists at most."""

_SUGGESTED = 2


def hint(path: Names, known: Iterable[Names], spell: Callable[[Names], str]) -> str:
    """A sentence that names what is known and alike, or what is known beside it; `spell` writes a key as its source does."""
    known = list(known)
    if near := _near(path, known):
        return f"Did you mean {' or '.join(map(spell, near))}?"
    beside = [spell(other) for other in known if other[:-1] == path[:-1]]
    if 0 < len(beside) <= LISTED:
        return f"Known here: {', '.join(beside)}."
    return "Leave it out; conf/prod.toml shows every key."


def _near(path: Names, known: list[Names]) -> list[Names]:
    """A name alike in the same section, the same name in another, else both alike."""
    alike = _alike(path, [other for other in known if other[:-1] == path[:-1]])
    elsewhere = [other for other in known if other[-1] == path[-1]]
    if alike or elsewhere:
        return list(dict.fromkeys(alike + elsewhere))[:_SUGGESTED]
    section = difflib.get_close_matches(".".join(path[:-1]), {".".join(other[:-1]) for other in known}, n=1)
    return _alike(path, [other for other in known if [".".join(other[:-1])] == section])


def _alike(path: Names, others: list[Names]) -> list[Names]:
    named = {other[-1]: other for other in others}
    return [named[name] for name in difflib.get_close_matches(path[-1], named, n=1)]
