"""What a mutation makes has the form that gets it past the first check, and is bounded."""

from random import Random

import msgpack
import pytest

from tests.fuzz.envelope_mutation import mutate_json, mutate_msgpack
from tests.fuzz.frame_mutation import Sent, mutate_stream, parts
from tests.fuzz.mutation import splice
from tests.fuzz.targets import TARGETS, load
from tests.fuzz.values import is_whole_msgpack

STREAM = [Sent(0x01, b"abcd", b"Hel"), Sent(0x89, bytes(4), b""), Sent(0x80, b"wxyz", b"lo" * 100), Sent(0x82, b"    ", b"x" * 70_000)]


def same(data: bytes, size: int) -> bytes:
    return data[:size]


def test_a_stream_is_taken_apart_and_put_together() -> None:
    wire = b"".join(frame.wire() for frame in STREAM)
    assert parts(wire + b"\x81\x85") == (STREAM, b"\x81\x85")


def test_a_changed_stream_is_frames() -> None:
    wire = b"".join(frame.wire() for frame in STREAM[:3])
    made = [mutate_stream(wire, 4096, Random(seed), same) for seed in range(200)]
    assert len(set(made)) > 100
    assert all(parts(stream)[1] == b"" for stream in made if len(stream) < 4096)
    assert {frame.first for stream in made for frame in parts(stream)[0]} >= {0x81, 0x82, 0x00, 0x88, 0x8A}


def test_a_changed_map_is_msgpack_mostly() -> None:
    message = msgpack.packb({"type": "message", "payload": [1, {"a": "b"}]})
    made = [mutate_msgpack(message, Random(seed), same) for seed in range(200)]
    assert len(set(made)) > 100
    assert sum(map(is_whole_msgpack, made)) > 100


def test_changed_json_keeps_most_of_its_tokens() -> None:
    made = [mutate_json(b'{"type": "offer", "payload": [1, 2]}', Random(seed), same) for seed in range(200)]
    assert len(set(made)) > 100
    assert sum(b'"type"' in text for text in made) > 100


def test_splicing_takes_from_the_old_and_the_fresh() -> None:
    made = [splice("abc", lambda: "x", Random(seed)) for seed in range(100)]
    assert {token for tokens in made for token in tokens} == set("abcx")


@pytest.mark.parametrize("target", TARGETS)
def test_no_mutation_is_larger_than_allowed(target: str) -> None:
    module = load(target)
    for number, seed in enumerate([b"", *module.seeds()]):
        for size in (1, 40, 4096):
            assert len(module.mutate(seed, size, Random(number), same)) <= max(size, 1)
