"""Changes a message so that most of it stays JSON, or MessagePack."""

import re
from typing import Any

import msgpack

from tests.fuzz.mutation import Havoc, Random, splice

__all__ = ["mutate_json", "mutate_msgpack"]

_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[-+0-9.eE]+|[a-zA-Z]+|\s+|.', re.DOTALL)

KEYS = ("type", "source_id", "target_id", "id", "payload", "peer_id", "group_id", "metadata", "TYPE", "extra")
TYPES = ("register", "offer", "answer", "candidate", "message", "heartbeat", "leave", "peer_list", "")
IDS = ("a", "b", "", "\x00", "\x7f", "é", "x" * 16, "x" * 17, "\u2028")

JSON_TOKENS = (
    *(b'"%b"' % word.encode() for word in (*KEYS, *TYPES)),
    b'"a"', b'"\\u0000"', b'"\\ud800"', b'"\\ud83d\\ude00"', b'"\xc3\xa9"', b'"\xff"', b'"\\"', b'"\\x"', b'"a\nb"', b'""', b'"\\\\"',
    b"0", b"-0", b"1.0", b"-0.0", b"1e999", b"1e-400", b"18446744073709551615", b"18446744073709551616", b"-9223372036854775809", b"01",
    b"1.", b".5", b"+1", b"1e", b"9" * 50, b"null", b"true", b"nul", b"NaN", b"-Infinity",
    b"{}", b"[]", b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"\x0b", b"[" * 9, b"]" * 9, b'{"a":', b"[1,", b"[" * 1200,
)  # fmt: skip

SCALARS = (
    None, True, False, 0, -1, 127, 128, -33, 2**16, 2**32, 2**63, -(2**63), 1.5, -0.0, float("nan"), float("inf"), b"", b"\x00", "", "é",
    "x" * 40, msgpack.ExtType(5, b"ab"), msgpack.Timestamp(1, 2), msgpack.ExtType(5, b"0" * 16), b"x" * 300,
)  # fmt: skip


# Not text, a timestamp that is none, a byte that begins nothing: what the msgpack library would not write.
MSGPACK_SCRAPS = (
    b"\xa1\xff",
    b"\xa3\xed\xa0\x80",
    b"\xc7\x03\xffabc",
    b"\xd6\xff\x00\x00\x00\x00",
    b"\xc1",
    b"\xdf\xff\xff\xff\xff",
    b"\xdb",
)


def mutate_json(text: bytes, random: Random, havoc: Havoc) -> bytes:
    """Change some of the tokens; sometimes wrap a value, or change what is in a string."""
    tokens: list[bytes] = _TOKENS.findall(text)
    if not tokens or random.random() < 0.7:
        return b"".join(splice(tokens, lambda: random.choice(JSON_TOKENS), random))
    at = random.randrange(len(tokens))
    depth = random.randrange(1, 10)
    changes = (
        b"[" * depth + tokens[at] + b"]" * depth,
        b'{"a":' * depth + tokens[at] + b"}" * depth,
        b'"' + havoc(tokens[at].strip(b'"'), 40) + b'"',
        havoc(tokens[at], len(tokens[at]) + 8),
    )
    tokens[at] = random.choice(changes)
    return b"".join(tokens)


def mutate_msgpack(data: bytes, random: Random, havoc: Havoc) -> bytes:
    """Change one member of the map, or which there are; the count fits. What is no map becomes one sometimes."""
    members = _members(data)
    if members is None:
        return havoc(data, len(data) + 8) if random.random() < 0.8 else _map([_fresh_member(random)])
    if not members or random.random() < 0.4:
        return _map(splice(members, lambda: _fresh_member(random), random)[:15])
    at = random.randrange(len(members))
    key, value = members[at]
    inner = _members(value)
    depth = random.randrange(1, 10)
    changes = (
        _fresh_value(random, 4),
        havoc(value, len(value) + 8),
        b"\x91" * random.choice((depth, depth, depth, 1100)) + value,
        b"\x81\xa1a" * depth + value,
        _map(splice(inner, lambda: _fresh_member(random), random)[:15]) if inner is not None else value[1:],
    )
    members[at] = key, random.choice(changes)
    return _map(members)


def _members(data: bytes) -> list[tuple[bytes, bytes]] | None:
    """Keys and values of a map as they were written; None for anything else."""
    unpacker: Any = msgpack.Unpacker(max_buffer_size=len(data) + 1)
    unpacker.feed(data)
    try:
        marks = [unpacker.tell()]
        for _ in range(2 * unpacker.read_map_header()):
            marks.append(unpacker.tell())
            unpacker.skip()
    except (msgpack.OutOfData, ValueError):
        return None
    ends = [*marks[2:], unpacker.tell()]
    parts = [data[start:end] for start, end in zip(marks[1:], ends, strict=False)]
    return list(zip(parts[::2], parts[1::2], strict=True))


def _map(members: list[tuple[bytes, bytes]]) -> bytes:
    return bytes([0x80 | len(members)]) + b"".join(key + value for key, value in members)


def _fresh_member(random: Random) -> tuple[bytes, bytes]:
    if random.random() < 0.1:
        return _fresh_value(random, 2), _fresh_value(random, 2)
    key = random.choice(KEYS)
    words = TYPES if key == "type" else IDS
    value = msgpack.packb(random.choice(words)) if random.random() < 0.7 else _fresh_value(random, 3)
    return msgpack.packb(key), value


def _fresh_value(random: Random, depth: int) -> bytes:
    if random.random() < 0.1:
        return random.choice(MSGPACK_SCRAPS)
    if depth == 0 or random.random() < 0.5:
        packed: bytes = msgpack.packb(random.choice(SCALARS))
        return packed
    count = random.randrange(4)
    if random.random() < 0.5:
        return bytes([0x90 | count]) + b"".join(_fresh_value(random, depth - 1) for _ in range(count))
    keys = [msgpack.packb(random.choice(KEYS)) if random.random() < 0.9 else _fresh_value(random, 1) for _ in range(count)]
    return _map([(key, _fresh_value(random, depth - 1)) for key in keys])
