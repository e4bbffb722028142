"""The whole server inside this process, but for its sockets and its loop: a test gives it bytes, moves it a turn on, and takes the answer.

So what one relay costs in calls and memory can be counted exactly, and comes out the same each time and on each machine.
"""

from types import SimpleNamespace

import pytest

from gateway.admission import Admitted
from gateway.app import App
from gateway.bench.target import OWN_SETTINGS
from gateway.config import load
from gateway.tenants import DEFAULT
from tests.gateway.doubles import READ, HeldSocket, StepLoop, StepWatcher

__all__ = ["Inside", "NumberedSocket"]

SETTINGS = {key: str(value) for key, value in OWN_SETTINGS.items()} | {"server.port": "0"}


class NumberedSocket(HeldSocket):
    """One of many, each with a descriptor of its own."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def fileno(self) -> int:
        return self._number


class ReadingLoop(StepLoop):
    """Knows which watcher reads which descriptor."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: dict[int, StepWatcher] = {}

    def io(self, descriptor: int, events: int) -> StepWatcher:
        watcher = super().io(descriptor, events)
        if events & READ:
            self.readers[descriptor] = watcher
        return watcher


class Inside:
    """The app on a loop that is moved by hand; `open` gives it a client's socket."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._loop = ReadingLoop()
        self._clients = 0
        with monkeypatch.context() as patch:
            patch.setattr("gateway.app.gevent.get_hub", lambda: SimpleNamespace(loop=self._loop))
            self._app = App(load(None, {}, SETTINGS))

    def open(self, hello: bytes) -> NumberedSocket:
        """A client that has shaken hands, and whose first bytes these are."""
        self._clients += 1
        socket = NumberedSocket(self._clients)
        tenant = self._app.tenants.find(DEFAULT)
        assert tenant is not None
        self._app.accept(socket, hello, Admitted(f"192.0.2.1:{self._clients}", "192.0.2.1", tenant))
        self._loop.run_callbacks()
        return socket

    def comes(self, socket: NumberedSocket, data: bytes) -> None:
        """A client's bytes come, and one turn goes by."""
        socket.incoming.append(data)
        self._loop.readers[socket.fileno()].fire()
        self._loop.run_callbacks()
