"""The command line: what it prints, and the exit code of each end. `tests/integration` starts and ends whole servers."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.event import Event

from gateway import cli
from gateway.cli import main
from gateway.config import load, render
from tests.certificates import self_signed
from tests.gateway.quiet_app import NotedLines, QuietApp
from tests.sources import ROOT

pytestmark = pytest.mark.usefixtures("no_settings")

PATIENCE = 2.0
"""Seconds after which a hub that has not been woken gives up."""


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["show-config", *arguments]) == 0
    return tomllib.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command line that is wrong is told."""
    try:
        code = main(arguments)
    except SystemExit as exit_:  # argparse
        code = int(str(exit_.code))
    assert code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


# --- show-config, check-config ---


def test_show_config_is_the_effective_config_as_toml_that_reads_back(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["show-config", "--set", "limits.errors=7"]) == 0
    text = capsys.readouterr().out
    file = tmp_path / "shown.toml"
    file.write_text(text)
    assert render(load(file, {}, {})) == text
    assert load(file, {}, {}).limits.errors == 7


def test_flags_win_over_the_environment_and_that_over_the_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.toml"
    file.write_text("[limits]\nerrors = 1\nheaders = 10\nmailbox = 100\n")
    monkeypatch.setenv("PSYNC_LIMITS__HEADERS", "20")
    monkeypatch.setenv("PSYNC_LIMITS__MAILBOX", "200")
    limits = shown(capsys, "--config", str(file), "--set", "limits.mailbox=300")["limits"]
    assert (limits["errors"], limits["headers"], limits["mailbox"]) == (1, 20, 300)


def test_host_and_port_have_flags_of_their_own_and_set_is_repeatable(capsys: pytest.CaptureFixture[str]) -> None:
    config = shown(capsys, "--host", "::1", "--port", "9000", "--set", "limits.errors=7", "--set", "log.level = debug")
    assert config["server"]["host"] == "::1"
    assert config["server"]["port"] == 9000
    assert config["limits"]["errors"] == 7
    assert config["log"]["level"] == "debug"


def test_a_value_may_hold_equals_signs(capsys: pytest.CaptureFixture[str]) -> None:
    says = refused(capsys, "check-config", "--set", "server.host=a=b")
    assert "'a=b'" in says


def test_check_config_says_that_a_file_is_good(capsys: pytest.CaptureFixture[str]) -> None:
    file = str(ROOT / "conf" / "prod.toml")
    assert main(["check-config", "--config", file]) == 0
    assert capsys.readouterr().out == f"{file}: good\n"


def test_check_config_without_a_file_judges_what_else_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config"]) == 0
    assert capsys.readouterr().out == "the defaults: good\n"


def test_check_config_looks_into_the_files_of_tls(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    good, other = self_signed(tmp_path), self_signed(tmp_path, "other")
    tls = ["--set", f"server.tls.cert={good.cert}", "--set"]
    assert main(["check-config", *tls, f"server.tls.key={good.key}"]) == 0
    capsys.readouterr()
    says = refused(capsys, "check-config", *tls, f"server.tls.key={other.key}")
    assert "server.tls" in says
    assert str(other.key) in says


# --- What is wrong ---


@pytest.mark.parametrize("command", ["serve", "check-config", "show-config", "echo"])
def test_a_wrong_config_is_told_in_full_by_every_command_and_nothing_is_started(capsys: pytest.CaptureFixture[str], command: str) -> None:
    says = refused(capsys, command, "--set", "limits.erors=1", "--port", "http")
    assert "2 problems" in says
    assert "limits.errors" in says
    assert "server.port" in says


@pytest.mark.parametrize("pair", ["limits.errors", "limits.errors:5", "=5", " = 5", ""])
def test_a_set_without_key_and_value_is_told_how_it_goes(capsys: pytest.CaptureFixture[str], pair: str) -> None:
    says = refused(capsys, "--set", pair)
    assert f"{pair!r} is not SECTION.KEY=VALUE, such as limits.errors=50" in says


@pytest.mark.parametrize("arguments", [("start",), ("--prot", "1"), ("--config",)])
def test_a_command_line_that_is_wrong_is_told_the_usage(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    assert "usage: python -m gateway" in refused(capsys, *arguments)


def test_help_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    told = capsys.readouterr().out
    assert all(command in told for command in ("check-config", "show-config", "echo"))


# --- serve, in this process ---


def serve(monkeypatch: pytest.MonkeyPatch, *arguments: str, fails_to: str = "", error: Exception | None = None) -> int:
    app = type("ToldApp", (QuietApp,), {"fails_to": fails_to, "error": error})
    monkeypatch.setattr(cli, "App", app)
    return main(["serve", *arguments])


def test_a_start_is_logged_with_the_address_and_the_connections_that_fit(
    lines: NotedLines, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        assert serve(monkeypatch, "--host", "::1") == 0
    [record] = caplog.records
    assert record.message == "listening on ws://[::1]:4242/ws"
    assert vars(record)["connections"] == 17
    assert lines.notes == ["flush", "close"]


@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize(("host", "shouts"), [("0.0.0.0", 1), ("192.0.2.1", 1), ("127.0.0.1", 0), ("localhost", 0)])  # noqa: S104 - nobody listens
def test_an_address_that_others_reach_is_shouted_about(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, host: str, shouts: int
) -> None:
    assert serve(monkeypatch, "--host", host) == 0
    assert [host in record.message and "OPEN TO EVERYONE" in record.message for record in caplog.records] == [True] * shouts


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(98, "Address already in use"), "Address already in use"),
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (UnicodeError("label empty or too long"), "label empty or too long"),
    ],
)
def test_an_address_that_cannot_be_had_is_exit_code_1_and_a_sentence(
    lines: NotedLines, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception, why: str
) -> None:
    assert serve(monkeypatch, "--port", "9000", fails_to="start", error=error) == 1
    assert [record.message for record in caplog.records] == [
        f"cannot listen on 127.0.0.1:9000: {why}; choose another server.host or server.port"
    ]
    assert lines.notes == ["flush", "close"]


