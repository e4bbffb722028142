"""Files with secrets that others may read are told of, and no secret is told."""

import logging
from pathlib import Path

import pytest

from gateway.config import load
from gateway.exposure import is_exposed, warn_of_exposed

KEY = "0123456789abcdef" * 4
TENANT = f'[[keys]]\nkid = "k"\nalgorithm = "HS256"\nsecret = "{KEY}"\n'
TURN = f'[ice]\nturn_urls = ["turn:turn.example.org"]\nsecret = "{KEY}"\n'
STUN = '[ice]\nservers = [{urls = ["stun:stun.example.org"]}]\n'
OPERATOR = f'[operator]\nlisten = "127.0.0.1:0"\ntoken = "{KEY}"\n'
CREDENTIAL = f'[[ice.servers]]\nurls = ["turn:turn.example.org"]\nusername = "u"\ncredential = "{KEY}"\n'


def warned(file: Path, caplog: pytest.LogCaptureFixture, environ: dict[str, str] | None = None) -> list[str]:
    """The warnings for a configuration in this file."""
    with caplog.at_level(logging.WARNING, "gateway.exposure"):
        warn_of_exposed(load(file, environ or {}, {}))
    assert KEY not in caplog.text
    return caplog.messages


@pytest.mark.parametrize(("mode", "exposed"), [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1), (0o622, 0)])
def test_a_file_is_exposed_when_others_may_read_it(mode: int, exposed: int, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    file.chmod(mode)
    assert is_exposed(str(file)) == bool(exposed)


def test_a_file_that_is_gone_exposes_nothing(tmp_path: Path) -> None:
    assert not is_exposed(str(tmp_path / "gone"))


@pytest.mark.parametrize("text", [TURN, OPERATOR, CREDENTIAL])
def test_a_config_with_a_secret_that_others_may_read_is_warned_of_by_its_name(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "psync.toml"
    file.write_text(text)
    file.chmod(0o600)
    assert warned(file, caplog) == []
    file.chmod(0o644)
    [message] = warned(file, caplog)
    assert message.endswith(f"chmod 600 {file}")


def test_each_file_of_a_tenant_is_judged_by_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "tenants"
    folder.mkdir()
    for name, mode in (("acme", 0o600), ("other", 0o644)):
        (folder / f"{name}.toml").write_text(TENANT)
        (folder / f"{name}.toml").chmod(mode)
    file = tmp_path / "psync.toml"
    file.write_text(f'[server]\ntenants_dir = "{folder}"\n')
    file.chmod(0o644)
    [message] = warned(file, caplog)
    assert message.endswith(f"chmod 600 {folder / 'other.toml'}")


@pytest.mark.parametrize("text", ["", STUN, '[operator]\ntoken = ""\n'])
def test_without_a_secret_anybody_may_read_it(text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "psync.toml"
    file.write_text(text)
    file.chmod(0o644)
    assert warned(file, caplog, {"PSYNC_OPERATOR__TOKEN": KEY}) == []


def test_a_file_that_holds_the_secret_of_turn_servers_is_judged_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret, file = tmp_path / "turn.secret", tmp_path / "psync.toml"
    secret.write_text(KEY)
    secret.chmod(0o644)
    file.write_text(f'[ice]\nturn_urls = ["turn:turn.example.org"]\nsecret_file = "{secret}"\n')
    [message] = warned(file, caplog)
    assert message.endswith(f"chmod 600 {secret}")
