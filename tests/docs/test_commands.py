"""Every command that a page shows is tried: here, or by the test that is named, or else it is listed why it cannot be tried on any machine.

What is typed differs from what is shown in ports and paths, and in what makes it short; see `Stage`.
"""

import json
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import IO

import pytest

from tests.docs.shell import Command, commands, unknown_shells
from tests.docs.stage import SMALL, Stage
from tests.integration.client import Client
from tests.integration.line import PATIENCE
from tests.integration.server import quiet_environ
from tests.parts import require_part
from tests.sources import ROOT
from tests.test_docs import README, blocks, section
from tests.test_make import dry_run
from tools.setup import MODULE_OF

COMMANDS = commands()

SYSTEMD = "needs systemd as the first process of the machine; its unit is judged in tests/deploy/test_psync_signal_service.py"
UNTRIED = {
    "make test": "is what runs this test",
    "make bench": "fetches other servers and takes minutes; its parts are tried in tests/bench",
    "make bench ARGS=--quick": "the same",
    "systemctl daemon-reload": SYSTEMD,
    "systemctl enable --now psync-signal": SYSTEMD,
    "systemctl disable --now psync-signal": SYSTEMD,
    "systemctl restart psync-signal": SYSTEMD,
    "systemctl enable --now psync-signal@a": SYSTEMD,
    "systemctl enable --now psync-signal@b": SYSTEMD,
    "systemctl disable --now psync-signal@a": SYSTEMD,
}
"""What cannot be tried, and why."""

HOSTING = next(command.text for command in COMMANDS if command.text.startswith(".venv/bin/python -m gateway keys new"))
TALK = ".venv/bin/python -m websockets ws://127.0.0.1:8080/ws"
ELSEWHERE = {
    "make fuzz": "fuzz/test_fuzz.py: test_a_short_campaign_finds_nothing_and_reaches_the_end_of_every_road",
    "make soak": "soak/test_soak.py: test_a_good_server_passes_a_short_soak",
    'make soak ARGS="--restarts 20"': "soak/test_soak.py: test_restarts_under_load_turn_nobody_away",
    "make contract": "contract/test_asyncapi.py: test_the_file_is_what_make_contract_writes",
    'make test ARGS="tests/bench/test_counts.py -rP"': "bench/test_counts.py: test_a_relay_leaves_nothing_behind",
    "python -m gateway bench": "gateway/bench/test_command.py: test_every_scenario_runs_against_a_server_of_our_own",
    "python -m gateway conformance ws://127.0.0.1:8080/ws": "integration/test_conformance_command.py: test_our_server_keeps_every_row",
    "python -m tests.bench.console": "bench/test_console.py: test_consoles_look_and_what_they_cost_is_told",
    HOSTING: "integration/test_hosting.py: test_a_host_has_two_tenants_apart_in_five_commands",
    TALK: "docs/test_commands.py: test_alice_and_bob_hear_from_each_other_what_the_page_says",
    **dict.fromkeys(
        [command.text for command in COMMANDS if command.text.startswith("install ")],
        "deploy/test_operations.py: test_what_is_installed_is_where_the_unit_looks_for_it_and_secrets_are_for_root_alone",
    ),
}
"""What a test of its own tries, and which."""


# --- Trials ---


def runs(stage: Stage, command: str) -> None:
    """It ends well, and says something."""
    assert stage.run(command)


def measures(stage: Stage, command: str) -> None:
    assert "server us" in stage.run(command, SMALL)


def serves(stage: Stage, command: str) -> None:
    stage.serve(command)


def serves_by_make(stage: Stage, command: str) -> None:
    """Through what tools/setup.py becomes: it would make this very environment anew if another Python were the default here."""
    assert dry_run(command.removeprefix("make ")).endswith("tools/setup.py run --")
    stage.serve(" ".join(["python", "-m", *MODULE_OF["run"]]))


def makes_an_environment(stage: Stage, command: str) -> None:
    stage.run(command, "--without-pip")  # its seconds are pip's, which the next command tries
    assert (stage.folder / ".venv" / "bin" / "python").exists()


def installs(stage: Stage, command: str) -> None:
    """Where all of it is there already, and may come from nowhere."""
    said = stage.run(command, "--no-index --disable-pip-version-check --no-input")
    assert "Requirement already satisfied: gevent==" in said
    assert "Successfully installed" not in said


def asks(stage: Stage, command: str) -> None:
    require_part("curl")
    client = stage.server.connect(Client)
    client.register("alice", "home")
    assert stage.run(command.replace("curl ", "curl --silent --show-error --fail ", 1))
    if "-X DELETE" in command:
        assert client.closed().code == 4410
    stage.server.hang_up()


