"""Who gets the newcomers of an address that several sockets listen on: asked of the kernel itself."""

import logging
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from gateway.listener import listening_socket
from gateway.takeover import ON_THEIR_WAY_SECONDS, Takeover, listeners, take_newcomers

NEWCOMERS = 40
"""By chance alone all of them come to one of two sockets once in half a million million times."""


@pytest.fixture
def listen() -> Iterator[Callable[..., socket.socket]]:
    made: list[socket.socket] = []

    def begin(port: int = 0, host: str = "127.0.0.1") -> socket.socket:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        made.append(listening_socket(family, (host, port), 20_000, reuse_port=True))
        return made[-1]

    yield begin
    for each in made:
        each.close()


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def come(listener: socket.socket) -> None:
    """Newcomers to the address of a listener, each of whom is gone at once."""
    for _ in range(NEWCOMERS):
        socket.create_connection(listener.getsockname()).close()


def accepted(listener: socket.socket) -> int:
    count = 0
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


# --- Who listens ---


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::"])  # noqa: S104 - for as long as it takes to count them
def test_those_who_listen_on_an_address_are_counted(listen: Callable[..., socket.socket], host: str) -> None:
    first = listen(host=host)
    assert listeners(first.getsockname()) == 1
    second = listen(port_of(first), host)
    listen(host=host)
    assert listeners(first.getsockname()) == 2
    second.close()
    assert listeners(first.getsockname()) == 1


def test_connections_of_the_address_are_none_who_listen(listen: Callable[..., socket.socket]) -> None:
    first = listen()
    with socket.create_connection(first.getsockname()), first.accept()[0]:
        assert listeners(first.getsockname()) == 1


def test_what_stands_behind_those_who_listen_is_not_read(tmp_path: Path) -> None:
    listening, connected = " 0: 0100007F:1F90 00000000:0000 0A 0:0\n", " 1: 0100007F:1F90 0100007F:D431 01 0:0\n"
    (tmp_path / "tcp").write_text("  sl  local_address\n" + listening + connected + "no row at all\n")
    assert listeners(("127.0.0.1", 8080), tmp_path) == 1


# --- Who gets the newcomers ---


def test_of_two_who_listen_the_younger_gets_all_once_it_takes_them(listen: Callable[..., socket.socket]) -> None:
    older = listen()
    younger = listen(port_of(older))
    come(older)
    assert accepted(older) * accepted(younger) > 0, "by chance"
    assert take_newcomers(younger) == 1
    come(older)
    assert (accepted(older), accepted(younger)) == (0, NEWCOMERS)


def test_when_the_older_has_gone_the_younger_keeps_them_until_one_comes_that_takes_them_from_it(
    listen: Callable[..., socket.socket],
) -> None:
    oldest = listen()
    older = listen(port_of(oldest))
    take_newcomers(older)
    oldest.close()
    come(older)
    assert accepted(older) == NEWCOMERS
    younger = listen(port_of(older))
    take_newcomers(younger)
    come(older)
    assert (accepted(older), accepted(younger)) == (0, NEWCOMERS)


def test_when_the_younger_dies_the_older_gets_them_again(listen: Callable[..., socket.socket]) -> None:
    older = listen()
    younger = listen(port_of(older))
    take_newcomers(younger)
    younger.close()
    come(older)
    assert accepted(older) == NEWCOMERS


def test_the_third_takes_them_from_both(listen: Callable[..., socket.socket]) -> None:
    first = listen()
    second, third = listen(port_of(first)), listen(port_of(first))
    assert take_newcomers(third) == 2
    come(first)
    assert (accepted(first), accepted(second), accepted(third)) == (0, 0, NEWCOMERS)


def test_who_listens_alone_takes_them_from_nobody(listen: Callable[..., socket.socket]) -> None:
    alone = listen()
    assert take_newcomers(alone) == 0
    come(alone)
    assert accepted(alone) == NEWCOMERS


# --- A process ---


def served(*sockets: Any) -> Takeover:  # noqa: ANN401 - sockets, and one that has some of their methods
    return Takeover([*(SimpleNamespace(socket=each) for each in sockets), None])


def test_a_process_takes_those_of_all_its_addresses_and_says_so(
    listen: Callable[..., socket.socket], caplog: pytest.LogCaptureFixture
) -> None:
    older = [listen(), listen()]
    younger = [listen(port_of(each)) for each in older]
    served(*younger).begin()
    for old, young in zip(older, younger, strict=True):
        come(old)
        assert (accepted(old), accepted(young)) == (0, NEWCOMERS)
        assert f"another process listens on 127.0.0.1:{port_of(old)}" in caplog.text


def test_a_process_that_is_alone_says_nothing_and_ends_at_once(
    listen: Callable[..., socket.socket], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    alone = served(listen())
    began = time.monotonic()
    alone.begin()
    alone.hand_over()
    assert caplog.text == ""
    assert time.monotonic() - began < ON_THEIR_WAY_SECONDS


def test_a_process_that_is_replaced_waits_for_those_on_their_way_to_it(
    listen: Callable[..., socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(gevent, "sleep", slept.append)
    older = listen()
    listen(port_of(older))
    served(older).hand_over()
    assert slept == [ON_THEIR_WAY_SECONDS]


class OldKernel:
    """Stands for a socket of a kernel that cannot be told whose newcomers are."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address

    def getsockname(self) -> tuple[str, int]:
        return self.address

    def setsockopt(self, *_option: object) -> None:
        raise OSError(92, "Protocol not available")


def test_where_the_kernel_cannot_be_told_chance_decides_and_the_log_says_so(
    listen: Callable[..., socket.socket], caplog: pytest.LogCaptureFixture
) -> None:
    older = listen()
    listen(port_of(older))
    served(OldKernel(older.getsockname())).begin()
    assert "by chance: [Errno 92] Protocol not available" in caplog.text
