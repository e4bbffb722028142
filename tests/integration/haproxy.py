"""HAProxy in front of a server: one run of it, with its own configuration, ended by its own handle."""

import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from tests.integration.client import Client
from tests.integration.line import PATIENCE, Line
from tests.integration.server import quiet_environ

__all__ = ["Haproxy"]

_CONFIG = """\
global
    maxconn 100
    log stdout format raw local0
defaults
    log global
    timeout connect 5s
    timeout client 30s
    timeout server 30s
    timeout tunnel 30s
frontend front
    mode {mode}
    bind fd@{listener}
    default_backend back
backend back
    mode {mode}
    {backend}
    server signal 127.0.0.1:{behind} {words}
"""


class Haproxy:
    """Listens on `port` and passes on to the port `behind` it. `backend` and `words` go into its configuration.

    It connects from an address of its own, `SOURCE`, so that it and its clients can be told apart on one machine.
    """

    SOURCE = "127.0.0.9"

    def __init__(self, program: Path, folder: Path, *, mode: str, behind: int, backend: str, words: str = "") -> None:
        self._lines: list[Line] = []
        config, self._log = folder / "haproxy.cfg", folder / "haproxy.log"
        # It inherits a socket that listens already: whoever connects before it is there waits in the kernel, and nobody has to ask.
        with socket.create_server(("127.0.0.1", 0)) as listener, self._log.open("wb") as log:
            self.port = int(listener.getsockname()[1])
            words = f"source {self.SOURCE} {words}"
            config.write_text(_CONFIG.format(mode=mode, listener=listener.fileno(), behind=behind, backend=backend, words=words))
            command = [str(program), "-db", "-f", str(config)]
            self._process = subprocess.Popen(
                command, env=quiet_environ(), stdout=log, stderr=subprocess.STDOUT, pass_fds=[listener.fileno()]
            )

    def line(self) -> Line:
        """A bare connection through it."""
        self._lines.append(Line(("127.0.0.1", self.port)))
        return self._lines[-1]

    def connect(self) -> Client:
        """A client that has shaken hands through it."""
        return Client(self.line(), f"ws://127.0.0.1:{self.port}/ws")

    def wait_for_log(self, text: str) -> None:
        """Wait until it has written this."""
        deadline = time.monotonic() + PATIENCE
        while text not in (log := self._log.read_text()):
            assert time.monotonic() < deadline, log
            assert self._process.poll() is None, log
            time.sleep(0.01)  # a file tells nobody that it grows

    def stop(self) -> None:
        """Let the clients go in order, and end once the server behind has let go of them, too; leave nothing behind."""
        for line in self._lines:
            with suppress(OSError):  # one that the server has ended
                line.finish()
                while line.receive():
                    pass
            line.close()
        self._process.send_signal(signal.SIGUSR1)
        try:
            self._process.wait(PATIENCE)
        finally:
            self._process.kill()
            self._process.wait(PATIENCE)
