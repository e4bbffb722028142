"""Makes `.venv` from a lock file, then runs in it: `python3 tools/setup.py run|test|check|bench|fuzz|soak|contract [-- ARGUMENTS]`.

run       serves conf/dev.toml (python -m gateway); ARGUMENTS go to the server
test      fetches the real parts that tests need and are absent, where it may; then pytest with ARGUMENTS
check     format, lint, types and import rules, all of them even when one fails
bench     measures side by side with other servers, which it fetches itself (python -m tests.bench with ARGUMENTS)
fuzz      ten minutes of bytes that nobody would send to what reads them (python -m tests.fuzz with ARGUMENTS)
soak      ten minutes of clients that come, go and misbehave (python -m tests.soak with ARGUMENTS)
contract  writes docs/asyncapi.yaml anew from the code (python -m tests.contract.asyncapi)

It needs the standard library alone, on Linux. What it lacks and cannot fetch is one sentence on standard error and exit code 1.
Done once, it only compares a stamp (50 ms, Python's own start included); the stamp is written last, so a half-made `.venv` is made anew.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python reads this far, and this is where it is told so
    sys.exit(
        "PSync Signal needs Python 3.11 or newer, this is {}.{}: name another, `make run PYTHON=python3.12`.".format(*sys.version_info)
    )

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = "requirements.lock"
DEVELOPMENT = "requirements-dev.lock"  # contains RUNTIME. `make run` is better off without it: 46 instead of 290 MB, 4 instead of 17 s
LOCK_OF = {"run": RUNTIME} | dict.fromkeys(("test", "check", "bench", "fuzz", "soak", "contract"), DEVELOPMENT)
MODULE_OF = {
    "run": ("gateway", "--config", "conf/dev.toml"),
    "test": ("pytest",),
    "bench": ("tests.bench",),
    "fuzz": ("tests.fuzz",),
    "soak": ("tests.soak",),
    "contract": ("tests.contract.asyncapi",),
}
CHECKS = (
    ("ruff", "format", "--check", "."),
    ("ruff", "check", "."),
    ("mypy",),
    ("pytest", "-q", "tests/test_imports.py", "tests/test_house.py"),
)


class Part(NamedTuple):
    """A program that tests run for real and pip cannot bring."""

    command: str  # looked up on PATH
    package: str  # Debian's name
    use: str


PARTS = {
    "chromium-headless-shell": Part("chromium-headless-shell", "chromium-headless-shell", "the browsers of the integration tests"),
    "strace": Part("strace", "strace", "the count of system calls"),
    "haproxy": Part("haproxy", "haproxy", "the proxy in front of a server under test"),
    "turnserver": Part("turnserver", "coturn", "the TURN server that takes the credentials of a server under test"),
    "nginx": Part("nginx", "nginx", "the proxy of conf/deploy/nginx.conf"),
    "caddy": Part("caddy", "caddy", "the proxy of conf/deploy/Caddyfile"),
    "promtool": Part("promtool", "prometheus", "judges the rules of conf/deploy"),
    "systemd-analyze": Part("systemd-analyze", "systemd", "judges the unit of conf/deploy"),
    "curl": Part("curl", "curl", "what the pages have operators type"),
    "faketime": Part("faketime", "faketime", "sets the time of day of a server under test"),
}


class Missing(Exception):
    """Something that set-up cannot supply; its text is the one sentence that says what, and how to mend it."""


class Machine:
    """What set-up asks of the machine it runs on."""

    def __init__(self) -> None:
        self.is_root = os.geteuid() == 0
        self.environ: Mapping[str, str] = os.environ
        self.inherited: tuple[int, ...] = ()

    def find(self, command: str) -> str | None:
        """Return the path of a command on PATH."""
        return shutil.which(command)

    def has_module(self, name: str) -> bool:
        """Whether this Python comes with a module; Debian packs some apart."""
        importlib.invalidate_caches()
        return importlib.util.find_spec(name) is not None

    def run(self, command: list[str], **environ: str) -> tuple[int, str]:
        """Run a command, show its progress; return its exit code and all of its output."""
        output = []
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**self.environ, **environ},
            pass_fds=self.inherited,
            text=True,
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                output.append(line)
                if line.startswith(("Collecting ", "Installing collected", "Get:", "Setting up ")):
                    say("  " + line.strip().partition(" (from ")[0][:120])
        return process.returncode, "".join(output)


def say(line: str) -> None:
    """Tell the person who waits, at once."""
    print(line, flush=True)


def install(machine: Machine, package: str, lack: str) -> None:
    """Install a Debian package when that is allowed: as root, where there is apt-get.

    Raises:
        Missing: it is not allowed, or it failed; starts with `lack`.
    """
    advice = f"install it with `sudo apt-get install {package}` (Debian's name), then run this again."
    if not machine.is_root or machine.find("apt-get") is None:
        raise Missing(f"{lack}: {advice}")
    say(f"{lack}: installing {package} with apt-get.")
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"]
    machine.run([*apt, "update"])  # fails as a whole when one of many sources does; the install shows whether that matters
    code, output = machine.run([*apt, "install", "-y", "--no-install-recommends", package], DEBIAN_FRONTEND="noninteractive")
    if code != 0:
        raise Missing(f"{lack}, and apt-get could not install {package} ({last_line(output)}): mend that, or {advice}")


def last_line(output: str) -> str:
    """Return what a failed command said last: mostly the reason."""
    return (output.strip().splitlines() or ["it said nothing"])[-1]


def absence(part: Part) -> str:
    """Begin the sentence that tells of a missing part, here and in its tests."""
    return f"{part.command} ({part.use}) is missing"


def fetch_parts(machine: Machine) -> None:
    """Install the absent parts. One that cannot be had is only told here: its own tests fail, and the others run."""
    if missing_is_allowed(machine.environ):
        return
    for part in PARTS.values():
        if machine.find(part.command) is None:
            try:
                install(machine, part.package, absence(part))
            except Missing as missing:
                say(str(missing))


def missing_is_allowed(environ: Mapping[str, str]) -> bool:
    """Whether a test may be skipped for want of its part. Never in CI: there, a skipped test is one that nobody runs."""
    return environ.get("PSYNC_ALLOW_MISSING") == "1" and not environ.get("CI")


class Environment:
    """`.venv` of a checkout, and the stamps in it that say which lock file it was made from, by which Python."""

    def __init__(self, root: Path, machine: Machine) -> None:
        self.root = root
        self.machine = machine
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        # Behind all links, and found before anything is removed: where `.venv` is activated, its own python runs this.
        self.maker = os.path.realpath(sys.executable)

    def is_made(self, lock: str) -> bool:
        """Whether nothing is left to do: made whole, from this very lock file, by this very Python, on this kind of machine."""
        return self._stamp(lock) == self._fingerprint(lock) and os.access(self.python, os.X_OK)

    def make(self, lock: str) -> None:
        """Make it hold what `lock` names, unless it does already.

        Raises:
            Missing: Python's venv, the network, a compiler, disk space ...
        """
        if self.is_made(lock):
            return
        with self._alone():
            if not self.is_made(lock):  # the process that we waited for may have made it
                self._make(lock)

    def _make(self, lock: str) -> None:
        can_grow = self.is_made(RUNTIME) and self._stamp(lock) is None
        for name in (RUNTIME, DEVELOPMENT):
            self._stamp_path(name).unlink(missing_ok=True)
        if not can_grow:
            self._create()
        self._install(lock)
        for name in {RUNTIME, lock}:
            self._write_stamp(name)

    def _create(self) -> None:
        version = "{}.{}".format(*sys.version_info)
        if not (self.machine.has_module("venv") and self.machine.has_module("ensurepip")):
            install(self.machine, f"python{version}-venv", f"Python {version} comes without venv and ensurepip")
        say(f"Making .venv with Python {version}")
        if self.folder.is_symlink():
            self.folder.unlink()
        elif self.folder.exists():
            shutil.rmtree(self.folder)
        code, output = self.machine.run([self.maker, "-m", "venv", str(self.folder)])
        if code != 0:
            raise Missing(f"`python -m venv` failed ({last_line(output)}): mend that, then run this again.")

    def _install(self, lock: str) -> None:
        say(f"Installing {lock}")
        pip = [str(self.python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
        # PIP_USER=0: a user's pip.conf with `user = true` would refuse to install into any venv.
        code, output = self.machine.run([*pip, "--require-hashes", "-r", str(self.root / lock)], PIP_USER="0")
        if code != 0:
            raise Missing(explain(output, lock))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other processes out of `.venv`. The commands inherit the lock, so it outlives a killed parent for as long as they write."""
        with (self.root / ".venv.lock").open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Another process is making .venv: waiting for it.")
                fcntl.flock(held, fcntl.LOCK_EX)
            self.machine.inherited = (held.fileno(),)
            try:
                yield
            finally:
                self.machine.inherited = ()

    def _fingerprint(self, lock: str) -> str:
        made_by = f"{sys.version} {os.uname().machine} {self.maker}".encode()
        return hashlib.sha256((self.root / lock).read_bytes() + made_by).hexdigest()

    def _stamp_path(self, lock: str) -> Path:
        return self.folder / f"{lock}.stamp"

    def _stamp(self, lock: str) -> str | None:
        try:
            return self._stamp_path(lock).read_text()
        except OSError:
            return None

    def _write_stamp(self, lock: str) -> None:
        draft = self.folder / "stamp.draft"
        draft.write_text(self._fingerprint(lock))
        draft.replace(self._stamp_path(lock))


