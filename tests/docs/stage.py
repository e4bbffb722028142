"""Where the commands of the pages are tried: a server that runs, a folder that looks like a checkout, and the programs of this one."""

import os
import subprocess
import sys
from pathlib import Path

from gateway.bench.target import OWN_SETTINGS
from tests.integration.line import PATIENCE
from tests.integration.server import Server, quiet_environ
from tests.sources import ROOT

__all__ = ["Stage"]

SMALL = "--pairs 2 --members 4 --connections 10 --rate 100 --seconds 1 --size 300 --window 1"
"""What makes a run of the load generator short; of an option that is given twice the last one counts."""


class Stage:
    """One server, reached at other ports than the pages say, and a `folder` to type commands in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("conf", "requirements.lock"):
            (folder / name).symlink_to(ROOT / name)
        for name in ("python", "python3"):
            program = folder / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')  # a link would be a Python without what is installed here
            program.chmod(0o755)
        # With those limits raised that one client of the load generator would meet, as the page says that it would.
        self.server = Server({**OWN_SETTINGS, "operator.listen": "127.0.0.1:0"})
        operator = self.server.wait_for_line(r"operators are served on http://127\.0\.0\.1:(\d+)")[1]
        self._here = {
            "127.0.0.1:8080": f"127.0.0.1:{self.server.port}",
            "127.0.0.1:8081": f"127.0.0.1:{operator}",
            "4242": str(self.server.process.pid),
            "/etc/psync-signal/prod.toml": "conf/prod.toml",
            ".venv/bin/python ": f"{sys.executable} ",
            ".venv/bin/pip ": f"{sys.executable} -m pip ",
            "taskset -c 0 ": f"taskset -c {min(os.sched_getaffinity(0))} ",
        }

    def run(self, command: str, more: str = "") -> str:
        """Type a command, with `more` behind it, into bash; returns what it says, and fails if it does not end well."""
        with self._typed(f"{command} {more}") as process:
            try:
                said, wrong = process.communicate(timeout=3 * PATIENCE)
            finally:
                process.kill()
        assert process.returncode == 0, f"{command} {more}\n{said}{wrong}"
        return said

    def serve(self, command: str) -> None:
        """Type a command that serves, on ports of its own; wait until it listens, and end it with SIGTERM, in order."""
        with self._typed(f"exec {command} --port 0 --set operator.listen=") as process:
            try:
                assert process.stderr is not None
                assert any("listening on ws://" in line for line in process.stderr), "it has ended"
                process.terminate()
                said, wrong = process.communicate(timeout=PATIENCE)
            finally:
                process.kill()
        assert process.returncode == 0, f"{command}\n{said}{wrong}"

    def _typed(self, command: str) -> "subprocess.Popen[str]":
        for shown, here in self._here.items():
            command = command.replace(shown, here)
        return subprocess.Popen(
            ["/bin/bash", "-o", "pipefail", "-c", command],
            cwd=self.folder,
            env=quiet_environ(PYTHONPATH=str(ROOT), PATH=f"{self.folder}/bin:{os.environ['PATH']}"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """End the server."""
        try:
            self.server.stop()
            self.server.check()
        finally:
            self.server.kill()
