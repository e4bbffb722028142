import ast
import fcntl
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.sources import ROOT
from tools import setup
from tools.setup import DEVELOPMENT, PARTS, RUNTIME, Environment, Machine, Missing, explain, fetch_parts, missing_is_allowed

BROWSER = "chromium-headless-shell"


class RecordingMachine(Machine):
    """Runs nothing: notes each command, and answers it as `answers` says (by a word of the command; else with success)."""

    def __init__(
        self,
        *,
        is_root: bool = True,
        commands: tuple[str, ...] = ("apt-get",),
        modules: tuple[str, ...] = ("venv", "ensurepip"),
        environ: Mapping[str, str] | None = None,
        answers: Mapping[str, tuple[int, str]] | None = None,
    ) -> None:
        super().__init__()
        self.is_root = is_root
        self.environ = environ or {}
        self.ran: list[str] = []
        self.on_run: Callable[[list[str]], None] = lambda command: None
        self._commands, self._modules, self._answers = commands, modules, answers or {}

    def find(self, command: str) -> str | None:
        return f"/usr/bin/{command}" if command in self._commands else None

    def has_module(self, name: str) -> bool:
        return name in self._modules

    def run(self, command: list[str], **environ: str) -> tuple[int, str]:
        self.ran.append(" ".join([*(f"{name}={value}" for name, value in environ.items()), *command]))
        self.on_run(command)
        if command[1:3] == ["-m", "venv"]:
            make_python(Path(command[3]))
        return next((answer for word, answer in self._answers.items() if word in command), (0, ""))


def make_python(folder: Path) -> None:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to(sys.executable)


def kinds(machine: RecordingMachine) -> list[str]:
    """Shorten what was run to: apt-get update, apt-get install, venv, pip."""
    return [(re.findall(r"\b(update|install)\b", line) if "apt-get" in line else re.findall(r"-m (\w+)", line))[0] for line in machine.ran]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / RUNTIME).write_text("pykka==4.5.0\n")
    (tmp_path / DEVELOPMENT).write_text("pykka==4.5.0\npytest==9.2.0\n")
    return tmp_path


def make(checkout: Path, lock: str = RUNTIME) -> list[str]:
    machine = RecordingMachine()
    Environment(checkout, machine).make(lock)
    return kinds(machine)


def test_the_first_time_makes_a_venv_and_installs_the_lock_into_it(checkout: Path) -> None:
    machine = RecordingMachine()
    Environment(checkout, machine).make(RUNTIME)
    venv, pip = machine.ran
    assert venv.endswith(f"-m venv {checkout}/.venv")
    assert pip.startswith(f"PIP_USER=0 {checkout}/.venv/bin/python -m pip install ")
    assert pip.endswith(f"--require-hashes -r {checkout}/requirements.lock")


def test_the_second_time_does_nothing(checkout: Path) -> None:
    make(checkout)
    assert make(checkout) == []


def test_another_lock_file_makes_it_anew(checkout: Path) -> None:
    make(checkout)
    (checkout / ".venv" / "left-over").touch()
    (checkout / RUNTIME).write_text("pykka==4.6.0\n")
    assert make(checkout) == ["venv", "pip"]
    assert not (checkout / ".venv" / "left-over").exists()


