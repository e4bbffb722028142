"""The command `echo`: what it serves, with which limits, and what it says."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from gateway import cli
from gateway.cli import main
from gateway.config import Config, Limits
from tests.gateway.quiet_app import QuietApp

pytestmark = pytest.mark.usefixtures("no_settings", "lines")


class QuietEcho(QuietApp):
    """Stands for the echo application, and keeps what it was given."""

    given: ClassVar[list[Config]] = []
    risk = "see their echo"

    def __init__(self, config: Config, tls: object, alarm: object, read: object, notify: object) -> None:
        super().__init__(config, tls, alarm, read, notify)
        self.given.append(config)


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Limits]:
    monkeypatch.setattr(QuietEcho, "given", [])
    monkeypatch.setattr(cli, "EchoApp", QuietEcho)

    def limits(*arguments: str) -> Limits:
        """What the echo application is served with."""
        assert main(["echo", *arguments]) == 0
        return QuietEcho.given.pop().limits

    return limits


def test_echo_serves_the_echo_application_with_room_and_what_is_set_wins(
    echo: Callable[..., Limits], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.toml"
    file.write_text("[limits]\nfragments = 7\n")
    monkeypatch.setenv("PSYNC_LIMITS__SEND_BUFFER_BYTES", "65536")
    limits = echo("--config", str(file), "--set", "limits.errors=5", "--host", "::1")
    assert (limits.message_bytes, limits.fragments, limits.send_buffer_bytes, limits.errors) == (16 * 2**20, 7, 65_536, 5)


def test_nothing_but_echo_serves_the_echo_application(monkeypatch: pytest.MonkeyPatch, echo: Callable[..., Limits]) -> None:
    monkeypatch.setattr(cli, "App", QuietApp)
    assert main(["serve"]) == 0
    assert QuietEcho.given == []
    assert echo().message_bytes > Config().limits.message_bytes


def test_an_echo_that_others_reach_is_shouted_about_in_its_own_words(echo: Callable[..., Limits], caplog: pytest.LogCaptureFixture) -> None:
    echo("--host", "192.0.2.1")
    assert [record.message.rpartition(". ")[2] for record in caplog.records] == ["Anyone who reaches it see their echo"]
    assert "OPEN TO EVERYONE: 192.0.2.1" in caplog.text
