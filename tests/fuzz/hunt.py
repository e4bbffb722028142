"""A hunt: the engine's process for one target, and what its output says."""

import os
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.targets import load
from tests.sources import ROOT

__all__ = ["Hunt", "Kept", "Tidings"]

LONGEST_INPUT = 2048
LONGEST_RUN = 10
"""Seconds that one input may take; the slowest takes a few milliseconds."""

MOST_MEMORY = 1024
"""MiB of the engine; it takes less than 150."""


@dataclass(frozen=True)
class Kept:
    """The folders of a target, which outlive a run: what it has found interesting, and what it has found wrong."""

    corpus: Path
    seeds: Path
    findings: Path

    @classmethod
    def make(cls, root: Path, target: str) -> "Kept":
        """Make them where they are not, and write the seeds anew."""
        kept = cls(root / target / "corpus", root / target / "seeds", root / target / "findings")
        for folder in (kept.corpus, kept.seeds, kept.findings):
            folder.mkdir(parents=True, exist_ok=True)
        for old in kept.seeds.iterdir():
            old.unlink()
        for number, seed in enumerate(load(target).seeds()):
            (kept.seeds / f"{number:04}").write_bytes(seed)
        return kept


@dataclass
class Tidings:
    """What an engine has said so far.

    Attributes:
        runs: inputs tried.
        coverage: branches of the instrumented code that some input took, by libFuzzer's count.
        corpus: inputs kept, each for code or a count that no other one reaches.
        traceback: of the check that failed, as atheris shows it.
        finding: file with the input for which it failed.
    """

    runs: int = 0
    coverage: int = 0
    corpus: int = 0
    traceback: list[str] = field(default_factory=list)
    finding: Path | None = None
    last: deque[str] = field(default_factory=lambda: deque(maxlen=30))

    _STATUS = re.compile(r"#(\d+)\s+\w+\s+cov: (\d+) ft: \d+ corp: (\d+)/")
    _RUNS = re.compile(r"runs (\d+)$|Done (\d+) runs")
    _WRITTEN = re.compile(r"Test unit written to (.+)")
    _FAILED = "=== Uncaught Python exception: ==="

    def hear(self, line: str) -> None:
        """Take in one line."""
        self.last.append(line)
        if match := self._STATUS.match(line):
            runs, self.coverage, self.corpus = map(int, match.groups())
            self.runs = max(self.runs, runs)
        elif match := self._RUNS.match(line):
            self.runs = max(self.runs, int(match[1] or match[2]))
        elif match := self._WRITTEN.search(line):
            self.finding = Path(match[1])
        elif self._FAILED in line or (self.traceback and self.finding is None and not line.startswith("==")):
            self.traceback.append(line)


class Hunt:
    """One running engine. `tidings` is kept up to date by a thread that ends with the process."""

    def __init__(self, target: str, kept: Kept, *, seed: int, seconds: float, runs: int | None) -> None:
        self.target = target
        self.kept = kept
        self.tidings = Tidings()
        bound = [f"-max_total_time={max(1, round(seconds))}"] if runs is None else [f"-runs={runs}"]
        flags = [
            *bound, f"-seed={seed}", f"-max_len={LONGEST_INPUT}", f"-timeout={LONGEST_RUN}", f"-rss_limit_mb={MOST_MEMORY}",
            f"-artifact_prefix={kept.findings}/", str(kept.corpus), str(kept.seeds),
        ]  # fmt: skip
        command = [sys.executable, "-m", "tests.fuzz.engine", target, *flags]
        # One pipe for both: atheris shows the traceback on standard output, libFuzzer all else on standard error.
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONHASHSEED": "0"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout or (),))
        self._reader.start()

    @property
    def running(self) -> bool:
        return self._reader.is_alive()

    def wait(self, seconds: float) -> None:
        """Wait for its end, so long at most."""
        self._reader.join(seconds)

    def found(self) -> bool:
        """Whether it has ended with a finding; any end but the one that was asked for is one."""
        return self._process.wait() != 0

    def stop(self) -> None:
        """Leave nothing behind."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _read(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.tidings.hear(line.rstrip("\n"))
