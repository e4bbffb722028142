"""Which keys and sections there are, once the tables are known that an operator names (``[tenants.acme]``) or lists (``[[…keys]]``).

The annotation of such a table is a ``dict`` or a ``tuple`` of structs. Its ``extra`` may hold ``names``, the pattern of a name, and
``folder``, the key of a folder with one file for each table.
"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_origin

from msgspec import Struct

from gateway.config_keys import Key, Names, extra_of, fields_of, keys_of, section_of, sections_of, struct_of_tables
from gateway.config_text import split

__all__ = ["Shape", "Tables"]

Tree = TypeVar("Tree", bound=Struct)


@dataclass(frozen=True, slots=True)
class Tables:
    """A place for tables of one kind.

    Attributes:
        struct: what each of them holds.
        listed: they are a list, and are called by their numbers from 1 on.
        names: the pattern of their names, where they have names.
        folder: the key of the folder that they may come from, too; empty for none.
        title: what a name is, in words.

    """

    struct: type[Struct]
    listed: bool
    names: str
    folder: Names
    title: str


class Shape:
    """The keys of a tree of structs and of the tables that have been added to it.

    Attributes:
        keys: each by its path.
        sections: whether each may be absent, by its path.
        tables: the places for tables, by their paths.
        added: the names of the tables in each place, in the order in which they came.

    """

    def __init__(self, tree: type[Struct]) -> None:
        self.keys: dict[Names, Key] = {}
        self.sections: dict[Names, bool] = {}
        self.tables: dict[Names, Tables] = {}
        self.added: dict[Names, list[str]] = {}
        self._grow(tree, ())

    def add(self, place: Names, name: str) -> Names:
        """Make room for one more table; returns its path."""
        path = (*place, name)
        self.added.setdefault(place, []).append(name)
        self.sections[path] = True
        self._grow(self.tables[place].struct, path)
        return path

    def is_table(self, path: Names) -> bool:
        """Whether it is one of the tables that were added."""
        return bool(path) and path[-1] in self.added.get(path[:-1], ())

    def build(self, tree: type[Tree], above: Names, values: Mapping[Names, Any], named: Container[Names]) -> Tree:
        """The part `above` of the tree with these values and its defaults; a section that may be absent is there if it is named."""
        parts: dict[str, Any] = {}
        for field in fields_of(tree):
            path = (*above, field.name)
            section, optional = section_of(field.type)
            if section is not None and (path in named or not optional):
                parts[field.name] = self.build(section, path, values, named)
            elif path in self.tables:
                tables = self.tables[path]
                built = {name: self.build(tables.struct, (*path, name), values, named) for name in self.added.get(path, ())}
                parts[field.name] = tuple(built.values()) if tables.listed else built
            elif path in values:
                parts[field.name] = values[path]
        return tree(**parts)

    def _grow(self, tree: type[Struct], above: Names) -> None:
        self.keys |= {key.path: key for key in keys_of(tree, above)}
        self.sections |= sections_of(tree, above)
        self.tables |= _tables_of(tree, above)


def _tables_of(tree: type[Struct], above: Names) -> Iterator[tuple[Names, Tables]]:
    for field in fields_of(tree):
        section, _ = section_of(field.type)
        if section is not None:
            yield from _tables_of(section, (*above, field.name))
        struct = struct_of_tables(field.type)
        if struct is not None:
            kind, metas = split(field.type)
            extra = extra_of(field.type)
            folder = tuple(extra["folder"].split(".")) if "folder" in extra else ()
            title = next((meta.title for meta in metas if meta.title), "")
            yield (*above, field.name), Tables(struct, get_origin(kind) is tuple, extra.get("names", ""), folder, title)
