"""A client in a process of its own, for a test to stop: `python -m tests.integration.sleeper PORT PEER GROUP`."""

import sys

from tests.integration.client import Client
from tests.integration.line import Line


def main(port: int, peer_id: str, group_id: str) -> None:
    """Register, say so on standard output, and listen until the test ends this process or `PATIENCE` is over."""
    client = Client(Line(("127.0.0.1", port)), f"ws://127.0.0.1:{port}/ws")
    client.register(peer_id, group_id)
    print("registered", flush=True)  # noqa: T201 - what the test waits for
    while client.line.receive():
        pass


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