TRIALS: tuple[tuple[str, Callable[[Stage, str], None]], ...] = (
    (r"make run", serves_by_make),
    (r"(taskset -c 0 )?python -m gateway --config .*", serves),
    (r"python3 -m venv .venv", makes_an_environment),
    (r"\.venv/bin/pip install .*", installs),
    (r"curl .*", asks),
    (r"python -m gateway bench .*", measures),
    (r"(\.venv/bin/)?python -m gateway (check|show)-config.*", runs),
    (r"(cat|awk|python -c) .*", runs),
)


def trial_of(command: str) -> Callable[[Stage, str], None] | None:
    return next((trial for pattern, trial in TRIALS if re.fullmatch(pattern, command)), None)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage(tmp_path_factory.mktemp("checkout"))
    yield made
    made.close()


TRIED = [command for command in COMMANDS if command.text not in UNTRIED | ELSEWHERE]


@pytest.mark.parametrize("command", TRIED, ids=lambda command: command.text)
def test_a_command_that_is_shown_does_its_work(stage: Stage, command: Command) -> None:
    trial = trial_of(command.text)
    assert trial is not None, f"{command.page}: {command.text}: nothing tries it; add a trial, or name the test that does, or say why not"
    trial(stage, command.text)


# --- The lists ---


def test_what_is_listed_is_shown_and_a_test_that_is_named_exists() -> None:
    shown = {command.text for command in COMMANDS}
    assert sorted((UNTRIED | ELSEWHERE).keys() - shown) == []
    assert UNTRIED.keys() & ELSEWHERE.keys() == set()
    for command, named in ELSEWHERE.items():
        path, _, test = named.partition(": ")
        assert f"def {test}(" in (ROOT / "tests" / path).read_text(), command


def test_what_is_not_tried_is_said_why_and_make_knows_its_target() -> None:
    for command, reason in UNTRIED.items():
        assert len(reason.split()) > 1, command
    for command in (command for command in UNTRIED | ELSEWHERE if command.startswith("make ")):
        assert "tools/setup.py" in dry_run(*re.sub(r'"', "", command.removeprefix("make ")).split(" ", 1)), command


def test_blocks_of_commands_are_marked_in_the_two_ways_that_are_read() -> None:
    assert unknown_shells() == []
    assert {command.page for command in COMMANDS} >= {"README.md", "docs/operations.md", "docs/performance.md", "docs/tuning.md"}


def test_a_command_that_nothing_tries_is_found() -> None:
    assert trial_of("rm -r /") is None
    assert trial_of("curl http://127.0.0.1:8081/metrics") is asks


def test_a_command_that_fails_is_found(stage: Stage) -> None:
    with pytest.raises(AssertionError, match=r"conf/none\.toml: No such file"):
        stage.run("cat conf/none.toml | cat")


# --- Alice and Bob ---


class Typist:
    """Types into the program that the page names, and reads what it shows."""

    def __init__(self, port: int, lines: list[str]) -> None:
        program, *arguments = TALK.replace(":8080", f":{port}").split()
        assert program == ".venv/bin/python"
        self.process = subprocess.Popen(
            [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=quiet_environ(), text=True
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._shown: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,))
        self._reader.start()
        self._typed = self.process.stdin
        for line in lines:
            self._typed.write(f"{line}\n")
        self._typed.flush()

    def hears(self, type_: str) -> str:
        """The next message of this type that the program shows."""
        while True:
            match = re.search(r"< (\{.*\})", self._shown.get(timeout=PATIENCE))
            if match and json.loads(match[1])["type"] == type_:
                return match[1]

    def end(self) -> None:
        """Ctrl-D."""
        self._typed.close()
        self.process.wait(PATIENCE)

    def kill(self) -> None:
        """Leave nothing behind."""
        self.process.kill()
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        self._typed.close()

    def _read(self, shown: IO[str]) -> None:
        with shown:
            for line in shown:
                self._shown.put(line)


def test_alice_and_bob_hear_from_each_other_what_the_page_says(stage: Stage) -> None:
    first, second = [block.splitlines() for block in blocks(section(README, "Try it"), "sh")]
    assert first[0] == second[0] == TALK
    alice = Typist(stage.server.port, first[1:])
    bob = None
    try:
        assert json.loads(alice.hears("peer_list"))["payload"] == {"peers": []}
        bob = Typist(stage.server.port, second[1:])
        assert '"id":"alice"' in bob.hears("peer_list")
        assert '"id":"bob"' in alice.hears("peer_joined")
        assert '"source_id":"bob"' in alice.hears("offer")
        bob.end()
        assert '"id":"bob"' in alice.hears("peer_left")
        alice.end()
    finally:
        for typist in (alice, bob):
            if typist is not None:
                typist.kill()