def test_another_python_makes_it_anew(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(checkout)
    monkeypatch.setattr(sys, "version", "3.14.0 (another build)")
    assert make(checkout) == ["venv", "pip"]


def test_the_python_of_an_activated_venv_is_the_one_that_made_it(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(checkout)
    monkeypatch.setattr(sys, "executable", str(checkout / ".venv" / "bin" / "python"))
    assert make(checkout) == []


def test_a_venv_that_is_made_anew_from_within_uses_the_python_behind_it(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(checkout)
    (checkout / RUNTIME).write_text("pykka==4.6.0\n")
    monkeypatch.setattr(sys, "executable", str(checkout / ".venv" / "bin" / "python"))
    machine = RecordingMachine()
    Environment(checkout, machine).make(RUNTIME)
    assert not machine.ran[0].startswith(str(checkout))


def test_a_python_that_was_removed_from_the_system_makes_it_anew(checkout: Path) -> None:
    make(checkout)
    python = checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert make(checkout) == ["venv", "pip"]


def test_the_environment_of_run_grows_into_that_of_test(checkout: Path) -> None:
    make(checkout, RUNTIME)
    assert make(checkout, DEVELOPMENT) == ["pip"]


def test_the_environment_of_test_serves_run_too(checkout: Path) -> None:
    make(checkout, DEVELOPMENT)
    assert make(checkout, RUNTIME) == []


def test_a_new_lock_of_test_removes_what_the_old_one_had(checkout: Path) -> None:
    make(checkout, DEVELOPMENT)
    (checkout / DEVELOPMENT).write_text("pykka==4.5.0\n")
    assert make(checkout, DEVELOPMENT) == ["venv", "pip"]


@pytest.mark.parametrize("step", ["venv", "pip"])
def test_an_interrupted_start_is_made_anew(checkout: Path, step: str) -> None:
    machine = RecordingMachine()

    def interrupt(command: list[str]) -> None:
        if step in command:
            raise KeyboardInterrupt

    machine.on_run = interrupt
    with pytest.raises(KeyboardInterrupt):
        Environment(checkout, machine).make(RUNTIME)
    (checkout / ".venv" / "half").mkdir(parents=True)
    assert make(checkout) == ["venv", "pip"]
    assert not (checkout / ".venv" / "half").exists()


def test_an_interrupted_growth_is_made_anew_for_both(checkout: Path) -> None:
    make(checkout, RUNTIME)
    failing = RecordingMachine(answers={"pip": (1, "Killed")})
    with pytest.raises(Missing):
        Environment(checkout, failing).make(DEVELOPMENT)
    assert make(checkout, RUNTIME) == ["venv", "pip"]


def test_a_venv_that_is_a_link_is_replaced_and_its_target_left_alone(checkout: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (checkout / ".venv").symlink_to(elsewhere)
    make(checkout)
    assert elsewhere.exists()
    assert not (checkout / ".venv").is_symlink()


def test_two_at_once_make_it_once(checkout: Path) -> None:
    first, second = RecordingMachine(), RecordingMachine()
    other = threading.Thread(target=lambda: Environment(checkout, second).make(RUNTIME))
    waits = threading.Event()

    def hold(command: list[str]) -> None:
        if "venv" in command:
            other.start()
            waits.wait(10)

    first.on_run = hold
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setup, "say", lambda line: waits.set() if "waiting for it" in line else None)
        Environment(checkout, first).make(RUNTIME)
        other.join(10)
    assert waits.is_set()
    assert (kinds(first), kinds(second)) == (["venv", "pip"], [])


def test_the_commands_keep_the_lock_when_their_parent_is_killed(checkout: Path) -> None:
    held: list[tuple[int, ...]] = []
    machine = RecordingMachine()
    machine.on_run = lambda command: held.append(machine.inherited)
    Environment(checkout, machine).make(RUNTIME)
    assert [len(files) for files in held] == [1, 1]
    assert machine.inherited == ()


def test_a_command_inherits_the_lock(tmp_path: Path) -> None:
    machine = Machine()
    with (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        machine.inherited = (held.fileno(),)
        code, output = machine.run([sys.executable, "-c", f"import os; print(os.fstat({held.fileno()}).st_ino)"])
    assert (code, int(output)) == (0, (tmp_path / "lock").stat().st_ino)


def test_a_command_shows_its_progress_and_returns_all_it_said(capsys: pytest.CaptureFixture[str]) -> None:
    script = (
        "print('Collecting pykka==4.5.0 (from -r requirements.lock (line 1))'); print('noise ' + __import__('os').environ['WORD']); exit(3)"
    )
    code, output = Machine().run([sys.executable, "-c", script], WORD="here")
    assert capsys.readouterr().out == "  Collecting pykka==4.5.0\n"
    assert (code, output.splitlines()[1]) == (3, "noise here")


def test_root_without_ensurepip_gets_the_debian_package_of_this_very_python(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    machine = RecordingMachine(modules=("venv",))
    Environment(checkout, machine).make(RUNTIME)
    package = "python{}.{}-venv".format(*sys.version_info)
    assert kinds(machine) == ["update", "install", "venv", "pip"]
    assert machine.ran[1].startswith("DEBIAN_FRONTEND=noninteractive apt-get ")
    assert machine.ran[1].endswith(f"install -y --no-install-recommends {package}")
    assert f"comes without venv and ensurepip: installing {package} with apt-get." in capsys.readouterr().out


@pytest.mark.parametrize("machine", [RecordingMachine(is_root=False, modules=()), RecordingMachine(commands=(), modules=())])
def test_who_may_not_install_is_told_what_to_install(checkout: Path, machine: RecordingMachine) -> None:
    package = "python{}.{}-venv".format(*sys.version_info)
    with pytest.raises(Missing, match=f"comes without venv and ensurepip: install it with `sudo apt-get install {package}`"):
        Environment(checkout, machine).make(RUNTIME)
    assert machine.ran == []


def test_apt_that_fails_gives_its_last_words(checkout: Path) -> None:
    machine = RecordingMachine(modules=(), answers={"update": (100, "no"), "install": (100, "E: some\nE: Unable to locate package\n")})
    with pytest.raises(Missing, match=r"apt-get could not install python\S+ \(E: Unable to locate package\)"):
        Environment(checkout, machine).make(RUNTIME)


def test_package_lists_that_cannot_be_renewed_do_not_matter_when_the_package_is_known(checkout: Path) -> None:
    machine = RecordingMachine(modules=(), answers={"update": (100, "one of three sources is away")})
    Environment(checkout, machine).make(RUNTIME)
    assert Environment(checkout, machine).is_made(RUNTIME)


def test_a_venv_that_cannot_be_made_is_told(checkout: Path) -> None:
    machine = RecordingMachine(answers={"venv": (1, "Error: [Errno 28] No space left on device")})
    with pytest.raises(Missing, match="No space left on device"):
        Environment(checkout, machine).make(RUNTIME)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("NewConnectionError: Failed to establish a new connection: [Errno -3] Temporary failure in name resolution", "check the network"),
        ("OSError: [Errno 101] Network is unreachable", "check the network"),
        ("Could not find a version that satisfies the requirement gevent==26.9.0 (from versions: none)", "check the network"),
        ("ReadTimeoutError: Read timed out.", "check the network"),
        ("building 'gevent.libev.corecext'\nerror: command 'gcc' failed: No such file or directory", "build-essential python3-dev"),
        ("ERROR: Failed building wheel for gevent\nReadTimeoutError", "build-essential python3-dev"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "distrust its source"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "free some space"),
    ],
)
def test_a_failure_of_pip_is_one_sentence_with_the_way_out(output: str, reason: str) -> None:
    sentence = explain(output, RUNTIME)
    assert sentence.startswith("Installing requirements.lock failed, ")
    assert reason in sentence
    assert "\n" not in sentence


def test_a_failure_that_nobody_foresaw_keeps_pips_last_words() -> None:
    assert explain("one\nERROR: a new kind of trouble\n", RUNTIME).splitlines()[1] == "ERROR: a new kind of trouble"


def test_absent_parts_are_fetched_for_root() -> None:
    machine = RecordingMachine()
    fetch_parts(machine)
    assert kinds(machine) == ["update", "install"] * len(PARTS)
    assert machine.ran[1].endswith(f" {BROWSER}")


def test_present_parts_are_left_alone() -> None:
    machine = RecordingMachine(commands=("apt-get", *PARTS))
    fetch_parts(machine)
    assert machine.ran == []


def test_a_part_that_cannot_be_fetched_does_not_keep_the_other_tests_from_running(capsys: pytest.CaptureFixture[str]) -> None:
    fetch_parts(RecordingMachine(is_root=False))
    assert f"{BROWSER} (the browsers of the integration tests) is missing: install it with `sudo apt-get" in capsys.readouterr().out


def test_nothing_is_fetched_where_a_missing_part_is_allowed() -> None:
    machine = RecordingMachine(environ={"PSYNC_ALLOW_MISSING": "1"})
    fetch_parts(machine)
    assert machine.ran == []


@pytest.mark.parametrize(
    ("environ", "allowed"),
    [
        ({}, False),
        ({"PSYNC_ALLOW_MISSING": "1"}, True),
        ({"PSYNC_ALLOW_MISSING": "1", "CI": ""}, True),
        ({"PSYNC_ALLOW_MISSING": "0"}, False),
        ({"PSYNC_ALLOW_MISSING": "1", "CI": "true"}, False),
    ],
)
def test_a_missing_part_is_allowed_only_by_1_and_never_in_ci(environ: dict[str, str], allowed: bool) -> None:
    assert missing_is_allowed(environ) is allowed


@pytest.mark.parametrize("arguments", [[], ["serve"], ["test", "-k", "peer"], ["check", "--", "actors"]])
def test_wrong_arguments_show_how_to_use_it(arguments: list[str]) -> None:
    done = subprocess.run([sys.executable, "tools/setup.py", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "python3 tools/setup.py run|test|check|bench|fuzz|soak|contract [-- ARGUMENTS]" in done.stderr


def test_a_python_that_is_too_old_can_read_far_enough_to_say_so() -> None:
    text = (ROOT / "tools" / "setup.py").read_text()
    tree = ast.parse(text, feature_version=(3, 6))
    before = [node for node in tree.body if node.lineno < text[: text.index("sys.version_info <")].count("\n") + 1]
    assert [ast.unparse(node) for node in before[1:]] == ["import sys"]


def test_it_needs_the_standard_library_alone() -> None:
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse((ROOT / "tools" / "setup.py").read_text()))
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", None) or "sys"])
    }
    assert imported <= sys.stdlib_module_names