@pytest.mark.parametrize("where", ["build", "run"])
def test_a_fault_of_ours_is_exit_code_70_and_logged(
    lines: NotedLines, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    assert serve(monkeypatch, fails_to=where, error=ZeroDivisionError()) == 70
    assert caplog.records[-1].exc_info is not None
    assert lines.notes == ["flush", "close"]


@pytest.mark.usefixtures("lines")
def test_the_apps_own_exit_code_is_that_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert serve(monkeypatch, fails_to="serve on") == 70


@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_drains_and_the_second_ends_at_once(monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    exits: list[int] = []
    monkeypatch.setattr("os._exit", exits.append)
    log: list[str] = []

    def run(app: QuietApp) -> int:
        signal.raise_signal(number)
        log.append(f"{app.stops} stop, exits: {exits}")
        signal.raise_signal(number)
        log.append(f"exits: {exits}")
        return 0

    monkeypatch.setattr(QuietApp, "run", run)
    assert serve(monkeypatch) == 0
    assert log == ["1 stop, exits: []", "exits: [130]"]


@pytest.mark.usefixtures("lines")
def test_a_signal_while_it_starts_is_kept_for_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuietApp, "start", lambda _app: signal.raise_signal(signal.SIGTERM))
    monkeypatch.setattr(QuietApp, "run", lambda app: app.stops)
    assert serve(monkeypatch) == 1


@pytest.mark.usefixtures("lines")
def test_a_signal_that_the_hub_has_overlooked_ends_its_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_app: QuietApp) -> int:
        polled = Event()
        # Seen by Python before the hub waits, as if in the moment in which the hub does not look: what is left of it is the wake-up.
        signal.raise_signal(signal.SIGTERM)
        check = gevent.get_hub().loop.check()
        check.start(polled.set)
        began = time.monotonic()
        polled.wait(PATIENCE)
        check.close()
        return int(time.monotonic() - began < PATIENCE / 2)

    monkeypatch.setattr(QuietApp, "run", run)
    before = signal.set_wakeup_fd(-1)
    assert serve(monkeypatch) == 1
    assert signal.set_wakeup_fd(before) == -1


# --- keys ---


def test_keys_makes_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "new", "--algorithm", "HS256", "--tenant", "acme"]) == 0
    assert capsys.readouterr().out.startswith("[[tenants.acme.keys]]\n")


# --- Clients of servers ---


@pytest.mark.parametrize("command", ["bench", "conformance", "keeper"])
def test_a_client_of_servers_is_handed_over_to_with_its_own_arguments(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    became: list[list[str]] = []

    def become(path: str, words: list[str]) -> None:
        became.append([path, *words])
        raise SystemExit

    monkeypatch.setattr("os.execv", become)
    with pytest.raises(SystemExit):
        main([command, "relay", "--pairs", "7"])
    assert became == [[sys.executable, sys.executable, "-m", f"gateway.{command}", "relay", "--pairs", "7"]]


@pytest.mark.parametrize("package", ["gateway.bench", "gateway.conformance", "gateway.keeper", "psync_signal"])
def test_a_server_never_loads_its_clients(package: str) -> None:
    program = f"import gateway.cli, sys; sys.exit(any(name.startswith('{package}') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


# --- serve, as a process ---


def test_a_process_serves_until_sigterm_and_then_exits_with_0() -> None:
    command = [sys.executable, "-m", "gateway", "--port", "0", "--set", "log.format=text"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        with contextlib.ExitStack() as ends:
            ends.callback(process.kill)
            assert "listening on ws://127.0.0.1:" in process.stderr.readline()
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
            ends.pop_all()
        assert [line.split()[-1] for line in process.stderr] == ["connections=0", "drained"]
