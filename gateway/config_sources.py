"""Where values come from: a TOML file, then the environment, then flags; each later one wins. All that is wrong is told at once.

It names no key: it takes the tree and the rules between its values from `gateway.config`.
"""

import dataclasses
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from gateway.config_checks import Faults, Rule, Section, Table
from gateway.config_hints import LISTED, hint
from gateway.config_keys import PREFIX, InvalidValue, Key, Names
from gateway.config_problems import ConfigError, Problem
from gateway.config_shape import Shape
from gateway.config_text import Secret, got, toml

__all__ = ["read"]

Tree = TypeVar("Tree", bound=Struct)

_TESTS = f"{PREFIX}TEST_"
_FILE = 1  # the number of that source


def read(
    tree: type[Tree],
    rules: Iterable[Rule],
    tables: Mapping[str, Table],
    path: str | Path | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, str],
    sections: Iterable[Section] = (),
) -> Tree:
    """The effective configuration.

    Args:
        tree: the struct that describes it.
        rules: what must hold between its values.
        tables: what must hold for the tables that an operator adds, by the place of the tables.
        path: a TOML file; None for none.
        environ: the environment; of it only ``PSYNC_…__…`` is read, and what the values themselves name.
        overrides: dotted key -> text, from the command line.
        sections: what must hold for sections that are always there.

    Raises:
        ConfigError: with all problems of all sources.

    """
    reading = _Reading(tree)
    if path is not None:
        reading.file(Path(path))
    reading.folders(environ, overrides)
    reading.environment(environ)
    reading.flags(overrides)
    reading.complete()
    reading.settle(tuple(rules))
    reading.inherit()
    for section in sections:
        reading.judge_whole(tuple(section.path.split(".")), section.struct, section.faults, environ)
    for place, table in tables.items():
        for name in reading.names(place):
            reading.settle(table.rules(f"{place}.{name}"))
            reading.judge_whole((place, name), reading.struct_of(place), table.faults, environ)
    if reading.problems:
        raise ConfigError(reading.problems)
    return reading.build(tree, ())


