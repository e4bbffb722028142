"""The echo application as a process: frames behind the handshake, and what a client can make it hold.

What it sends back, and what it refuses, is in `test_conformance.py`.
"""

from collections.abc import Callable

import pytest

from tests.integration.certificate import Certificate
from tests.integration.line import BINARY, CLOSE, PING, PONG, TEXT, frame
from tests.integration.server import Server

MIB = 2**20


@pytest.mark.parametrize("secure", [False, True])
def test_frames_in_the_segment_of_the_handshake_come_back_in_order(
    share: Callable[..., Server], certificate: Certificate, *, secure: bool
) -> None:
    line = share(application="echo", certificate=certificate if secure else None).line()
    sent = [(TEXT, b"1"), (BINARY, b"2"), (TEXT, b""), (BINARY, b"\xff" * 3000), (TEXT, b"5")]
    line.upgrade(behind=b"".join(frame(*message) for message in sent) + frame(CLOSE, b"\x03\xe8"))
    assert [line.frame() for _ in sent] == sent
    assert line.close_frame().code == 1000
    line.ended_within(1.0)


def test_lengths_that_are_declared_cost_no_memory_before_the_bytes_are_there(share: Callable[..., Server]) -> None:
    server = share(application="echo")
    before = server.resident_kib()
    for _ in range(50):
        line = server.line()
        line.upgrade()
        line.send(frame(PING) + frame(BINARY, declared=16 * MIB))
        assert line.frame() == (PONG, b"")
    assert server.resident_kib() - before < 16 * 1024, "50 clients, and not as much as one of them declares"


def test_a_client_that_sends_and_never_reads_is_cut_off_and_costs_no_more_than_its_outbox(serve: Callable[..., Server]) -> None:
    server = serve({"limits.message_bytes": MIB, "limits.outbox_bytes": 2 * MIB, "limits.send_buffer_bytes": 16_384}, application="echo")
    line, other = server.line(receive_buffer=4096), server.line()
    line.upgrade()
    other.upgrade()
    before, message = server.resident_kib(), frame(BINARY, bytes(MIB))
    with pytest.raises(ConnectionError):
        line.send(message * 100)
    assert server.resident_kib(peak=True) - before < 32 * 1024
    server.wait_for_connections(1)
    other.send(frame(TEXT, b"still served"))
    assert other.frame() == (TEXT, b"still served")
