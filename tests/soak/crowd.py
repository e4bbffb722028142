"""The crowd, in a process of its own: `python -m tests.soak.crowd PORT SEED VISITORS`.

So many visitors are there at any time until standard input ends; then it says in JSON how often each script was played. It ends with a
traceback and exit code 1 when the server did not do its part.
"""

import json
import selectors
import sys
import time
from collections import Counter
from random import Random

from tests.soak.scripts import SCRIPTS
from tests.soak.visitor import Visitor

__all__ = ["Crowd"]

NEWCOMERS_PER_SECOND = 60
"""At most, so that a server that refuses everybody is not run over."""


class Crowd:
    """Runs the visitors in turn, in one thread."""

    def __init__(self, port: int, seed: int, size: int) -> None:
        self.played: Counter[str] = Counter()
        self._port = port
        self._random = Random(seed)
        self._size = size
        self._visitors: list[Visitor] = []
        self._next = time.monotonic()

    def run(self, until: selectors.BaseSelector) -> None:
        """Run until `until` has something."""
        while not until.select(0):
            self._admit()
            self._listen()
            now = time.monotonic()
            self._visitors = [visitor for visitor in self._visitors if visitor.due > now or visitor.step()]

    def hang_up(self) -> None:
        """Everybody goes, some in the middle of a sentence."""
        for visitor in self._visitors:
            visitor.hang_up(reset=self._random.random() < 0.5)

    def _admit(self) -> None:
        now = time.monotonic()
        if len(self._visitors) < self._size and now >= self._next:
            self._next = max(self._next, now - 1) + 1 / NEWCOMERS_PER_SECOND
            script = self._random.choice(SCRIPTS)
            self.played[script.__name__] += 1
            self._visitors.append(Visitor(self._port, Random(self._random.random()), script))

    def _listen(self) -> None:
        """Wait for the first who hears something, or is due; at most for the next newcomer."""
        now = time.monotonic()
        due = min((visitor.due for visitor in self._visitors), default=now)
        with selectors.DefaultSelector() as ears:
            for visitor in self._visitors:
                if visitor.client is not None and not visitor.is_deaf:
                    ears.register(visitor.client.line, selectors.EVENT_READ, visitor)
            for key, _ in ears.select(max(0.0, min(due - now, 1 / NEWCOMERS_PER_SECOND))):
                key.data.attend()
                key.data.due = now


def main(port: int, seed: int, size: int) -> None:
    """Play until standard input ends."""
    crowd = Crowd(port, seed, size)
    with selectors.DefaultSelector() as until:
        until.register(sys.stdin, selectors.EVENT_READ)
        try:
            crowd.run(until)
        finally:
            crowd.hang_up()
    print(json.dumps(crowd.played))  # noqa: T201 - what the soak reads


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
