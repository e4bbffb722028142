"""Target: `gateway/proxy_protocol.py` and `gateway/forwarded.py`. What holds for whatever a proxy, or who poses as one, says of its client.

An input is a byte, and text. The byte says whether that is a header of the PROXY protocol, and in pieces of how many bytes it comes (0: all
at once), or a header of HTTP.
"""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address

from gateway.forwarded import MOST_HOPS, Node, Told, client_behind
from gateway.networks import Networks
from gateway.proxy_protocol import MOST_BYTES, BadHeader, HeaderReader, Source
from tests.fuzz.mutation import Havoc, Random, splice

__all__ = ["MODULES", "check", "mutate", "seeds"]

MODULES = ("gateway.forwarded", "gateway.proxy_protocol")

TRUSTED = Networks(["10.0.0.0/8", "fd00::/8"])
PROXY = Node("10.0.0.1", 4000)
LISTED, FORWARDED = 0x80, 0x81  # lower bytes: PROXY protocol, in pieces of so many


def check(data: bytes) -> None:
    kind, said = data[0] if data else 0, data[1:]
    if kind < LISTED:
        _check_protocol(said, kind)
    elif kind == LISTED:
        _check_listed(said.decode("latin-1"))
    else:
        _check_forwarded(said.decode("latin-1"))


# --- The PROXY protocol ---


def _check_protocol(said: bytes, size: int) -> None:
    whole = _read([said] if said else [])
    if size:
        assert _read([said[at : at + size] for at in range(0, len(said), size)]) == whole, "the pieces make no difference"
    if isinstance(whole, str):
        return
    source, length = whole
    header = said[:length]
    assert length <= MOST_BYTES
    assert _read([header]) == whole, "what is behind it makes no difference"
    if source is not None:
        assert str(ip_address(source.host)) == source.host
        assert 0 <= source.port < 2**16
    if header.startswith(b"PROXY TCP"):
        words = header.split()
        assert source is not None
        assert (ip_address(source.host), source.port) == (ip_address(words[2].decode()), int(words[4]))


def _read(pieces: list[bytes]) -> tuple[Source | None, int] | str:
    """The source and how long the header is; or why there is none."""
    reader, taken = HeaderReader(), 0
    try:
        for piece in [*pieces, b""]:
            taken_here = reader.take(piece)
            assert 1 <= taken_here <= len(piece)
            taken += taken_here
            if reader.complete:
                return reader.source, taken
            assert taken_here == len(piece), "it wants more, and took all there was"
            assert taken <= MOST_BYTES
    except BadHeader as bad:
        return str(bad)
    raise AssertionError("the end of the connection is no part of a header")


# --- Headers of HTTP ---


def _check_listed(value: str) -> None:
    told = _told({"HTTP_X_FORWARDED_FOR": value})
    if told.node.host not in TRUSTED:
        behind = _told({"HTTP_X_FORWARDED_FOR": f"192.0.2.66, {value}"})
        assert behind == told, "what a client writes ahead of it makes no difference"
    if not told.fault:
        _check_both(told, value)


def _check_both(told: Told, value: str) -> None:
    """With a header beside it that names another client, the proxy is all that is known."""
    beside = _told({"HTTP_X_FORWARDED_FOR": value, "HTTP_FORWARDED": "for=192.0.2.77"})
    assert beside == (told if told.node == Node("192.0.2.77", 0) else beside)
    assert beside.fault == ("" if told.node.host == "192.0.2.77" else "both")


def _check_forwarded(value: str) -> None:
    told = _told({"HTTP_FORWARDED": value})
    if told.node.host not in TRUSTED:
        assert _told({"HTTP_FORWARDED": f"for=192.0.2.66;proto=http, {value}"}) == told, "as with the other header"
    if told.fault == "malformed" and told.node == PROXY:
        assert _told({"HTTP_FORWARDED": f"for=192.0.2.66, {value}"}).node == PROXY, "what nobody can read names nobody"


def _told(headers: Mapping[str, str]) -> Told:
    told = client_behind(PROXY, headers, TRUSTED)
    host = ip_address(told.node.host)
    assert str(host) == told.node.host
    assert 0 <= told.node.port < 2**16
    assert told.fault in {"", "malformed", "hidden", "hops", "both"}
    if told.fault:
        assert told.node.host in TRUSTED, "beyond a fault nobody is believed"
    if told.node != PROXY:
        assert any(_is_written(host.compressed, value) for value in headers.values()), "nobody is made up"
    return told


def _is_written(host: str, value: str) -> bool:
    """Whether an address stands in a header, in whatever form."""
    words = re.findall(r"[0-9A-Fa-f:.]+", value.replace("\\", ""))
    return any(host in _forms(word) or host in _forms(word.rpartition(":")[0]) for word in words)


