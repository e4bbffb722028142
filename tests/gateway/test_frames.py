"""The reader against `tests/vectors/frames.json`, against the client of the `websockets` library, and at each of its limits."""

import gc
import json
import runpy
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from time import process_time
from typing import Any

import pytest
import websockets.speedups
import websockets.utils
from websockets.client import ClientProtocol
from websockets.frames import Close, Opcode
from websockets.frames import Frame as LibraryFrame
from websockets.protocol import State
from websockets.uri import parse_uri

from gateway import frames
from gateway.frames import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Frame,
    FrameLimits,
    FrameReader,
    ProtocolError,
    encode,
    encode_close,
    parse_close,
)
from tests.pieces import joined

DOCUMENT = json.loads((Path(__file__).parents[1] / "vectors" / "frames.json").read_text())
LIMITS = FrameLimits(**DOCUMENT["limits"])
OPCODES = {"text": TEXT, "binary": BINARY, "close": CLOSE, "ping": PING, "pong": PONG}
IDLE = {type, FrameLimits, type(None)}  # what an idle reader refers to: its class, its limits, nothing

Vector = dict[str, Any]


def of_vectors(which: Callable[[Vector], bool]) -> pytest.MarkDecorator:
    chosen = [pytest.param(vector, id=vector["name"]) for vector in DOCUMENT["vectors"] if which(vector)]
    return pytest.mark.parametrize("vector", chosen)


def is_fault(vector: Vector) -> bool:
    return vector["close"] is not None and "close" not in [kind for kind, *_ in vector["events"]]


def expected(vector: Vector) -> tuple[list[Frame], int | None]:
    return [(OPCODES[kind], joined(pieces)) for kind, *pieces in vector["events"]], vector["close"]


def outcome(reader: FrameReader, segments: Iterable[bytes]) -> tuple[list[Frame], int | None]:
    """Feed all segments; return the events and the code that the server closes with."""
    events: list[Frame] = []
    for segment in segments:
        try:
            events += reader.feed(segment)
        except ProtocolError as error:
            return events + error.frames, error.code
    code = parse_close(events[-1][1])[0] if events and events[-1][0] == CLOSE else None
    return events, code


def sent(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """Write a frame as the library's client does."""
    return LibraryFrame(Opcode(opcode), payload, fin).serialize(mask=True)


def library_client() -> ClientProtocol:
    return ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN, max_size=None)


def in_pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def buffers(kept: object) -> list[bytes | bytearray]:
    """List the buffers that a reader keeps, in whatever it refers to."""
    if isinstance(kept, bytes | bytearray):
        return [kept]
    return [found for part in gc.get_referents(kept) for found in buffers(part)] if type(kept).__module__ == frames.__name__ else []


def held(reader: FrameReader) -> int:
    return sum(map(len, buffers(reader)))


@pytest.fixture
def reader() -> FrameReader:
    return FrameReader(LIMITS)


def reading_time(pieces: list[bytes]) -> float:
    """Return the CPU seconds that reading takes, the best of three."""

    def once() -> float:
        reader = FrameReader(FrameLimits(message_bytes=2**20, fragments=2**20))
        start = process_time()
        read = sum(len(payload) for piece in pieces for _, payload in reader.feed(piece))
        assert read > 0
        return process_time() - start

    return min(once() for _ in range(3))


@of_vectors(lambda vector: True)
def test_a_vector_holds_in_one_segment(vector: Vector, reader: FrameReader) -> None:
    assert outcome(reader, [joined(vector["client"])]) == expected(vector)
    assert reader.unfinished == vector.get("unfinished", False)


@of_vectors(lambda vector: True)
def test_a_vector_holds_byte_by_byte(vector: Vector, reader: FrameReader) -> None:
    assert outcome(reader, in_pieces(joined(vector["client"]), 1)) == expected(vector)
    assert reader.unfinished == vector.get("unfinished", False)


@of_vectors(lambda vector: True)
def test_a_vector_holds_wherever_it_is_cut_in_two(vector: Vector) -> None:
    data = joined(vector["client"])
    for cut in {*range(1, min(300, len(data))), *range(max(1, len(data) - 20), len(data))}:
        assert outcome(FrameReader(LIMITS), [data[:cut], data[cut:]]) == expected(vector), f"cut at {cut}"


