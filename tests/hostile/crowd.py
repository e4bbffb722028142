"""Many peers that relay to each other in pairs as fast as the server lets them, each with one message on its way."""

import json
import selectors
import threading

from tests.integration.line import CLOSE, PATIENCE, PING, PONG, TEXT, Closed, Line, frame, parse_close
from tests.integration.server import Server

__all__ = ["Crowd"]


class Crowd:
    """`count` peers, in groups of two. A thread of its own answers each message with the next, until the server closes them all.

    Attributes:
        busy: set when ten messages for each have come.
        closed: the close frames of those that have been closed, each of which was followed by the end of TCP and not by a reset.
    """

    def __init__(self, server: Server, count: int) -> None:
        self.busy = threading.Event()
        self.closed: list[Closed] = []
        self.fault: BaseException | None = None
        self._closing: dict[Line, Closed] = {}
        self._relays = 0
        self._lines = [server.line() for _ in range(count)]
        self._replies: dict[Line, bytes] = {}
        for number, line in enumerate(self._lines):
            self._join(line, f"peer {number}", f"peer {number ^ 1}", f"pair {number // 2}")
        self._thread = threading.Thread(target=self._relay, daemon=True)
        self._thread.start()

    def wait_until_closed(self) -> None:
        """Wait for the end of the last one. Raises what went wrong for any of them."""
        self._thread.join(2 * PATIENCE)
        assert not self._thread.is_alive(), f"only {len(self.closed)} of {len(self._lines)} are closed"
        if self.fault is not None:
            raise self.fault

    def _join(self, line: Line, name: str, other: str, group: str) -> None:
        register = {"type": "register", "payload": {"peer_id": name, "group_id": group}}
        line.upgrade(behind=frame(TEXT, json.dumps(register).encode()))
        opcode, payload = line.frame()
        assert (opcode, json.loads(payload)["type"]) == (TEXT, "peer_list"), payload
        self._replies[line] = frame(TEXT, json.dumps({"type": "message", "target_id": other, "payload": "again"}).encode())
        if other in payload.decode():
            line.send(self._replies[line])

    def _relay(self) -> None:
        try:
            with selectors.DefaultSelector() as selector:
                for line in self._lines:
                    selector.register(line, selectors.EVENT_READ, line)
                while selector.get_map():
                    for key, _ in selector.select(PATIENCE):
                        if not self._attend(key.data):
                            selector.unregister(key.fileobj)
                            key.data.close()
        except BaseException as fault:  # noqa: BLE001 - it is raised in the test's thread, by `wait_until_closed`
            self.fault = fault

    def _attend(self, line: Line) -> bool:
        """Take what has come; False when it was the end."""
        if line in self._closing:
            assert line.receive() == b"", "something behind the close frame"
            self.closed.append(self._closing[line])
            return False
        while self._hear(line):
            if not line.ready():
                return True
        return True

    def _hear(self, line: Line) -> bool:
        """Read one frame, and answer it; False when it was the last."""
        opcode, payload = line.frame()
        if opcode == CLOSE:
            self._closing[line] = parse_close(payload)
            line.send(frame(CLOSE, payload[:2]))
            return False
        if opcode == PING:
            line.send(frame(PONG, payload))
        elif b'"type":"message"' in payload:
            self._relays += 1
            if self._relays == 10 * len(self._lines):
                self.busy.set()
            line.send(self._replies[line])
        return True
