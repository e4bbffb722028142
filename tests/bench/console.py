"""What consoles cost the server that they look at: `python -m tests.bench.console`.

A server with idle peers is watched without a console, then with some: each shows the groups of a tenant, the list that takes longest. Of
the share of a processor that it uses, what is above the first line is theirs (docs/operations.md: Console).
"""

import argparse
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from time import sleep
from typing import NamedTuple

from gateway.bench.arrivals import crowd_places
from gateway.bench.crowd import Crowd
from gateway.bench.meter import Meter
from gateway.bench.scenarios import base_plan
from gateway.bench.target import OWN_SETTINGS, Cpus, Target, free_port, own_command, start
from gateway.operator.events import STREAMS

__all__ = ["Watched", "main", "watch"]

PATH = "/api/v1/events?tenant=-"
PATIENCE = 30.0


class Watched(NamedTuple):
    """What `consoles` of them cost: the `share` of a processor that the server used, and how many `looks` and `bytes` they were sent."""

    consoles: int
    share: float
    looks: int
    bytes: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and tell; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.console", description="Measure what consoles cost the server.")
    parser.add_argument("--connections", type=int, default=5000, help="idle peers, ten in a group (5,000)")
    parser.add_argument("--seconds", type=float, default=10, help="for each number of consoles (10)")
    options = parser.parse_args(arguments)
    print("consoles  of a processor  looks a second  kB a second")
    for watched in measure(options.connections, options.seconds):
        rate, size = watched.looks / options.seconds, watched.bytes / options.seconds / 1000
        print(f"{watched.consoles:8}  {watched.share:14.2%}  {rate:14.1f}  {size:11.1f}")
    return 0


def measure(connections: int, seconds: float) -> Iterator[Watched]:
    """Without a console, with one, and with as many as there may be."""
    port, operator = free_port(), free_port()
    settings = {**OWN_SETTINGS, "operator.listen": f"127.0.0.1:{operator}"}
    with ExitStack() as stack:
        target = stack.enter_context(start(own_command(port, settings), port, Cpus.choose()))
        stack.enter_context(crowd := Crowd(target.address, base_plan(packed=False).dialect))
        crowd.open(crowd_places(connections))
        streams: list[list[int]] = []
        for consoles in (0, 1, STREAMS):
            # Those before go on: a server may see only at its next look that one has gone, and takes no more than these.
            streams += [stack.enter_context(_stream(operator)) for _ in range(consoles - len(streams))]
            yield watch(target, streams, seconds)


def watch(target: Target, streams: Sequence[list[int]], seconds: float) -> Watched:
    """What these come to in a while."""
    before = [list(stream) for stream in streams]
    meter = Meter(target.pid)
    sleep(seconds)
    used = meter.stop().used
    assert used is not None
    looks, size = (sum(stream[which] - first[which] for stream, first in zip(streams, before, strict=True)) for which in (0, 1))
    return Watched(len(streams), used.cpu / meter.seconds, looks, size)


@contextmanager
def _stream(operator: int) -> Iterator[list[int]]:
    """An open stream that has told its first look: how many looks, and how many bytes; a thread goes on counting."""
    counted, told = [0, 0], threading.Event()

    def read() -> None:
        while piece := console.recv(65_536):
            counted[0] += piece.count(b"event: figures")
            counted[1] += len(piece)
            if counted[0]:
                told.set()

    with socket.create_connection(("127.0.0.1", operator), PATIENCE) as console:
        console.sendall(f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{operator}\r\n\r\n".encode())
        reader = threading.Thread(target=read)
        reader.start()
        try:
            assert told.wait(PATIENCE), "nothing is told"
            yield counted
        finally:
            console.shutdown(socket.SHUT_RDWR)
            reader.join(PATIENCE)


if __name__ == "__main__":
    raise SystemExit(main())
