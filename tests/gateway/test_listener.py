import socket
from typing import Any

import pytest

from gateway.listener import accept_waiting, listening_socket


def test_what_is_accepted_is_set_for_messages_without_a_call_of_its_own() -> None:
    with listening_socket(socket.AF_INET, ("127.0.0.1", 0), 20_000) as listener:
        assert listener.gettimeout() == 0
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * 20_000  # Linux doubles it for its own books


@pytest.mark.parametrize(("first", "second"), [(False, False), (True, False), (False, True)])
def test_an_address_that_one_of_two_does_not_share_is_taken_and_leaves_no_socket_open(*, first: bool, second: bool) -> None:
    with (
        listening_socket(socket.AF_INET, ("127.0.0.1", 0), 20_000, reuse_port=first) as taken,
        pytest.raises(OSError, match="in use"),
    ):
        # One that is left open is a ResourceWarning, which is an error here.
        listening_socket(socket.AF_INET, taken.getsockname(), 20_000, reuse_port=second)


def test_two_who_share_an_address_both_listen_there() -> None:
    with listening_socket(socket.AF_INET, ("127.0.0.1", 0), 20_000, reuse_port=True) as first:
        listening_socket(socket.AF_INET, first.getsockname(), 20_000, reuse_port=True).close()


# --- Those who wait ---


class Waiting:
    """Stands for a server with some who wait, of whom it has room for `room`."""

    def __init__(self, count: int, room: int) -> None:
        self.served: list[tuple[Any, ...]] = []
        self._room = room
        self._waiting = iter([("a client", number) for number in range(count)])

    def full(self) -> bool:
        return len(self.served) == self._room

    def do_read(self) -> tuple[Any, ...] | None:
        return next(self._waiting, None)

    def do_handle(self, *accepted: Any) -> None:  # noqa: ANN401 - as in the server
        self.served.append(accepted)


@pytest.mark.parametrize(("count", "room", "served"), [(0, 9, 0), (3, 9, 3), (9, 3, 3)])
def test_all_who_wait_are_served_as_far_as_there_is_room(count: int, room: int, served: int) -> None:
    server = Waiting(count, room)
    accept_waiting(server)
    assert server.served == [("a client", number) for number in range(served)]


def test_who_cannot_be_accepted_does_not_keep_the_server_from_closing(caplog: pytest.LogCaptureFixture) -> None:
    class Exhausted(Waiting):
        def do_read(self) -> tuple[Any, ...] | None:
            raise OSError(24, "Too many open files")

    accept_waiting(Exhausted(1, 9))
    assert "will be reset: [Errno 24] Too many open files" in caplog.text
