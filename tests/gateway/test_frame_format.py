"""Headers and close frames as bytes, written out by hand; `test_frames.py` has the judging of what comes in."""

import pytest

from gateway.frame_format import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    ProtocolError,
    check_head,
    check_length,
    encode,
    encode_close,
    header,
    parse_close,
)

SENDABLE = [1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 4400, 4999]
NOT_SENDABLE = [0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65535]


@pytest.mark.parametrize(
    ("opcode", "length", "written"),
    [
        (TEXT, 0, "8100"),
        (TEXT, 125, "817d"),
        (TEXT, 126, "817e007e"),
        (BINARY, 65535, "827effff"),
        (BINARY, 65536, "827f0000000000010000"),
        (TEXT, 2**63 - 1, "817f7fffffffffffffff"),
        (CLOSE, 2, "8802"),
        (PING, 125, "897d"),
        (PONG, 0, "8a00"),
    ],
)
def test_a_header_has_the_shortest_length_and_no_mask(opcode: int, length: int, written: str) -> None:
    assert header(opcode, length).hex() == written


@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
@pytest.mark.parametrize("length", [126, 65536])
def test_a_control_frame_that_is_too_long_is_refused(opcode: int, length: int) -> None:
    with pytest.raises(ValueError, match=f"control frame of {length} bytes: at most 125 fit"):
        header(opcode, length)


def test_encode_puts_the_payload_behind_its_header() -> None:
    assert encode(TEXT, b"Hello") == b"\x81\x05Hello"
    assert encode(BINARY, b"x" * 126) == b"\x82\x7e\x00\x7e" + b"x" * 126


@pytest.mark.parametrize("code", SENDABLE)
def test_a_close_frame_reads_back_as_it_was_written(code: int) -> None:
    frame = encode_close(code, "tschüß")
    assert frame[:2] == bytes([0x88, 10])
    assert frame[2:] == code.to_bytes(2, "big") + b"tsch\xc3\xbc\xc3\x9f"
    assert parse_close(frame[2:]) == (code, "tschüß")


def test_1005_stands_for_a_close_frame_without_a_code() -> None:
    assert encode_close(1005) == b"\x88\x00"
    assert parse_close(b"") == (1005, "")


def test_a_reason_without_a_code_is_refused() -> None:
    with pytest.raises(ValueError, match="close code 1005 must not be sent"):
        encode_close(1005, "why")


@pytest.mark.parametrize("code", [*NOT_SENDABLE, -1, 65536])
def test_a_code_that_must_not_be_sent_is_not_written(code: int) -> None:
    with pytest.raises(ValueError, match=f"close code {code} must not be sent: use 1000 to 1003"):
        encode_close(code)


@pytest.mark.parametrize("code", [*NOT_SENDABLE, 1005])
def test_a_code_that_must_not_be_sent_is_not_read(code: int) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_close(code.to_bytes(2, "big"))
    assert (caught.value.code, caught.value.reason) == (1002, f"close code {code} must not be sent")


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("r" * 123, "r" * 123),
        ("r" * 124, "r" * 123),
        ("r" * 122 + "ü", "r" * 122),
        ("r" * 121 + "ü", "r" * 121 + "ü"),
        ("r" * 120 + "😀", "r" * 120),
        ("😀" * 40, "😀" * 30),
        ("gone \ud800", "gone ?"),
    ],
)
def test_a_reason_is_cut_between_two_characters(reason: str, kept: str) -> None:
    assert parse_close(encode_close(1000, reason)[2:]) == (1000, kept)


@pytest.mark.parametrize(("payload", "code"), [(b"\x03", 1002), (b"\x03\xe8\xff", 1007), (b"\x03\xe8\xe2\x82", 1007)])
def test_a_close_body_at_fault_is_refused(payload: bytes, code: int) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse_close(payload)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("first", "second", "inside", "reason"),
    [
        (0xC1, 0x80, False, "reserved bit set, but no extension was negotiated"),
        (0x83, 0x80, False, "reserved opcode 3"),
        (0x81, 0x05, False, "a client must mask its frames"),
        (0x09, 0x80, False, "a control frame must not be fragmented"),
        (0x89, 0xFE, False, "control frame of more than 125 bytes"),
        (0x81, 0x80, True, "new message before the end of a fragmented one"),
        (0x80, 0x80, False, "continuation of no message"),
    ],
)
def test_a_head_at_fault_is_named(first: int, second: int, *, inside: bool, reason: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        check_head(first, second, inside=inside)
    assert (caught.value.code, caught.value.reason) == (1002, reason)


def test_every_head_that_the_rfc_allows_passes() -> None:
    allowed = [(0x81, False), (0x01, False), (0x82, False), (0x02, False), (0x00, True), (0x80, True)]
    allowed += [(control, inside) for control in (0x88, 0x89, 0x8A) for inside in (False, True)]
    faults = []
    for first in range(256):
        for inside in (False, True):
            try:
                check_head(first, 0x80, inside=inside)
            except ProtocolError:
                faults.append((first, inside))
    assert {(first, inside) for first in range(256) for inside in (False, True)} - set(faults) == set(allowed)


@pytest.mark.parametrize(("length", "floor", "reason"), [(125, 125, "must be written in fewer bytes"), (2**63, 65535, "top bit set")])
def test_a_wide_length_at_fault_is_named(length: int, floor: int, reason: str) -> None:
    check_length(floor + 1, floor)
    with pytest.raises(ProtocolError, match=reason) as caught:
        check_length(length, floor)
    assert caught.value.code == 1002
