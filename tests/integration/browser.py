"""Headless Chromium, driven over the Chrome DevTools Protocol: https://chromedevtools.github.io/devtools-protocol/."""

import base64
import itertools
import json
import os
import re
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.integration.line import PATIENCE

__all__ = ["Browser", "Tab", "browse"]

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    # Loopback is the only network that every test machine has.
    "--allow-loopback-in-peer-connection",
)

_LISTENS = re.compile(r"DevTools listening on (ws://\S+)")


@contextmanager
def browse(program: Path, profile: Path) -> Iterator["Browser"]:
    """Run a browser with a new and empty `profile`."""
    command = [str(program), *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    # A session of its own: what it has started outlives it (Debian's command is a script), and would hold its standard error open.
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True
    )
    words: deque[str] = deque(maxlen=100)
    told: deque[str] = deque()
    known = threading.Event()

    def read() -> None:
        for line in process.stderr or ():
            words.append(line)
            if match := _LISTENS.search(line):
                told.append(match[1])
                known.set()
        known.set()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        known.wait(PATIENCE)
        assert told, f"{program} does not start:\n{''.join(words)}"
        with connect(told[0], compression=None, max_size=None) as devtools:
            browser = Browser(devtools)
            yield browser
            browser.call("Browser.close")
        process.wait(PATIENCE)
    finally:
        with suppress(ProcessLookupError):  # all of it has ended
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
        reader.join(PATIENCE)
        if process.stderr is not None:
            process.stderr.close()


class Browser:
    """A running browser, as its DevTools see it."""

    def __init__(self, devtools: ClientConnection) -> None:
        self._devtools = devtools
        self._numbers = itertools.count(1)
        self._said: list[dict[str, Any]] = []
        # Who may use a microphone is shown the addresses of the machine. Else candidates have random mDNS names, and none is loopback.
        self.call("Browser.grantPermissions", permissions=["audioCapture", "videoCapture"])

    def open(self, url: str) -> "Tab":
        """A new tab that has loaded `url`."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = Tab(self, target, session)
        tab.load(url)
        return tab

    def call(self, method: str, session: str | None = None, **parameters: object) -> dict[str, Any]:
        """Call a method and wait for its result."""
        return self.result(self.begin(method, session, **parameters))

    def begin(self, method: str, session: str | None = None, **parameters: object) -> int:
        """Call a method; `result` waits for the result of what this returns."""
        number = next(self._numbers)
        call = {"id": number, "method": method, "params": parameters}
        self._devtools.send(json.dumps(call if session is None else {**call, "sessionId": session}))
        return number

    def result(self, number: int) -> dict[str, Any]:
        """Wait for the result of a call."""
        said = self._hear(id=number)
        assert "error" not in said, said["error"]
        result: dict[str, Any] = said["result"]
        return result

    def wait_for(self, event: str, session: str) -> None:
        """Wait for an event that has not been waited for before."""
        self._hear(method=event, sessionId=session)

    def _hear(self, **wanted: object) -> dict[str, Any]:
        while True:
            for said in self._said:
                if wanted.items() <= said.items():
                    self._said.remove(said)
                    return said
            self._said.append(json.loads(self._devtools.recv(timeout=PATIENCE)))


class Tab:
    """One page."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self._browser = browser
        self._target = target
        self._session = session
        self._running = 0

    def load(self, url: str) -> None:
        self._browser.call("Page.enable", self._session)
        self._browser.call("Page.navigate", self._session, url=url)
        self._browser.wait_for("Page.loadEventFired", self._session)

    def begin(self, function: str, *arguments: object) -> None:
        """Call a function of the page; `result` waits for what its promise resolves to."""
        expression = f"{function}({', '.join(map(json.dumps, arguments))})"
        self._running = self._browser.begin("Runtime.evaluate", self._session, expression=expression, awaitPromise=True, returnByValue=True)

    def value(self, expression: str) -> Any:  # noqa: ANN401 - what the page says
        """What an expression is in the page, now; None for `undefined`, which has no form in JSON."""
        return _value_of(self._browser.call("Runtime.evaluate", self._session, expression=expression, returnByValue=True))

    def choose(self, selector: str, file: Path) -> None:
        """Choose a file in an input of the page."""
        chooser = self._browser.call("Runtime.evaluate", self._session, expression=f"document.querySelector({json.dumps(selector)})")
        self._browser.call("DOM.setFileInputFiles", self._session, files=[str(file)], objectId=chooser["result"]["objectId"])

    def show(self, width: int, height: int, scheme: str, scale: float = 1) -> bytes:
        """What a window of this size shows, as PNG, in the color `scheme` that people prefer."""
        self._browser.call(
            "Emulation.setDeviceMetricsOverride", self._session, width=width, height=height, deviceScaleFactor=scale, mobile=False
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._browser.call("Emulation.setEmulatedMedia", self._session, features=features)
        return base64.b64decode(self._browser.call("Page.captureScreenshot", self._session, format="png")["data"])

    def close(self) -> None:
        self._browser.call("Target.closeTarget", targetId=self._target)

    def result(self) -> Any:  # noqa: ANN401 - what the page returns
        try:
            said = self._browser.result(self._running)
        except TimeoutError:
            story = "\n".join(self.value("story"))
            raise AssertionError(f"the page has not come to its result; its story:\n{story}") from None
        return _value_of(said)


def _value_of(said: dict[str, Any]) -> Any:  # noqa: ANN401 - what the page says
    assert "exceptionDetails" not in said, said["exceptionDetails"]
    return said["result"].get("value")