@of_vectors(lambda vector: True)
def test_a_vector_holds_without_the_compiled_unmasking(vector: Vector, reader: FrameReader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "apply_mask", websockets.utils.apply_mask)
    assert outcome(reader, [joined(vector["client"])]) == expected(vector)


def test_the_library_does_the_unmasking_where_it_has_no_compiled_part(monkeypatch: pytest.MonkeyPatch) -> None:
    assert vars(frames)["apply_mask"] is websockets.speedups.apply_mask
    monkeypatch.setitem(sys.modules, "websockets.speedups", None)
    assert runpy.run_path(frames.__file__)["apply_mask"] is websockets.utils.apply_mask


@of_vectors(lambda vector: vector["close"] is not None)
def test_an_ended_reader_ignores_what_follows_and_keeps_nothing(vector: Vector, reader: FrameReader) -> None:
    outcome(reader, [joined(vector["client"])])
    for later in (sent(TEXT, b"x" * 1250), sent(TEXT, b"x"), b"\xff", b""):
        assert reader.feed(later) == []
    assert not reader.unfinished
    assert held(reader) == 0


@of_vectors(is_fault)
def test_the_words_of_a_fault_fit_a_close_frame(vector: Vector, reader: FrameReader) -> None:
    with pytest.raises(ProtocolError) as caught:
        reader.feed(joined(vector["client"]))
    error = caught.value
    assert str(error) == f"{error.code} {error.reason}"
    assert parse_close(encode_close(error.code, error.reason)[2:]) == (error.code, error.reason)


def test_words_name_the_limit_that_was_met(reader: FrameReader) -> None:
    with pytest.raises(ProtocolError, match="1009 message of more than 65536 bytes"):
        reader.feed(bytes.fromhex("81ff 0000000000010001"))


def test_words_say_where_text_is_not_utf8(reader: FrameReader) -> None:
    reader.feed(sent(TEXT, "123€".encode()[:-1], fin=False))
    with pytest.raises(ProtocolError, match="at byte 3"):
        reader.feed(sent(0, b"x"))


@pytest.mark.parametrize("size", [0, 1, 125, 126, 1250, 65535, 65536])
def test_what_the_library_client_sends_is_read(size: int, reader: FrameReader) -> None:
    client = library_client()
    client.send_text(b"t" * size)
    client.send_ping(b"ping")
    client.send_binary(b"\xfe" * size)
    client.send_text("ä".encode()[:1], fin=False)
    client.send_pong(b"pong")
    client.send_continuation("ä".encode()[1:], fin=True)
    client.send_close(1001, "gone")
    whole = [(TEXT, b"t" * size), (PING, b"ping"), (BINARY, b"\xfe" * size)]
    rest = [(PONG, b"pong"), (TEXT, "ä".encode()), (CLOSE, b"\x03\xe9gone")]
    assert reader.feed(b"".join(client.data_to_send())) == whole + rest


@pytest.mark.parametrize("size", [0, 1, 125, 126, 1250, 65535, 65536])
def test_the_library_client_reads_what_is_encoded(size: int) -> None:
    client = library_client()
    written: list[Frame] = [(TEXT, b"t" * size), (BINARY, b"\xfe" * size), (PING, b"x" * min(size, 125)), (PONG, b"")]
    client.receive_data(b"".join(encode(*frame) for frame in written) + encode_close(4409, "replaced"))
    read = [(int(event.opcode), bytes(event.data)) for event in client.events_received() if isinstance(event, LibraryFrame)]
    assert read == [*written, (CLOSE, b"\x11\x39replaced")]
    assert client.close_rcvd == Close(4409, "replaced")


