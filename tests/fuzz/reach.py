"""Which lines of the fuzzed modules the inputs reach: the figure that shows whether they get past the first check."""

import importlib.util
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NamedTuple

from tests.fuzz.targets import Target
from tests.sources import ROOT

__all__ = ["Reach", "reach"]


class Reach(NamedTuple):
    """Lines of the functions of one module: how many there are, and which were not reached."""

    path: Path
    lines: int
    missed: list[int]

    def __str__(self) -> str:
        missed = f"; not {', '.join(map(str, self.missed))}" if self.missed else ""
        return f"{self.path.relative_to(ROOT)}: {self.lines - len(self.missed)} of {self.lines} lines{missed}"


def reach(target: Target, inputs: Iterable[bytes]) -> list[Reach]:
    """Check all inputs once more, and note the lines that run; raises what a check raises."""
    paths = {str(path): path for path in map(_path, target.MODULES)}
    hit = set[tuple[str, int]]()

    def note(frame: FrameType, event: str, _argument: object) -> Any:  # noqa: ANN401 - a trace function returns itself
        if frame.f_code.co_filename not in paths:
            return None
        hit.add((frame.f_code.co_filename, frame.f_lineno))
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        for data in inputs:
            target.check(data)
    finally:
        sys.settrace(before)
    there = {name: set(_lines(compile(path.read_text(), name, "exec"))) for name, path in paths.items()}
    return [Reach(paths[name], len(lines), sorted(line for line in lines if (name, line) not in hit)) for name, lines in there.items()]


def _path(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin)


def _lines(code: CodeType) -> Iterator[int]:
    """The lines of all functions in a module or class, without those that run when it is imported."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            if inner.co_flags & 0x2:  # CO_NEWLOCALS and fast locals: a function, no class body
                yield from (line for _, _, line in inner.co_lines() if line is not None and line > inner.co_firstlineno)
            yield from _lines(inner)
