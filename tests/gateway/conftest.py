"""Fixtures of the tests of the public port and of the command line."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway import cli
from tests.gateway.door import Door
from tests.gateway.quiet_app import NotedLines


@pytest.fixture
def doors() -> Iterator[Callable[..., Door]]:
    made: list[Door] = []

    def make(**rules: Any) -> Door:  # noqa: ANN401 - those of Door
        made.append(Door(**rules))
        return made[-1]

    yield make
    for door in made:
        door.close()


@pytest.fixture
def door(doors: Callable[..., Door]) -> Door:
    return doors()


@pytest.fixture
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment without the settings of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith("PSYNC_"):
            monkeypatch.delenv(name)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[NotedLines]:
    noted = NotedLines()
    monkeypatch.setattr(cli, "configure", lambda _log: noted)
    monkeypatch.setattr(cli, "log_greenlet_errors", lambda _hub: None)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield noted
    for number, handler in before.items():
        signal.signal(number, handler)
