import fcntl
import os
import pty
import signal
import socket
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from gateway.log_sink import Sink

LINE = b"x" * 99 + b"\n"


@pytest.fixture(autouse=True)
def _no_wait() -> Iterator[None]:
    """End a test whose sink waits, which is what no sink may do."""

    def waited(number: int, frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, waited)
    signal.setitimer(signal.ITIMER_REAL, 20)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(name="pipe")
def _pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            assert descriptor == reader  # a test closed it


@pytest.fixture(name="second_opening_fails")
def _second_opening_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, flags: int) -> int:
        raise PermissionError(13, path)

    monkeypatch.setattr("gateway.log_sink.os.open", refuse)


def fill(sink: Sink, line: bytes = LINE) -> int:
    """Write lines until one is not taken; the number of those that were."""
    taken = 0
    while sink.take(line):
        taken += 1
        assert taken < 1_000_000
    return taken


def read_all(descriptor: int) -> bytes:
    os.set_blocking(descriptor, False)
    data = b""
    while True:
        try:
            more = os.read(descriptor, 1 << 20)
        except BlockingIOError:
            return data
        if not more:
            return data
        data += more


def test_a_pipe_that_nobody_reads_takes_what_fits_and_no_more(pipe: tuple[int, int]) -> None:
    sink = Sink(pipe[1])

    taken = fill(sink)

    assert not sink.take(LINE)
    sink.close()
    received = read_all(pipe[0])
    assert received[: len(LINE) * taken] == LINE * taken


def test_the_line_that_was_cut_by_a_full_pipe_is_finished_before_the_next(pipe: tuple[int, int]) -> None:
    sink = Sink(pipe[1])
    long = b"a" * 200_000 + b"\n"

    assert sink.take(long)
    received = b""
    while not sink.take(b"next\n"):
        received += read_all(pipe[0])
    received += read_all(pipe[0])

    assert received == long + b"next\n"
    sink.close()


def test_a_pipe_takes_lines_again_when_it_was_read(pipe: tuple[int, int]) -> None:
    sink = Sink(pipe[1])
    fill(sink)
    read_all(pipe[0])

    assert sink.take(b"again\n")

    assert read_all(pipe[0]).endswith(b"again\n")
    sink.close()


def test_a_pipe_whose_reader_is_gone_takes_nothing(pipe: tuple[int, int]) -> None:
    sink = Sink(pipe[1])
    assert sink.take(LINE)
    os.close(pipe[0])

    assert not sink.take(LINE)
    sink.close()


@pytest.mark.usefixtures("second_opening_fails")
def test_a_pipe_that_cannot_be_opened_again_is_asked_first(pipe: tuple[int, int]) -> None:
    sink = Sink(pipe[1])

    assert fill(sink) > 100
    assert sink.take(LINE) is False
    read_all(pipe[0])
    assert sink.take(b"y" * 10_000 + b"\n")
    assert read_all(pipe[0]).endswith(b"y" * 10_000 + b"\n")
    os.close(pipe[0])
    assert not sink.take(LINE)


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_socket_that_nobody_reads_takes_what_fits_and_no_more(kind: socket.SocketKind) -> None:
    reader, writer = socket.socketpair(socket.AF_UNIX, kind)
    with reader, writer:
        sink = Sink(writer.fileno())
        assert fill(sink) > 1
        assert os.get_blocking(writer.fileno())

        assert read_all(reader.fileno()).startswith(LINE)
        assert sink.take(b"again\n")
        reader.close()
        assert not sink.take(LINE)
        sink.close()


def stopped_terminal() -> tuple[int, int]:
    """A terminal whose output somebody stopped with Ctrl-S."""
    master, terminal = pty.openpty()
    termios.tcflow(terminal, termios.TCOOFF)
    return master, terminal


def test_a_stopped_terminal_takes_what_fits_and_no_more() -> None:
    master, terminal = stopped_terminal()
    sink = Sink(terminal)

    fill(sink)
    assert not sink.take(LINE)
    termios.tcflow(terminal, termios.TCOON)
    assert sink.take(b"again\n")

    sink.close()
    os.close(terminal)
    os.close(master)


@pytest.mark.usefixtures("second_opening_fails")
def test_a_stopped_terminal_of_another_user_does_not_hold_the_server() -> None:
    master, terminal = stopped_terminal()
    sink = Sink(terminal)

    fill(sink)
    assert not sink.take(LINE)

    os.close(terminal)
    os.close(master)


def test_a_file_takes_everything_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"before\n")
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    sink = Sink(descriptor)

    assert sink.take(b"a" * 1_000_000 + b"\n")
    sink.close()
    os.close(descriptor)

    assert path.read_bytes() == b"before\n" + b"a" * 1_000_000 + b"\n"


def test_a_full_disk_takes_nothing_and_raises_nothing() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    sink = Sink(descriptor)

    assert not sink.take(LINE)

    sink.close()
    os.close(descriptor)


def test_a_descriptor_that_is_closed_takes_nothing_and_raises_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)

    assert not Sink(writer).take(LINE)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def pipe_end() -> tuple[int, int]:
    return os.pipe()


def socket_end() -> tuple[int, int]:
    reader, writer = socket.socketpair()
    return reader.detach(), writer.detach()


def terminal_end() -> tuple[int, int]:
    return pty.openpty()


@pytest.mark.parametrize("ends", [pipe_end, socket_end, terminal_end])
def test_the_mode_of_the_descriptor_is_left_as_it_was_and_nothing_stays_open(ends: Callable[[], tuple[int, int]]) -> None:
    reader, writer = ends()
    flags, opened = fcntl.fcntl(writer, fcntl.F_GETFL), open_descriptors()
    sink = Sink(writer)

    assert sink.take(LINE)
    assert fcntl.fcntl(writer, fcntl.F_GETFL) == flags
    sink.close()
    sink.close()

    assert open_descriptors() == opened
    assert not sink.take(LINE)
    assert fcntl.fcntl(writer, fcntl.F_GETFL) == flags
    os.close(writer)
    os.close(reader)
