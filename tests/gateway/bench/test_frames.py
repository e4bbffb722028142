import pytest

from gateway.bench.frames import BINARY, MASK, TEXT, Frame, client_frame, first_frame
from gateway.frames import FrameLimits, FrameReader, encode


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_the_server_reads_what_a_client_writes(size: int) -> None:
    payload = bytes(range(256)) * (size // 256 + 1)
    reader = FrameReader(FrameLimits(message_bytes=100_000, fragments=1))
    assert reader.feed(client_frame(BINARY, payload[:size])) == [(BINARY, payload[:size])]


def test_the_key_of_a_mask_is_not_zero_and_the_same_at_each_place() -> None:
    assert client_frame(TEXT, b"abcde")[2:] == bytes([MASK] * 4) + bytes(byte ^ MASK for byte in b"abcde")
    assert bytes([MASK]) != bytes(1)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_the_first_frame_of_what_the_server_writes_is_found_once_it_is_whole(size: int) -> None:
    frame = encode(TEXT, b"x" * size)
    assert first_frame(frame + b"next") == Frame(TEXT, len(frame) - size, len(frame))
    for cut in {0, 1, min(3, len(frame) - 1), len(frame) - 1}:
        assert first_frame(frame[:cut]) is None


@pytest.mark.parametrize("head", [b"\x01\x00", b"\xc1\x00", b"\x81\x80"])
def test_what_no_measured_server_sends_is_refused(head: bytes) -> None:
    with pytest.raises(ValueError, match="a fragment, a reserved bit or a mask"):
        first_frame(head)
