"""Where values come from: a TOML file, then the environment, then flags; each later one wins. All that is wrong is told at once.

It names no key: it takes the tree and the rules between its values from `gateway.config`.
"""

import difflib
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from gateway.config_keys import PREFIX, InvalidValue, Key, Names, keys_of, section_of, sections_of
from gateway.config_text import toml

__all__ = ["ConfigError", "Problem", "Rule", "read"]

Tree = TypeVar("Tree", bound=Struct)

_TESTS = f"{PREFIX}TEST_"
_LISTED = 8
_SUGGESTED = 2


class Problem(NamedTuple):
    """One thing that is wrong in the configuration.

    Attributes:
        key: dotted path, ``limits.errors``; empty when the source as a whole cannot be read.
        origin: the file, the environment variable or the flag that it came from; ``default`` when it was not given.
        what: what is wrong.
        mend: what to do about it.

    """

    key: str
    origin: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.key} ({self.origin}): {self.what}. {self.mend}" if self.key else f"{self.origin}: {self.what}. {self.mend}"


class ConfigError(Exception):
    """The configuration is not usable; `problems` holds everything that is wrong with it, in the order of the sources."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        title = "1 problem" if count == 1 else f"{count} problems"
        super().__init__("\n  ".join([f"{title} in the configuration:", *map(str, self.problems)]))


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


def read(
    tree: type[Tree], rules: Iterable[Rule], path: str | Path | None, environ: Mapping[str, str], overrides: Mapping[str, str]
) -> Tree:
    """The effective configuration.

    Args:
        tree: the struct that describes it.
        rules: what must hold between its values.
        path: a TOML file; None for none.
        environ: the environment; of it only ``PSYNC_…__…`` is read.
        overrides: dotted key -> text, from the command line.

    Raises:
        ConfigError: with all problems of all sources.

    """
    reading = _Reading(tree)
    if path is not None:
        reading.file(Path(path))
    reading.environment(environ)
    reading.flags(overrides)
    reading.complete()
    rules = tuple(rules)
    while any(reading.make_way(rule) for rule in rules):
        pass  # what made way may stand in the way of the next; each does so once
    reading.judge(rules)
    if reading.problems:
        raise ConfigError(reading.problems)
    return _build(tree, reading.values, reading.sections)


class _Reading:
    """What was found so far. A key that is wrong in any source stays wrong: a later source does not excuse it."""

    def __init__(self, tree: type[Struct]) -> None:
        self.values: dict[Names, Any] = {}
        self.sections: set[Names] = set()  # those that a source names; an empty [server.tls] asks for TLS, too
        self.problems: list[Problem] = []
        self._keys = {key.path: key for key in keys_of(tree)}
        self._optional = dict(sections_of(tree))
        self._origins: dict[Names, str] = {}
        self._sources: dict[Names, int] = {}  # the number of the source that a value came from: file, environment, flags
        self._source = 0
        self._wrong: set[Names] = set()

    def file(self, path: Path) -> None:
        self._source = 1
        origin = str(path)
        try:
            content = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
        except OSError as error:
            self._unreadable(origin, f"cannot be read: {error.strerror}", "Name a TOML file that exists and that this user may read.")
        except UnicodeDecodeError as error:
            self._unreadable(origin, f"is not UTF-8: byte {error.start} is 0x{error.object[error.start]:02x}", "Save it as UTF-8.")
        except (ValueError, RecursionError) as error:  # besides a wrong line: a number of more digits than Python takes
            self._unreadable(origin, f"is not TOML: {error}", "Mend what is said to be there.")
        else:
            self._table(content, (), origin)

    def environment(self, environ: Mapping[str, str]) -> None:
        """Take the variables with a double underscore.

        Others belong to the tools (`PSYNC_ALLOW_MISSING`) or to nobody: for a service called psync-server Kubernetes sets
        `PSYNC_SERVER_PORT=tcp://...`, so not even such a near miss can be refused.
        """
        self._source = 2
        variables = {key.variable: key for key in self._keys.values()}
        for name in sorted(environ):
            if name in variables:
                self._take(variables[name], name, variables[name].parse, environ[name])
            elif name.startswith(PREFIX) and "__" in name and not name.startswith(_TESTS):
                self._unknown(tuple(name.removeprefix(PREFIX).lower().split("__")), name, _variable)

    def flags(self, overrides: Mapping[str, str]) -> None:
        self._source = 3
        for name, text in overrides.items():
            path, origin = tuple(name.split(".")), f"--set {name}"
            if key := self._keys.get(path):
                self._take(key, origin, key.parse, text)
            else:
                self._unknown(path, origin, _dotted)

    def complete(self) -> None:
        """Ask for the values that have no default, where their section is in use."""
        for path, key in self._keys.items():
            if key.required and path not in self.values and path not in self._wrong and self._in_use(path[:-1]):
                self._refuse(path, "not set", "is missing and has no default", f"Set it, or leave all of [{_dotted(path[:-1])}] out.")

    def make_way(self, rule: Rule) -> bool:
        """Change the one key of the rule that only has its default, if that does not agree with the other. Whether it was so."""
        if rule.makes_way is None:
            return False
        first, second = (tuple(name.split(".")) for name in rule.reads)
        if self._wrong & {first, second} or not rule.fault(*(self.values.get(path, self._keys[path].default) for path in (first, second))):
            return False
        for path, other, value in ((first, second, rule.makes_way[0]), (second, first, rule.makes_way[1])):
            is_default = self.values.get(path, self._keys[path].default) == self._keys[path].default
            if is_default and self._sources.get(path, 0) < self._sources.get(other, 0):
                self.values[path] = value(self.values[other])
                self._origins[path] = f"made way for {_dotted(other)}"
                self._sources[path] = self._sources[other]
                return True
        return False

    def judge(self, rules: Iterable[Rule]) -> None:
        """Apply the rules to values that are right by themselves; on top of a wrong value a rule would only confuse."""
        for rule in rules:
            paths = [tuple(name.split(".")) for name in rule.reads]
            if self._wrong.intersection(paths) or not self.values.keys() >= set(paths[: 1 if rule.needs else None]):
                continue
            if what := rule.fault(*(self.values.get(path, self._keys[path].default) for path in paths)):
                self.problems.append(Problem(rule.reads[0], self._origin_of(*paths), what, rule.mend))

    def _in_use(self, section: Names) -> bool:
        above = (section[:length] for length in range(1, len(section) + 1))
        return all(path in self.sections or not self._optional[path] for path in above)

    def _origin_of(self, first: Names, *others: Names) -> str:
        beside = (f"{_dotted(path)}: {self._origins.get(path, 'default')}" for path in others)
        return "; ".join([self._origins[first], *beside])

    def _table(self, table: Mapping[str, object], above: Names, origin: str) -> None:
        for name, value in table.items():
            path = (*above, name)
            if key := self._keys.get(path):
                self._take(key, origin, key.convert, value)
            elif path in self._optional and isinstance(value, dict):
                self.sections.add(path)
                self._table(value, path, origin)
            else:
                self._unknown(path, origin, _dotted, is_section=isinstance(value, dict))

    def _take(self, key: Key, origin: str, convert: Callable[[Any], Any], raw: object) -> None:
        self.sections.update(key.path[:length] for length in range(1, len(key.path)))
        try:
            self.values[key.path] = convert(raw)
        except InvalidValue as error:
            default = "" if key.required else f" or leave it out: the default is {toml(key.default)}"
            self._refuse(key.path, origin, str(error), f"Mend it{default}.")
        else:
            self._origins[key.path] = origin
            self._sources[key.path] = self._source

    def _unknown(self, path: Names, origin: str, spell: Callable[[Names], str], *, is_section: bool = False) -> None:
        below = [spell(key) for key in self._keys if key[:-1] == path]
        if below:
            more = " and others" if len(below) > _LISTED else ""
            self._refuse(path, origin, "is a section, not a value", f"Set the keys in it: {', '.join(below[:_LISTED])}{more}.")
        elif is_section:
            self._refuse(path, origin, "there is no such section", _hint(path, self._optional, _header))
        else:
            self._refuse(path, origin, "there is no such key", _hint(path, self._keys, spell))

    def _refuse(self, path: Names, origin: str, what: str, mend: str) -> None:
        self._wrong.add(path)
        self.problems.append(Problem(_dotted(path), origin, what, mend))

    def _unreadable(self, origin: str, what: str, mend: str) -> None:
        self.problems.append(Problem("", origin, what, mend))


def _hint(path: Names, known: Iterable[Names], spell: Callable[[Names], str]) -> str:
    known = list(known)
    if near := _near(path, known):
        return f"Did you mean {' or '.join(map(spell, near))}?"
    beside = [spell(other) for other in known if other[:-1] == path[:-1]]
    if 0 < len(beside) <= _LISTED:
        return f"Known here: {', '.join(beside)}."
    return "Leave it out; conf/prod.toml shows every key."


def _near(path: Names, known: list[Names]) -> list[Names]:
    """What the writer may have meant: a name alike in the same section, the same name in another, else both alike."""
    alike = _alike(path, [other for other in known if other[:-1] == path[:-1]])
    elsewhere = [other for other in known if other[-1] == path[-1]]
    if alike or elsewhere:
        return list(dict.fromkeys(alike + elsewhere))[:_SUGGESTED]
    section = difflib.get_close_matches(_dotted(path[:-1]), {_dotted(other[:-1]) for other in known}, n=1)
    return _alike(path, [other for other in known if [_dotted(other[:-1])] == section])


def _alike(path: Names, others: list[Names]) -> list[Names]:
    named = {other[-1]: other for other in others}
    return [named[name] for name in difflib.get_close_matches(path[-1], named, n=1)]


def _dotted(path: Names) -> str:
    return ".".join(path)


def _header(path: Names) -> str:
    return f"[{_dotted(path)}]"


def _variable(path: Names) -> str:
    return PREFIX + "__".join(path).upper()


def _build(tree: type[Tree], values: Mapping[Names, Any], named: set[Names], above: Names = ()) -> Tree:
    parts: dict[str, Any] = {}
    for field in msgspec.structs.fields(tree):
        path = (*above, field.name)
        section, optional = section_of(field.type)
        if section is None and path in values:
            parts[field.name] = values[path]
        elif section is not None and (path in named or not optional):
            parts[field.name] = _build(section, values, named, path)
    return tree(**parts)
