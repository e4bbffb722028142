"""The server runs out of something: room in a mailbox, descriptors. Those who are there go on, and it recovers."""

import resource
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from tests.hostile.footprint import Footprint
from tests.hostile.member import member, message
from tests.hostile.pair import Pair
from tests.integration.line import PATIENCE, PING, Line, frame
from tests.integration.server import Server

UNLIMITED = {"limits.messages_per_second": 1_000_000, "limits.messages_burst": 1_000_000, "limits.bytes_burst": 2**30}


# --- Mailboxes ---

SENDERS = 20
MESSAGES = 10_000
GROWTH_KIB = 16_384
"""What the flood may take, at its height and after it: the buffers of 21 clients, and little more. All at once would be 80 MB."""

THE_END = b"the end"


class Tally:
    """Counts in threads what becomes of messages: each arrives, or its sender is told."""

    def __init__(self) -> None:
        self.total = 0
        self._news = threading.Condition()

    def read(self, line: Line, what: bytes) -> None:
        """Count `what` in all that comes, up to THE_END."""
        data = b""
        while THE_END not in data:
            data = data[-len(what) + 1 :] + line.receive()
            with self._news:
                self.total += data.count(what)
                self._news.notify_all()

    def wait_for(self, count: int) -> None:
        with self._news:
            assert self._news.wait_for(lambda: self.total >= count, 2 * PATIENCE), f"{self.total} of {count} messages"


@contextmanager
def threads(*targets: Callable[[], object]) -> Iterator[None]:
    started = [threading.Thread(target=target, daemon=True) for target in targets]
    for thread in started:
        thread.start()
    yield
    for thread in started:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_200_000_messages_to_one_peer_arrive_or_are_refused_and_fill_no_memory(serve: Callable[..., Server], group: str) -> None:
    server = serve({**UNLIMITED, "limits.mailbox": 256, "limits.outbox_bytes": 2**22})
    tally, data = Tally(), message("message", "target", "flood") * MESSAGES
    with Pair(server) as pair:
        before = Footprint(server)
        target, *senders = [member(server, name, group) for name in ("target", *map(str, range(SENDERS)))]
        readers = [partial(tally.read, target, b'"type":"message"'), *(partial(tally.read, line, b'"code":"') for line in senders)]
        with threads(*readers, *(partial(line.send, data) for line in senders)):
            tally.wait_for(SENDERS * MESSAGES)
            assert before.grown_kib() < GROWTH_KIB
            pair.assert_goes_on()
            for line in (target, *senders):
                line.send(frame(PING, THE_END))
        assert tally.total == SENDERS * MESSAGES
        before.assert_given_back(GROWTH_KIB)


# --- Descriptors ---

SPARE = 3
NEWCOMERS = 50
ROUNDS = 50
"""What the pair does meanwhile: a second."""

LINES = 10
"""Lines of the log about a second without descriptors, at most: the listener tries again after ever longer pauses."""


@contextmanager
def descriptors(server: Server, spare: int) -> Iterator[None]:
    """The system lets the running server open only so many files more."""
    process = server.process.pid
    soft, hard = resource.prlimit(process, resource.RLIMIT_NOFILE)
    resource.prlimit(process, resource.RLIMIT_NOFILE, (server.descriptors() + spare, hard))
    yield
    resource.prlimit(process, resource.RLIMIT_NOFILE, (soft, hard))


def test_without_descriptors_newcomers_wait_those_who_are_there_go_on_and_it_recovers(serve: Callable[..., Server], group: str) -> None:
    server = serve()
    with Pair(server) as pair:
        before = Footprint(server)
        stays, goes = member(server, "stays", group), member(server, "goes", group)
        assert b'"peer_joined"' in stays.frame()[1]
        with descriptors(server, SPARE):
            newcomers = [server.line() for _ in range(NEWCOMERS)]
            for line in newcomers:
                line.request()
            pair.assert_goes_on(ROUNDS)
            assert sum(line.ready() for line in newcomers) <= SPARE
        assert {line.head().status for line in newcomers} == {101}
        goes.reset()
        assert b'"peer_left"' in stays.frame()[1]
        before.assert_given_back(GROWTH_KIB)
    lines = server.faults()
    assert 0 < len(lines) <= LINES
    assert all("Too many open files" in line for line in lines), lines


def test_a_crowd_that_fills_all_descriptors_again_and_again_leaves_nothing(serve: Callable[..., Server]) -> None:
    server = serve()
    with Pair(server):
        before = Footprint(server)
        for _ in range(5):
            with descriptors(server, SPARE):
                lines = [server.line() for _ in range(NEWCOMERS)]
                for line in lines[: SPARE + 1]:
                    line.send(b"GET /ws HTTP/1.1\r\n")
                for line in lines:
                    line.reset()
            before.assert_given_back(GROWTH_KIB)
    assert all("Too many open files" in line for line in server.faults())