def _forms(word: str) -> set[str]:
    try:
        ip = ip_address(word)
    except ValueError:
        return set()
    mapped = getattr(ip, "ipv4_mapped", None)
    return {ip.compressed, "" if mapped is None else mapped.compressed}


# --- Inputs ---

BEGIN_2 = b"\r\n\r\n\x00\r\nQUIT\n"
HOSTS = (
    b"192.0.2.1",
    b"10.1.2.3",
    b"fd00::2",
    b"2001:db8::7",
    b"::ffff:10.0.0.9",
    b"::ffff:192.0.2.9",
    b"unknown",
    b"_hidden",
    b"256.1.1.1",
    b"",
)
WORDS = (
    *HOSTS,
    *(
        b"for=",
        b"For=",
        b"by=",
        b"proto=http",
        b'"',
        b'\\"',
        b"[",
        b"]",
        b":",
        b":80",
        b":_port",
        b":99999",
        b",",
        b", ",
        b";",
        b" ",
        b"\t",
        b"=",
    ),
    *(
        b"PROXY ",
        b"TCP4 ",
        b"TCP6 ",
        b"UNKNOWN",
        b" 80",
        b" 65536",
        b" 0",
        b"\r\n",
        BEGIN_2,
        b"\x21",
        b"\x20",
        b"\x11",
        b"\x31",
        b"\x00",
        b"\x0c",
        b"\xff",
    ),
)


def mutate(data: bytes, size: int, random: Random, havoc: Havoc) -> bytes:
    """Change the words of the header; now and then any byte of it, or what it is."""
    kind = data[:1] if random.random() < 0.9 else random.choice((b"\x00", b"\x01", b"\x07", b"\x80", b"\x81"))
    if random.random() < 0.25:
        return (kind + havoc(data[1:], max(1, size - 1)))[:size]
    words = splice(re.findall(rb"[0-9A-Za-z.]+|[^0-9A-Za-z.]", data[1:], re.DOTALL), lambda: random.choice(WORDS), random)
    return (kind + b"".join(words))[:size]


def seeds() -> Iterator[bytes]:
    """Headers of every kind, good and not quite."""
    four = bytes([192, 0, 2, 1, 10, 0, 0, 1]) + (4000).to_bytes(2) + (443).to_bytes(2)
    six = bytes(15) + b"\x01" + bytes(15) + b"\x02" + (4000).to_bytes(2) + (443).to_bytes(2)
    versions: tuple[bytes, ...] = (
        b"PROXY TCP4 192.0.2.1 10.0.0.1 4000 443\r\nGET /",
        b"PROXY TCP6 2001:db8::7 fd00::1 4000 443\r\n",
        b"PROXY UNKNOWN and more\r\n",
        b"PROXY TCP4 2001:db8::7 10.0.0.1 4000 443\r\n",
        b"PROXY TCP4 192.0.2.1 10.0.0.1 65536 443\r\n",
        b"PROXY UDP4 192.0.2.1 10.0.0.1 1 1\r\n",
        b"PROXY " + b"x" * 120,
        b"GET /ws HTTP/1.1\r\n",
        b"PROXY TCP4 192",
    )
    for command, kind, addresses in ((0x21, 0x11, four), (0x20, 0x00, b""), (0x21, 0x21, six), (0x21, 0x31, bytes(216)), (0x21, 0x00, b"")):
        for length in (len(addresses), len(addresses) + 5, max(0, len(addresses) - 1), MOST_BYTES):
            versions += (BEGIN_2 + bytes([command, kind]) + length.to_bytes(2) + addresses + b"\x04\x00\x02ab",)
    versions += (BEGIN_2 + b"\x31\x11\x00\x0c" + four, BEGIN_2 + b"\x21\x77\x00\x0c" + four)
    for size in (b"\x00", b"\x01", b"\x07"):
        for header in versions:
            yield size + header
    for value in (
        b"192.0.2.1",
        b"192.0.2.1, 10.1.2.3",
        b"unknown, 10.1.2.3",
        b"[2001:db8::7]:80, fd00::2",
        b"x",
        b"",
        b",",
        b", ".join([b"10.1.2.3"] * (MOST_HOPS + 2)),
    ):
        yield bytes([LISTED]) + value
        yield bytes([FORWARDED]) + b", ".join(b'for="' + each + b'"' for each in value.split(b", "))
    for value in (
        b"for=192.0.2.1;proto=https, for=10.1.2.3",
        b'for="[2001:db8::7]:_p";by=x',
        b"proto=http",
        b"for=a;for=b",
        b'for="',
        b'for=_hidden, For="10.1.2\\.3"',
    ):
        yield bytes([FORWARDED]) + value
