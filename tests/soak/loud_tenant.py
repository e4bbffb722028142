"""Connections of one tenant at a fixed rate, in a process of their own: `python -m tests.soak.loud_tenant PORT PATH RATE SECONDS`.

Each sends to itself, and all together so many messages a second. They say `loud` when they begin, and in the end how many messages came
back and how many were refused.
"""

import json
import sys
import threading
import time

from tests.integration.line import TEXT, Line, frame

CONNECTIONS = 4
BEATS_PER_SECOND = 50


class Loud:
    """One connection."""

    def __init__(self, port: int, path: str, number: int) -> None:
        name = f"loud {number}"
        register = json.dumps({"type": "register", "payload": {"peer_id": name, "group_id": name}}).encode()
        self._message = frame(TEXT, json.dumps({"type": "message", "target_id": name, "payload": "x" * 100}).encode())
        self.line = Line(("127.0.0.1", port))
        self.line.upgrade(path, behind=frame(TEXT, register))
        self.line.frame()
        self.returned = self.refused = 0
        self.ear = threading.Thread(target=self._listen)
        self.ear.start()

    def say(self, count: int) -> None:
        self.line.send(self._message * count)

    def _listen(self) -> None:
        """Count what comes until the connection ends, by words that are in each message or each refusal once, and in nothing else."""
        while data := self.line.receive():
            self.returned += data.count(b'"xxx')
            self.refused += data.count(b'"retry_after_ms"')


def main(port: int, path: str, rate: float, seconds: float) -> None:
    """Be loud for so long."""
    all_ = [Loud(port, path, number) for number in range(CONNECTIONS)]
    print("loud", flush=True)  # noqa: T201 - what the measurement waits for
    begun = time.monotonic()
    for beat in range(round(seconds * BEATS_PER_SECOND)):
        time.sleep(max(0.0, begun + beat / BEATS_PER_SECOND - time.monotonic()))  # the rate
        for loud in all_:
            loud.say(max(1, round(rate / BEATS_PER_SECOND / CONNECTIONS)))
    for loud in all_:
        loud.line.finish()
        loud.ear.join()
    print(sum(loud.returned for loud in all_), sum(loud.refused for loud in all_))  # noqa: T201 - what the measurement reads


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