class _Reading:
    """What was found so far. A key that is wrong in any source stays wrong: a later source does not excuse it."""

    def __init__(self, tree: type[Struct]) -> None:
        self.values: dict[Names, Any] = {}
        self.sections: set[Names] = set()  # those that a source names; an empty [server.tls] asks for TLS, too
        self.problems: list[Problem] = []
        self._shape = Shape(tree)
        self._keys = self._shape.keys
        self._optional = self._shape.sections
        self._origins: dict[Names, str] = {}
        self._sources: dict[Names, int] = {}  # the number of the source that a value came from: file, environment, flags
        self._source = 0
        self._wrong: set[Names] = set()

    def file(self, path: Path, above: Names = ()) -> None:
        """Take a TOML file: the whole tree, or the table `above` of it."""
        self._source = _FILE
        origin = str(path)
        try:
            content = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
        except OSError as error:
            self._unreadable(
                above, origin, f"cannot be read: {error.strerror}", "Name a TOML file that exists and that this user may read."
            )
        except UnicodeDecodeError as error:
            self._unreadable(above, origin, f"is not UTF-8: byte {error.start} is 0x{error.object[error.start]:02x}", "Save it as UTF-8.")
        except (ValueError, RecursionError) as error:  # besides a wrong line: a number of more digits than Python takes
            self._unreadable(above, origin, f"is not TOML: {error}", "Mend what is said to be there.")
        else:
            self._table(content, above, origin)

    def folders(self, environ: Mapping[str, str], overrides: Mapping[str, str]) -> None:
        """Take the tables that have files of their own. First, for the environment and the flags may speak of them."""
        for place, tables in [(place, tables) for place, tables in self._shape.tables.items() if tables.folder]:
            key = self._keys[tables.folder]
            folder = overrides.get(key.name) or environ.get(key.variable) or self.values.get(key.path, key.default)
            if isinstance(folder, str) and folder:
                self._folder(place, key, Path(folder))

    def _folder(self, place: Names, key: Key, folder: Path) -> None:
        try:
            files = sorted(file for file in folder.iterdir() if file.suffix == ".toml")
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            what = f"{str(folder)!r} cannot be read ({error.strerror if isinstance(error, OSError) else error})"
            self._refuse(key.path, str(folder), what, "Name a folder that exists and that this user may read.")
            return
        for file in files:
            if path := self._add(place, file.stem, str(file)):
                self.file(file, path)

    def _add(self, place: Names, name: str, origin: str) -> Names | None:
        """Make room for a table. None, and a problem is noted, when it cannot be called so, or is there already."""
        tables, path = self._shape.tables[place], (*place, name)
        if tables.names and not re.fullmatch(tables.names, name):
            self._refuse(path, origin, f"cannot be called so; expected {tables.title}", "Give it another name.")
        elif self._shape.is_table(path):
            self._refuse(path, origin, f"is in {self._origins[path]}, too", "Keep it in one place.")
        else:
            self._origins[path] = origin
            self.sections.add(path)
            return self._shape.add(place, name)
        return None

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
            key = self._keys.get(path)
            if key is not None and key.is_secret:
                what = "is a secret, and other users of this machine can see the flags of a process"
                self._refuse(path, origin, what, f"Set it in a file, or by {key.variable}.")
            elif key is not None:
                self._take(key, origin, key.parse, text)
            else:
                self._unknown(path, origin, _dotted)

    def complete(self) -> None:
        """Ask for the values that have no default, where their section is in use."""
        for path, key in self._keys.items():
            if key.required and path not in self.values and path not in self._wrong and self._in_use(path[:-1]):
                self._refuse(path, "not set", "is missing and has no default", f"Set it, or leave all of [{_dotted(path[:-1])}] out.")

    def settle(self, rules: tuple[Rule, ...]) -> None:
        """Let defaults make way, then apply the rules."""
        while any(self.make_way(rule) for rule in rules):
            pass  # what made way may stand in the way of the next; each does so once
        self.judge(rules)

    def inherit(self) -> None:
        """Give the tables that were added what they do not set themselves."""
        for key in [key for key in self._keys.values() if key.inherits]:
            source = self._keys[key.inherits]
            self._keys[key.path] = dataclasses.replace(key, default=self.values.get(source.path, source.default))
            if key.path not in self.values and key.path not in self._wrong:
                self._origins[key.path] = f"as {source.name}"
                self.values[key.path] = self._keys[key.path].default

    def build(self, tree: type[Tree], above: Names) -> Tree:
        """What was found of a part of the tree."""
        return self._shape.build(tree, above, self.values, self.sections)

    def names(self, place: str) -> list[str]:
        """The tables that were added in a place."""
        return self._shape.added.get(tuple(place.split(".")), [])

    def struct_of(self, place: str) -> type[Struct]:
        """What each of these tables holds."""
        return self._shape.tables[tuple(place.split("."))].struct

    def judge_whole(
        self,
        path: Names,
        struct: type[Struct],
        faults: Faults,
        environ: Mapping[str, str],
    ) -> None:
        """Apply what holds for a table or section as a whole, unless something in it is wrong by itself."""
        if any(wrong[: len(path)] == path for wrong in self._wrong):
            return
        for name, what, mend in faults(self.build(struct, path), environ):
            key = (*path, *name.split("."))
            self.problems.append(Problem(_dotted(key), self._origin_near(key), what, mend))

    def _origin_near(self, key: Names) -> str:
        """Where a key comes from; of one that nobody has set, what is beside it or above."""
        within = (key[:length] for length in range(len(key), 0, -1))
        found = (origin for path in within for other, origin in self._origins.items() if other[: len(path)] == path)
        return next(found, "default")

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
            if not any(self._sources.get(path) for path in paths):
                continue  # both are inherited, and wrong where they come from
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
            elif path in self._shape.tables:
                for number, content in self._tables_in(value, path, origin):
                    if added := self._add(path, number, origin):
                        self._table(content, added, origin)
            else:
                self._unknown(path, origin, _dotted, is_section=isinstance(value, dict))

    def _tables_in(self, value: object, place: Names, origin: str) -> Iterator[tuple[str, Mapping[str, object]]]:
        """The tables that a source has for a place, with their names or numbers."""
        listed = self._shape.tables[place].listed
        if not isinstance(value, list if listed else dict):
            form = f"[[{_dotted(place)}]]" if listed else f"[{_dotted(place)}.NAME]"
            self._refuse(place, origin, f"expected tables, got {got(value)}", f"Write {form}.")
            return
        for name, table in enumerate(value, 1) if isinstance(value, list) else value.items():
            if isinstance(table, dict):
                yield str(name), table
            else:
                self._refuse((*place, str(name)), origin, f"expected a table, got {got(table)}", "Write its keys below a line of its own.")

    def _take(self, key: Key, origin: str, convert: Callable[[Any], Any], raw: object) -> None:
        if key.barred:
            mend = f"Set {_dotted(key.inherits)}, which holds for the whole server."
            self._refuse(key.path, origin, f"cannot be set here: {key.barred}", mend)
            return
        self.sections.update(key.path[:length] for length in range(1, len(key.path)))
        try:
            value = convert(raw)
        except InvalidValue as error:
            default = f"that of {_dotted(key.inherits)}" if key.inherits else "" if key.required else toml(key.default)
            default = f" or leave it out: the default is {default}" if default else ""
            self._refuse(key.path, origin, str(error), f"Mend it{default}.")
        else:
            in_file = isinstance(value, Secret) and self._source == _FILE
            self.values[key.path] = Secret(value.reveal(), origin) if in_file else value
            self._origins[key.path] = origin
            self._sources[key.path] = self._source

    def _unknown(self, path: Names, origin: str, spell: Callable[[Names], str], *, is_section: bool = False) -> None:
        below = [spell(key) for key in self._keys if key[:-1] == path]
        if below:
            more = " and others" if len(below) > LISTED else ""
            self._refuse(path, origin, "is a section, not a value", f"Set the keys in it: {', '.join(below[:LISTED])}{more}.")
        elif is_section:
            self._refuse(path, origin, "there is no such section", hint(path, self._optional, _header))
        else:
            known = (key.path for key in self._keys.values() if not key.barred)
            self._refuse(path, origin, "there is no such key", hint(path, known, spell))

    def _refuse(self, path: Names, origin: str, what: str, mend: str) -> None:
        self._wrong.add(path)
        self.problems.append(Problem(_dotted(path), origin, what, mend))

    def _unreadable(self, above: Names, origin: str, what: str, mend: str) -> None:
        self._wrong.add(above)  # for a file of one table
        self.problems.append(Problem("", origin, what, mend))


def _dotted(path: Names) -> str:
    return ".".join(path)


def _header(path: Names) -> str:
    return f"[{_dotted(path)}]"


def _variable(path: Names) -> str:
    return PREFIX + "__".join(path).upper()