PIP_FAILURES = {
    r"DO NOT MATCH THE HASHES": "a downloaded package is not the one that the lock names: try again, or distrust its source",
    r"No space left on device": "the disk is full: free some space",
    r"error: command '.*' failed|Python\.h: No such file|Failed building wheel|Failed to build": (
        "a package has no ready-made wheel for this Python and machine, and building it failed: use a released Python from 3.11 on, "
        "or `sudo apt-get install build-essential python3-dev`"
    ),
    r"name resolution|unreachable|[Tt]imed out|Connection (refused|reset|aborted)|ProxyError|SSLError|from versions: none": (
        "pip cannot reach a package index that has it: check the network, its certificates and pip's settings (`pip config list`)"
    ),
}


def explain(output: str, lock: str) -> str:
    """Say in one sentence why pip failed; where the reason is unknown, pip's last words come first."""
    for pattern, reason in PIP_FAILURES.items():
        if re.search(pattern, output):
            return f"Installing {lock} failed, {reason}."
    tail = output.strip().splitlines()[-12:]
    return "\n".join([*tail, f"Installing {lock} failed for the reason that pip gives above: mend that, then run this again."])


def check(python: Path) -> int:
    """Run all checks, also after one has failed; return how many failed."""
    failed = []
    for command in CHECKS:
        say(f"== {' '.join(command)}")
        if subprocess.run([str(python), "-m", *command], check=False).returncode != 0:
            failed.append(" ".join(command[:2]))
    say(f"check failed: {', '.join(failed)}" if failed else "check passed")
    return len(failed)


def main(arguments: list[str]) -> None:
    """Make ready, then become the command.

    Raises:
        Missing: as `Environment.make`.
        SystemExit: `check` is done, or the arguments are wrong.
    """
    command, *rest = arguments or [""]
    if command not in LOCK_OF or rest[:1] not in ([], ["--"]) or (command == "check" and rest[1:]):
        sys.exit(__doc__)
    machine = Machine()
    environment = Environment(ROOT, machine)
    environment.make(LOCK_OF[command])
    os.chdir(ROOT)
    if command == "check":
        sys.exit(check(environment.python))
    if command == "test":
        fetch_parts(machine)
    # exec: there is no parent in between that a signal could miss.
    os.execv(environment.python, [str(environment.python), "-m", *MODULE_OF[command], *rest[1:]])


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Missing as missing:
        sys.exit(str(missing))
    except OSError as error:  # a folder of another user, a full disk, a lock file that is not there
        sys.exit(f"Set-up stopped at {error}: mend that, then run this again.")
    except KeyboardInterrupt:
        sys.exit("Interrupted; the next run starts where it is safe.")
