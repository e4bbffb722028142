"""Reads source files as data, for the tests that hold the house in order: what a module imports, what is in it, how long it is."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Source(NamedTuple):
    """One Python file of the checkout."""

    path: PurePosixPath  # from the root of the checkout
    text: str

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))


class Use(NamedTuple):
    """One thing that a module takes from another one, by its full dotted name: `msgspec.json.decode`, however it was imported."""

    name: str
    line: int
    for_types: bool  # imported under `if TYPE_CHECKING:`, so not at run time


def source(path: str, text: str = "") -> Source:
    return Source(PurePosixPath(path), text)


def read(*folders: str) -> list[Source]:
    """Read every Python file of some top-level folders of this checkout."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return [source(path.relative_to(ROOT).as_posix(), path.read_text()) for path in paths]


def is_under(name: str, roots: Iterable[str]) -> bool:
    """Whether a dotted name is one of `roots`, or inside one."""
    return any(name == root or name.startswith(root + ".") for root in roots)


def uses(tree: ast.Module) -> Iterator[Use]:
    """List what a module imports, also inside functions, and what it then reaches through the imported names."""
    bound: dict[str, Use] = {}
    for name, use in _imports(tree):
        bound[name] = use
        yield use
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, dot, rest = ast.unparse(node).partition(".")
            if first in bound:
                yield Use(bound[first].name + dot + rest, node.lineno, bound[first].for_types)
        elif isinstance(node, ast.Name) and node.id == "__import__":
            yield Use("importlib.__import__", node.lineno, for_types=False)


def _imports(tree: ast.Module) -> Iterator[tuple[str, Use]]:
    """List each imported thing with the name that it is bound to."""
    typing_only = {id(node) for block in _typing_blocks(tree) for statement in block.body for node in ast.walk(statement)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name, Use(alias.name, node.lineno, id(node) in typing_only)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                full = f"{'.' * node.level}{node.module or ''}.{alias.name}"
                yield alias.asname or alias.name, Use(full, node.lineno, id(node) in typing_only)


def _typing_blocks(tree: ast.Module) -> Iterator[ast.If]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            yield node


def functions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """List the name and the length in lines of every function, from `def` to its last line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1
