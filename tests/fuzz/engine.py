"""One target under atheris, in a process of its own: `python -m tests.fuzz.engine TARGET [flags and folders of libFuzzer]`.

It ends with an exit code other than 0 when it has found something. Beside libFuzzer's own lines it says `runs N` every second.
"""

import sys
import time

import atheris

from tests.fuzz.mutation import Random
from tests.fuzz.targets import load

PROGRESS_SECONDS = 1.0
LOOK_EVERY = 64  # runs between two looks at the clock


class Progress:
    """Counts runs: libFuzzer tells of them only when it has found new code, or with every power of two."""

    def __init__(self) -> None:
        self._runs = 0
        self._next = time.monotonic()

    def count(self) -> None:
        self._runs += 1
        if self._runs % LOOK_EVERY == 0 and time.monotonic() >= self._next:
            self._next = time.monotonic() + PROGRESS_SECONDS
            print(f"runs {self._runs}", file=sys.stderr, flush=True)  # noqa: T201 - what the campaign reads


def main(name: str, *flags: str) -> None:
    """Fuzz until the flags say that it is enough; libFuzzer ends the process."""
    with atheris.instrument_imports(include=["gateway"]):
        target = load(name)
    progress = Progress()

    def run(data: bytes) -> None:
        progress.count()
        target.check(data)

    def mutate(data: bytes, size: int, seed: int) -> bytes:
        return target.mutate(data, size, Random(seed), atheris.Mutate)

    atheris.Setup([name, *flags], run, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
