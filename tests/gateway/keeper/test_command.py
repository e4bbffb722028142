import re
import signal
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from gateway.keeper.command import main
from tests.certificates import self_signed
from tests.integration.line import PATIENCE
from tests.integration.server import Server, command, quiet_environ
from tests.sources import ROOT

HERE = ["--upstream", "ws://127.0.0.1:9/ws"]
THERE = ["--upstream", "wss://signal.example.org/t/acme/ws"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--upstream"),
        (["--upstream", "https://example.org"], "--upstream: give a ws:// or wss:// address"),
        ([*HERE, "--listen", "8080"], "--listen 8080: give HOST:PORT"),
        ([*HERE, "--listen", "127.0.0.1:70000"], "--listen 127.0.0.1:70000: give HOST:PORT"),
        ([*HERE, "--listen", "0.0.0.0:8080"], "0.0.0.0 is not on loopback, and whoever reaches it has the token; add --remote"),
        ([*HERE, "--listen", "[::]:8080"], ":: is not on loopback"),
        ([*HERE, "--connections", "0"], "--connections 0: choose 1 to 1000"),
        ([*HERE, "--connections", "1001"], "--connections 1001: choose 1 to 1000"),
        ([*HERE, "--token-file", "none"], "token file none: No such file"),
        ([*HERE, "--ca", "none"], "--ca: there are no certificates over ws://"),
        ([*THERE, "--ca", "none"], "--ca none: No such file"),
        (
            ["--upstream", "ws://signal.example.org/ws", "--token-file", "none"],
            "everyone on the way to signal.example.org can read the token",
        ),
    ],
)
def test_what_is_wrong_with_the_command_line_is_said(capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert says in " ".join(capsys.readouterr().err.split())


def test_a_file_that_holds_no_certificate_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    key = self_signed(tmp_path).key
    with pytest.raises(SystemExit):
        main([*THERE, "--ca", str(key)])
    assert f"--ca {key}: " in capsys.readouterr().err


def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = command("keeper", *HERE, "--listen", f"127.0.0.1:{port}")
        ended = subprocess.run(words, cwd=ROOT, env=quiet_environ(), capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert re.search(rf"cannot listen on 127\.0\.0\.1:{port}: .*address already in use.*; choose another --listen", line)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order(number: signal.Signals) -> None:
    keeper = Server(arguments=["keeper", *HERE, "--listen", "127.0.0.1:0"])
    try:
        keeper.signal(number)
        assert keeper.exit_code() == 0
        keeper.check()
    finally:
        keeper.kill()


def test_an_authority_of_ones_own_is_trusted(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    assert isinstance(ssl.create_default_context(cafile=str(certificate.cert)), ssl.SSLContext)
    keeper = Server(arguments=["keeper", *THERE, "--ca", str(certificate.cert), "--listen", "127.0.0.1:0"])
    try:
        keeper.stop()
    finally:
        keeper.kill()
