"""Stand-ins for what the command line starts: an app and the handler of the log."""

from types import SimpleNamespace

from gateway.app import App
from gateway.config import Config


class NotedLines:
    """Stands for the log's handler."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def flush(self) -> None:
        self.notes.append("flush")

    def close(self) -> None:
        self.notes.append("close")


class QuietApp:
    """Stands for an app that ends at once, or fails where it is told to."""

    fails_to: str = ""
    error: Exception = OSError()
    risk = App.risk
    operator = None

    def __init__(self, config: Config, _tls: object, _alarm: object, _read: object, _notify: object) -> None:
        self.address = (config.server.host, 4242)
        self.capacity = SimpleNamespace(connections=17)
        self.stops = 0
        self._act("build")

    def start(self) -> None:
        self._act("start")

    def run(self) -> int:
        self._act("run")
        return 70 if self.fails_to == "serve on" else 0

    def reload(self) -> None:
        self.reloaded = True

    def tell_state(self) -> None:
        self.told_state = True

    def stop(self) -> None:
        self.stops += 1

    def _act(self, what: str) -> None:
        if what == self.fails_to:
            raise self.error
