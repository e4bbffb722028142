import socket

import pytest

from gateway.listener import listening_socket


def test_what_is_accepted_is_set_for_messages_without_a_call_of_its_own() -> None:
    with listening_socket(socket.AF_INET, ("127.0.0.1", 0), 20_000) as listener:
        assert listener.gettimeout() == 0
        with socket.create_connection(listener.getsockname()):
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * 20_000  # Linux doubles it for its own books


def test_a_listener_that_cannot_be_had_leaves_no_socket_open() -> None:
    with listening_socket(socket.AF_INET, ("127.0.0.1", 0), 20_000) as taken, pytest.raises(OSError, match="in use"):
        listening_socket(socket.AF_INET, taken.getsockname(), 20_000)  # one left open is a ResourceWarning, which is an error here
