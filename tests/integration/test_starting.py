"""The start of the server, and what it says instead of starting."""

import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.client import Client
from tests.integration.line import PATIENCE
from tests.integration.server import Server, command, quiet_environ
from tests.sources import ROOT


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end, which for these comes by itself."""
    return subprocess.run(
        command(*arguments), cwd=ROOT, env=quiet_environ(**environ), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


WRONG_FILES = {
    "an unknown key": ("[limits]\nmessage_byte = 1024\n", "limits.message_byte", "Did you mean limits.message_bytes?"),
    "an unknown section": ("[heartbeats]\nping_interval = 5\n", "heartbeats", "Did you mean [heartbeat]?"),
    "a wrong type": ('[server]\nport = "http"\n', "server.port", "expected an integer from 0 to 65535"),
    "out of range": ("[server]\nport = 70000\n", "server.port", "the default is 8080"),
    "a value that is none of the few": ('[group]\non_duplicate = "oldest"\n', "group.on_duplicate", '"challenge", "newest", "reject"'),
    "two values that do not fit": (
        "[heartbeat]\nping_interval = 30\nexpire_after = 10\n",
        "heartbeat.expire_after",
        "Raise heartbeat.expire_after or lower heartbeat.ping_interval",
    ),
    "a certificate without its key": ('[server.tls]\ncert = "/etc/hostname"\n', "server.tls.key", "leave all of [server.tls] out"),
    "a certificate that is not there": (
        '[server.tls]\ncert = "/nonexistent.pem"\nkey = "/nonexistent.pem"\n',
        "server.tls.cert",
        "Name a PEM file that this user may read",
    ),
    "no TOML": ("[server\nport = 1\n", "is not TOML", "line 1"),
}


@pytest.mark.parametrize("case", WRONG_FILES)
def test_a_wrong_file_is_refused_with_the_key_and_how_to_mend_it(tmp_path: Path, case: str) -> None:
    content, key, mend = WRONG_FILES[case]
    path = tmp_path / "wrong.toml"
    path.write_text(content)
    ended = run("--config", str(path))
    assert ended.returncode == 2
    assert key in ended.stderr
    assert mend in ended.stderr
    assert str(path) in ended.stderr or "not set" in ended.stderr
    assert ended.stdout == ""
    assert "listening" not in ended.stderr
    assert "Traceback" not in ended.stderr


WRONG_FLAGS: dict[str, tuple[tuple[str, ...], dict[str, str], str, str]] = {
    "an unknown variable": ((), {"PSYNC_SERVER__PROT": "1"}, "PSYNC_SERVER__PROT", "Did you mean PSYNC_SERVER__PORT?"),
    "a wrong variable": ((), {"PSYNC_SERVER__PORT": "eighty"}, "PSYNC_SERVER__PORT", "expected an integer"),
    "an unknown flag": (("--set", "limits.eror=5"), {}, "limits.eror", "Did you mean limits.errors?"),
    "a wrong flag": (("--port", "-1"), {}, "server.port", "from 0 to 65535"),
    "a file that is not there": (("--config", "nowhere.toml"), {}, "nowhere.toml", "Name a TOML file that exists"),
}


@pytest.mark.parametrize("case", WRONG_FLAGS)
def test_a_wrong_flag_or_variable_is_refused_with_its_name_and_how_to_mend_it(case: str) -> None:
    arguments, environ, name, mend = WRONG_FLAGS[case]
    ended = run(*arguments, **environ)
    assert ended.returncode == 2
    assert name in ended.stderr
    assert mend in ended.stderr
    assert "Traceback" not in ended.stderr


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text("[server]\nport = -1\n[limits]\nerrors = 0\n")
    ended = run("--config", str(path), "--set", "drain.timeout=soon", PSYNC_LOG__LEVEL="loud")
    assert ended.returncode == 2
    assert "4 problems" in ended.stderr
    assert all(key in ended.stderr for key in ("server.port", "limits.errors", "drain.timeout", "log.level"))


def test_files_that_hold_no_certificate_are_refused_with_the_key(tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n")
    ended = run("--port", "0", "--set", f"server.tls.cert={path}", "--set", f"server.tls.key={path}")
    assert ended.returncode == 2
    assert "server.tls.cert" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_that_is_taken_is_told_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run("--port", port)
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr
    assert "server.port" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_address_that_this_machine_does_not_have_is_told_in_a_sentence() -> None:
    ended = run("--host", "192.0.2.123", "--port", "0")
    assert ended.returncode == 1
    assert "cannot listen on 192.0.2.123" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("file", ["conf/dev.toml", "conf/prod.toml"])
def test_the_files_that_come_with_it_are_good(file: str) -> None:
    ended = run("check-config", "--config", file)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert file in ended.stdout


def test_show_config_says_what_holds_and_can_be_read_back(tmp_path: Path) -> None:
    shown = run("show-config", "--config", "conf/prod.toml", "--set", "limits.errors=7", PSYNC_DRAIN__TIMEOUT="3")
    assert shown.returncode == 0
    path = tmp_path / "shown.toml"
    path.write_text(shown.stdout)
    again = run("show-config", "--config", str(path))
    assert again.stdout == shown.stdout
    assert "errors = 7" in shown.stdout
    assert "timeout = 3.0" in shown.stdout


def test_a_wrong_config_is_refused_by_the_other_commands_too() -> None:
    ended = run("show-config", "--set", "server.port=x")
    assert (ended.returncode, ended.stdout) == (2, "")


def test_an_environment_with_settings_for_others_is_left_alone(serve: Callable[..., Server], group: str) -> None:
    ended = run("check-config", PSYNC_SERVER_PORT="tcp://10.0.0.1:80", PSYNC_ALLOW_MISSING="1")
    assert ended.returncode == 0, ended.stderr
    assert serve().connect(Client).register("peer", group) == []
