"""Fetches and builds what our server is compared with, into a folder that git ignores: by npm, pip and cc, in pinned versions."""

import importlib.metadata
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.sources import ROOT

__all__ = ["Absent", "Scratch"]

SERVERS = ROOT / "tests" / "bench" / "servers"
FETCH_SECONDS = 300

NODE: Mapping[str, str] = {"peer": "1.0.2", "ws": "8.23.0", "y-webrtc": "10.3.0"}
PYTHON: Mapping[str, str] = {"websockets": "17.4", "uvloop": "0.23.0"}


class Absent(Exception):
    """Something that cannot be had here; the text is the sentence that stands where its figures would."""


class Scratch:
    """The folder. Each method makes sure that something is there, once."""

    def __init__(self, folder: Path = ROOT / ".bench") -> None:
        self.folder = folder
        self.folder.mkdir(exist_ok=True)

    def node_modules(self, *names: str) -> Path:
        """The folder with these npm packages.

        Raises:
            Absent: there is no Node or npm, or no registry.

        """
        for command in ("node", "npm"):
            if shutil.which(command) is None:
                raise Absent(f"no {command} here (Debian's package `{'nodejs' if command == 'node' else command}`)")
        modules = self.folder / "node_modules"
        missing = [f"{name}@{NODE[name]}" for name in names if installed(modules / name) != NODE[name]]
        if missing:
            # All in one go: npm removes what it is not told of. Scripts of packages are not run; none of these needs one.
            wanted = [f"{name}@{version}" for name, version in NODE.items()]
            flags = ["--no-package-lock", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]
            self._run(["npm", "install", *flags, "--prefix", str(self.folder), *wanted])
        return modules

    def python_path(self, *names: str) -> Path:
        """The folder with these Python packages.

        Raises:
            Absent: pip cannot reach an index, or has no wheel for this Python.

        """
        target = self.folder / "python"
        there = {found.name: found.version for found in importlib.metadata.distributions(path=[str(target)])}
        missing = [f"{name}=={PYTHON[name]}" for name in names if there.get(name) != PYTHON[name]]
        if missing:
            flags = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--upgrade", "--target", str(target)]
            self._run([sys.executable, "-m", "pip", "install", *flags, *missing])
        return target

    def compiled(self, source: Path) -> Path:
        """The program that a C file is the source of.

        Raises:
            Absent: there is no C compiler.

        """
        program = self.folder / source.stem
        if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
            if shutil.which("cc") is None:
                raise Absent("no C compiler here (Debian's package `gcc`)")
            self._run(["cc", "-O2", "-D_GNU_SOURCE", "-o", str(program), str(source)])
        return program

    def _run(self, command: Sequence[str]) -> None:
        print(f"  {' '.join(Path(word).name if word.startswith('/') else word for word in command)}", flush=True)
        try:
            subprocess.run(command, capture_output=True, text=True, check=True, timeout=FETCH_SECONDS)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            words = str(error.stderr or error.stdout or error).strip().splitlines()
            raise Absent(f"{Path(command[0]).name} could not bring it: {words[-1] if words else 'it said nothing'}") from None


def installed(package: Path) -> str | None:
    """The version of an npm package that is there."""
    try:
        version: str = json.loads((package / "package.json").read_text())["version"]
    except OSError:
        return None
    return version