@pytest.mark.parametrize("limit", [1, 10, 125, 126, 200, 65535, 65536, 70000])
def test_a_message_may_have_as_many_bytes_as_the_limit_and_no_more(limit: int) -> None:
    def read(data: bytes) -> tuple[list[Frame], int | None]:
        return outcome(FrameReader(FrameLimits(message_bytes=limit, fragments=2)), [data])

    text, head, tail = b"a" * limit, b"a", b"a" * (limit - 1)
    assert read(sent(TEXT, text)) == ([(TEXT, text)], None)
    assert read(sent(TEXT, head, fin=False) + sent(0, tail)) == ([(TEXT, text)], None)
    assert read(sent(TEXT, text + b"a")) == ([], 1009)
    assert read(sent(BINARY, text + b"a")) == ([], 1009)
    assert read(sent(TEXT, head, fin=False) + sent(0, text)) == ([], 1009)


def test_control_frames_are_not_under_the_limit_of_messages() -> None:
    reader = FrameReader(FrameLimits(message_bytes=1, fragments=1))
    assert reader.feed(sent(PING, b"x" * 125) + sent(TEXT, b"t")) == [(PING, b"x" * 125), (TEXT, b"t")]


def test_a_limit_of_one_fragment_refuses_the_second() -> None:
    reader = FrameReader(FrameLimits(message_bytes=100, fragments=1))
    assert outcome(reader, [sent(TEXT, b"a"), sent(TEXT, b"b", fin=False), sent(0, b"c")]) == ([(TEXT, b"a")], 1008)


def test_an_idle_reader_costs_48_bytes_and_no_buffer(reader: FrameReader) -> None:
    assert sys.getsizeof(reader) <= 48
    assert {type(part) for part in gc.get_referents(reader)} == IDLE


@pytest.mark.parametrize("cut", [1, 7, 700])
def test_a_reader_is_idle_again_after_a_message(cut: int, reader: FrameReader) -> None:
    data = sent(TEXT, b"a" * 1000, fin=False) + sent(PING, b"") + sent(0, b"a")
    begun = [bool(reader.feed(part)) or reader.unfinished for part in (b"", data[:cut])]
    reader.feed(data[cut:])
    assert (begun, reader.unfinished) == ([False, True], False)
    assert {type(part) for part in gc.get_referents(reader)} == IDLE


def test_a_declared_length_reserves_nothing(reader: FrameReader) -> None:
    reader.feed(sent(BINARY, bytes(65536))[:20])
    assert held(reader) == 20


@pytest.mark.parametrize("step", [1, 13, 4096])
def test_a_reader_holds_at_most_one_message_and_one_header(step: int, reader: FrameReader) -> None:
    data = sent(BINARY, bytes(40000), fin=False) + sent(0, bytes(65536 - 40000))
    most = 0
    for at in range(0, len(data), step):
        reader.feed(data[at : at + step])
        most = max(most, held(reader)) if at % 1000 < step else most
    assert 60000 < most <= LIMITS.message_bytes + 14
    assert held(reader) == 0


def test_beside_a_message_it_holds_at_most_one_control_frame(reader: FrameReader) -> None:
    reader.feed(sent(BINARY, bytes(LIMITS.message_bytes), fin=False) + sent(PING, bytes(125))[:-1])
    assert held(reader) == LIMITS.message_bytes + 130


def test_what_trickles_in_is_appended_and_never_copied(reader: FrameReader) -> None:
    reader.feed(sent(TEXT, b"a", fin=False) + sent(0, bytes(1000), fin=False)[:-900])
    at_first = [id(buffer) for buffer in buffers(reader)]
    for _ in range(899):
        reader.feed(b"a")
    assert [id(buffer) for buffer in buffers(reader)] == at_first
    assert len(at_first) == 2, "the message, and the frame that has begun"


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param(
            lambda size: [sent(TEXT, b"", fin=False), *[sent(0, b"a", fin=False)] * size, sent(0, b"a")], id="one byte per fragment"
        ),
        pytest.param(lambda size: [sent(PING, b"x") * size], id="small frames in one segment"),
    ],
)
def test_eight_times_the_frames_cost_about_eight_times_the_time(pieces: Callable[[int], list[bytes]]) -> None:
    # 64 times if it were quadratic.
    assert reading_time(pieces(2**15)) < 24 * reading_time(pieces(2**12))
