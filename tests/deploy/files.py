"""The files of conf/deploy as they are, and as a test runs them: with its own ports and certificate, and nothing else of its own."""

import socket
from collections.abc import Mapping

from tests.sources import ROOT

__all__ = ["DEPLOY", "free_ports", "substituted"]

DEPLOY = ROOT / "conf" / "deploy"


def substituted(name: str, changes: Mapping[str, object]) -> str:
    """The text of a file, with each of `changes` made wherever it is found; one that is found nowhere is a fault of the test."""
    text = (DEPLOY / name).read_text()
    for old, new in changes.items():
        assert old in text, f"{name} has no {old!r}"
        text = text.replace(old, str(new))
    return text


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on."""
    ends = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(end.getsockname()[1]) for end in ends]
    for end in ends:
        end.close()
    return ports
