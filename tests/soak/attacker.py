"""A connection at full speed, in a process of its own: `python -m tests.soak.attacker PORT SECONDS`.

It sends to a reader in its group as fast as its socket takes it. It says `attacking` when it begins, and in the end how many messages have
arrived at the reader or were answered with an error.
"""

import json
import sys
import threading
import time

from tests.integration.line import TEXT, Line, frame

BATCH = 500
GROUP = "attacked"


def registered(port: int, peer_id: str) -> Line:
    line = Line(("127.0.0.1", port))
    line.upgrade(behind=frame(TEXT, json.dumps({"type": "register", "payload": {"peer_id": peer_id, "group_id": GROUP}}).encode()))
    line.frame()
    return line


def count(line: Line, counted: list[int]) -> None:
    """Count what comes until the connection ends, by the one word that is in each message and each error, and in nothing else."""
    while data := line.receive():
        counted[0] += data.count(b'"payload"')


def main(port: int, seconds: float) -> None:
    """Attack so long."""
    reader, attacker = registered(port, "reader"), registered(port, "attacker")
    counted = [0]
    listeners = [threading.Thread(target=count, args=(line, counted)) for line in (reader, attacker)]
    for listener in listeners:
        listener.start()
    data = frame(TEXT, json.dumps({"type": "message", "target_id": "reader", "payload": "x" * 100}).encode()) * BATCH
    print("attacking", flush=True)  # noqa: T201 - what the measurement waits for
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        attacker.send(data)
    for line in (attacker, reader):
        line.finish()
    for listener in listeners:
        listener.join()
    print(counted[0])  # noqa: T201 - what the measurement reads


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
