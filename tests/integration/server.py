"""The real server as a process of its own: on a free port, its log read as it is written, ended by its own handle."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from gateway.config import Config, keys_of
from tests.integration.certificate import Certificate
from tests.integration.client import Client
from tests.integration.line import PATIENCE, Line
from tests.sources import ROOT

__all__ = ["CLOSE_TIMEOUT", "Answer", "Server", "command", "ended_in_order", "is_fault", "quiet_environ"]

CLOSE_TIMEOUT = 0.25
"""Seconds that a client has to let go of the standing servers after a close frame."""

SECRETS = {key.name: key.variable for key in keys_of(Config) if key.is_secret}
"""Settings that the server takes from its environment and never from its flags."""

SomeClient = TypeVar("SomeClient", bound=Client)


def command(*arguments: str, module: str = "gateway") -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def quiet_environ(**more: str) -> dict[str, str]:
    """The environment without the settings of whoever runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PSYNC_")} | more


@dataclass(frozen=True)
class Answer:
    """What came back for one HTTP request; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str


class Server:
    """One run of the server, with the clients that a test has connected to it.

    `application`: what it serves, `serve` or `echo`. `arguments`: its command line, if not that. `module`: what is run, if not the server
    as it is. `environ`: more of its environment.
    """

    def __init__(
        self,
        settings: Mapping[str, object] | None = None,
        *,
        certificate: Certificate | None = None,
        application: str = "serve",
        arguments: Sequence[str] = (),
        module: str = "gateway",
        environ: Mapping[str, str] | None = None,
    ) -> None:
        chosen = {**(settings or {}), **(certificate.settings if certificate else {})}
        flags = [f"--set={key}={value}" for key, value in chosen.items() if key not in SECRETS]
        secrets = {SECRETS[key]: str(value) for key, value in chosen.items() if key in SECRETS}
        self.tls = certificate.trust() if certificate else None
        self._lines: list[str] = []
        self._checked = 0
        self._news = threading.Condition()
        self._log_ended = False
        self._may_read = threading.Lock()
        self._connected: list[Line | Client] = []
        self.process = subprocess.Popen(
            command(*(arguments or (application, "--port", "0", *flags)), module=module),
            cwd=ROOT,
            env=quiet_environ(**(environ or {}), **secrets),
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read_log)
        self._reader.start()
        try:
            self.port = int(self.wait_for_line(r"listening on wss?://127\.0\.0\.1:(\d+)/ws")[1])
        except BaseException:
            self.kill()
            raise

    # --- Clients ---

    def line(self, *, receive_buffer: int | None = None) -> Line:
        """A bare connection, nothing sent. Closed with the others by `hang_up`."""
        line = Line(("127.0.0.1", self.port), self.tls, receive_buffer)
        self._connected.append(line)
        return line

    def connect(self, kind: Callable[[Line, str], SomeClient], path: str = "/ws", *, receive_buffer: int | None = None) -> SomeClient:
        """A client that has shaken hands and has not registered."""
        scheme = "wss" if self.tls else "ws"
        client = kind(self.line(receive_buffer=receive_buffer), f"{scheme}://127.0.0.1:{self.port}{path}")
        self._connected.append(client)
        return client

    def hang_up(self) -> None:
        """Close what is still connected."""
        while self._connected:
            self._connected.pop().close()

    def operate(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """One request to the operator's listener (`operator.listen`)."""
        port = int(self.wait_for_line(r"operators are served on http://127\.0\.0\.1:(\d+)")[1])
        return _answer_of(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE), method, path, headers)

    def request(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """One plain HTTP request."""
        connection = (
            http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE, context=self.tls)
            if self.tls
            else http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        )
        return _answer_of(connection, method, path, headers)

    def wait_for_connections(self, count: int, within: float = PATIENCE) -> None:
        """Wait until the server has so many clients, by its own account."""
        deadline = time.monotonic() + within
        while (there := json.loads(self.request("GET", "/ready").body)["connections"]) != count:
            assert time.monotonic() < deadline, f"{there} connections after {within} s, expected {count}"

    # --- The process ---

    def descriptors(self) -> int:
        """Open files of the process, sockets included."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def wait_for_descriptors(self, count: int) -> None:
        """Wait until the process has so many open files: under TLS it lets go of a socket a moment after its client."""
        deadline = time.monotonic() + PATIENCE
        while (there := self.descriptors()) != count:
            assert time.monotonic() < deadline, f"{there} open files, expected {count}"

    def resident_kib(self, *, peak: bool = False) -> int:
        """Memory of the process; by `peak` the most that it ever had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:" if peak else "VmRSS:")[2].split()[0])

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def exit_code(self, within: float = PATIENCE) -> int:
        """Wait for the end of the process, and of its log."""
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the server has not ended within {within} s; its log:\n{self.log()}") from None
        self._reader.join(PATIENCE)
        return code

    def stop(self) -> None:
        """End it, if it runs, as an operator would; fail unless it goes in order."""
        self.hang_up()
        if self.process.poll() is None:
            self.signal()
            assert self.exit_code() == 0, self.log()

    def kill(self) -> None:
        """Leave nothing behind."""
        self.hang_up()
        self.process.kill()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stderr is not None
        self.process.stderr.close()

    # --- Its own account ---

    def state(self) -> dict[str, Any]:
        """What there is of everything, as it says when it is asked (SIGUSR1)."""
        since = len(self._lines)
        self.signal(signal.SIGUSR1)
        state: dict[str, Any] = json.loads(self.wait_for_line(r'"message": "state"', since).string)
        return state

    def count(self, metric: str, label: str = "") -> int:
        """One count of one metric; of a label that was never counted it is 0."""
        return int(self.state()["counts"][metric].get(label, 0))

    # --- The log ---

    def log(self) -> str:
        return "".join(self._lines)

    def lines(self, since: int = 0) -> list[str]:
        """The lines of the log from this one on."""
        return self._lines[since:]

    def wait_for_line(self, pattern: str, since: int = 0) -> re.Match[str]:
        """The first line of the log, from line `since` on, that fits, as soon as it is written."""
        deadline = time.monotonic() + PATIENCE
        with self._news:
            while True:
                for line in self._lines[since:]:
                    if match := re.search(pattern, line):
                        return match
                since = len(self._lines)
                left = deadline - time.monotonic()
                if self._log_ended or left <= 0:
                    raise AssertionError(f"no line of the log fits {pattern!r}:\n{self.log()}")
                self._news.wait(left)

    @contextmanager
    def unread_log(self) -> Iterator[None]:
        """Nobody reads the log meanwhile, as when its collector hangs; what its pipe holds is for the server to fill."""
        with self._may_read:
            yield

    def check(self) -> None:
        """Fail if the log tells of anything that went wrong in the server itself since the last check."""
        faults = self.faults()
        assert not faults, f"the server's log tells of {len(faults)} faults:\n{''.join(faults)}"

    def faults(self) -> list[str]:
        """What the log tells of faults in the server since the last check; whoever takes them has to judge them."""
        news, self._checked = self._lines[self._checked :], len(self._lines)
        return [line for line in news if is_fault(line)]

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._may_read, self._news:
                self._lines.append(line)
                self._news.notify_all()
        with self._news:
            self._log_ended = True
            self._news.notify_all()


def _answer_of(connection: http.client.HTTPConnection, method: str, path: str, headers: Mapping[str, str] | None) -> Answer:
    try:
        connection.request(method, path, headers=dict(headers or {}))
        response = connection.getresponse()
        heads = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, heads, response.read().decode())
    finally:
        connection.close()


def is_fault(line: str) -> bool:
    """Whether a line of the log is none (Python's own words about an error), or tells of an error.

    That it was kept waiting is none, nor is what only `debug` tells: clients that break off are no fault of the server's.
    """
    try:
        told = json.loads(line)
    except ValueError:
        return True
    if told["logger"] == "gateway.pulse" or told["level"] == "debug":
        return False  # the machine has other things to do, too
    return told["level"] in {"error", "critical"} or "exception" in told or "failed" in told["message"] or "lost" in told["message"]


@contextmanager
def ended_in_order() -> Iterator[list[Server]]:
    """Takes servers as they are started; ends them, and fails if that does not go in order."""
    started: list[Server] = []
    try:
        yield started
        for server in started:
            server.stop()
            server.check()
    finally:
        for server in started:
            server.kill()
