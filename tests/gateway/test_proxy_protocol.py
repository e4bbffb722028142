"""The header as the specification lays it out, byte for byte, in any pieces; and that nothing else passes for one."""

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.proxy_protocol import MOST_BYTES, BadHeader, HeaderReader, Source

SIGNATURE = b"\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"
LOCAL, PROXY = 0x20, 0x21
WIDEST = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
IPV4 = bytes([192, 0, 2, 1, 198, 51, 100, 7]) + struct.pack("!HH", 56324, 443)
IPV6 = ipaddress.ip_address("2001:db8::1").packed + ipaddress.ip_address("2001:db8::2").packed + struct.pack("!HH", 56324, 443)
UNIX = b"/run/client".ljust(108, b"\0") + b"/run/server".ljust(108, b"\0")
TLVS = b"\x01\x00\x08http/1.1" + b"\x04\x00\x03\x00\x00\x00"  # PP2_TYPE_ALPN, PP2_TYPE_NOOP
CLIENT_4, CLIENT_6 = Source("192.0.2.1", 56324), Source("2001:db8::1", 56324)


def version_2(command: int, kind: int, addresses: bytes, length: int | None = None) -> bytes:
    return SIGNATURE + struct.pack("!BBH", command, kind, len(addresses) if length is None else length) + addresses


def read(data: bytes, *, piece: int = MOST_BYTES) -> tuple[Source | None, bytes]:
    """What a header says, and what lies behind it."""
    reader, at = HeaderReader(), 0
    while not reader.complete:
        taken = reader.take(data[at : at + piece])
        assert 1 <= taken <= piece
        at += taken
    return reader.source, data[at:]


HEADERS = {
    "TCP4": (b"PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n", CLIENT_4),
    "TCP4, the longest": (b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", Source("255.255.255.255", 65535)),
    "TCP6": (b"PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n", CLIENT_6),
    "TCP6, the longest": (f"PROXY TCP6 {WIDEST} {WIDEST} 65535 65535\r\n".encode(), Source(WIDEST, 65535)),
    "UNKNOWN": (b"PROXY UNKNOWN\r\n", None),
    "UNKNOWN, the longest": (f"PROXY UNKNOWN {WIDEST} {WIDEST} 65535 65535\r\n".encode(), None),
    "UNKNOWN, whatever comes before CRLF": (b"PROXY UNKNOWN \xff\n\rTCP4 1.2.3.4\r\n", None),
    "TCP over IPv4": (version_2(PROXY, 0x11, IPV4), CLIENT_4),
    "UDP over IPv4": (version_2(PROXY, 0x12, IPV4), CLIENT_4),
    "TCP over IPv6": (version_2(PROXY, 0x21, IPV6), CLIENT_6),
    "UDP over IPv6": (version_2(PROXY, 0x22, IPV6), CLIENT_6),
    "with TLVs": (version_2(PROXY, 0x11, IPV4 + TLVS), CLIENT_4),
    "Unix stream": (version_2(PROXY, 0x31, UNIX), None),
    "Unix datagram": (version_2(PROXY, 0x32, UNIX), None),
    "unspecified": (version_2(PROXY, 0x00, b""), None),
    "unspecified, with something to skip": (version_2(PROXY, 0x00, IPV4 + TLVS), None),
    "LOCAL": (version_2(LOCAL, 0x00, b""), None),
    "LOCAL, with addresses to skip": (version_2(LOCAL, 0x11, IPV4), None),
    "the longest that is taken": (version_2(PROXY, 0x11, IPV4 + bytes(MOST_BYTES - 28)), CLIENT_4),
}


@pytest.mark.parametrize("piece", [1, 2, 7, MOST_BYTES])
@pytest.mark.parametrize("name", HEADERS)
def test_a_header_says_who_the_client_is_and_what_lies_behind_it_stays(name: str, piece: int) -> None:
    header, source = HEADERS[name]
    assert read(header + b"\x16\x03\x01\r\n", piece=piece) == (source, b"\x16\x03\x01\r\n")


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_is_never_complete_before_its_end(name: str) -> None:
    header, _ = HEADERS[name]
    reader = HeaderReader()
    assert reader.take(header[:-1]) == len(header) - 1
    assert not reader.complete
    with pytest.raises(BadHeader, match="ended within"):
        reader.take(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"GET /ws HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00",
        b"proxy TCP4 192.0.2.1 198.51.100.7 1 2\r\n",
        b"PROXY\tTCP4 192.0.2.1 198.51.100.7 1 2\r\n",
        b"PROXY  TCP4 192.0.2.1 198.51.100.7 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.7 1  2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.7 1 2 \r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.7 1\r\n",
        b"PROXY TCP4 192.0.2.01 198.51.100.7 1 2\r\n",
        b"PROXY TCP4 192.0.2.256 198.51.100.7 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.256 1 2\r\n",
        b"PROXY TCP4 192.0.2 198.51.100.7 1 2\r\n",
        b"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
        b"PROXY TCP6 192.0.2.1 198.51.100.7 1 2\r\n",
        b"PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n",
        b"PROXY TCP6 2001:db8:::1 2001:db8::2 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.7 65536 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.7 1 65536\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.7 01 2\r\n",
        b"PROXY TCP4 192.0.2.1 198.51.100.7 -1 2\r\n",
        b"PROXY UDP4 192.0.2.1 198.51.100.7 1 2\r\n",
        b"PROXY UNKNOWNX\r\n",
        b"PROXY \r\n",
        b"PROXY UNKNOWN " + b"x" * 94,
        SIGNATURE[:-1] + b"X",
        version_2(0x11, 0x11, IPV4),
        version_2(0x22, 0x11, IPV4),
        version_2(PROXY, 0x10, IPV4),
        version_2(PROXY, 0x01, IPV4),
        version_2(PROXY, 0x13, IPV4),
        version_2(PROXY, 0x41, IPV4),
        version_2(LOCAL, 0x41, b""),
        version_2(PROXY, 0x11, IPV4[:-1]),
        version_2(PROXY, 0x21, IPV6[:-1]),
        version_2(PROXY, 0x31, UNIX[:-1]),
        version_2(PROXY, 0x11, b"", MOST_BYTES - 15),
        version_2(PROXY, 0x11, b"", 0xFFFF),
    ],
)
def test_what_breaks_a_rule_is_no_header(data: bytes) -> None:
    for piece in (1, MOST_BYTES):
        with pytest.raises(BadHeader):
            read(data, piece=piece)


@pytest.mark.parametrize("data", [b"G", b"\x16", b"PROXX", b"\r\n\r\n\x00\r\nQUIX", b"\n"])
def test_the_first_wrong_byte_is_enough(data: bytes) -> None:
    with pytest.raises(BadHeader, match="no PROXY protocol header"):
        HeaderReader().take(data)


BEGINNINGS = (b"", b"PROXY ", b"PROXY TCP4 ", b"PROXY UNKNOWN", SIGNATURE, SIGNATURE + b"\x21\x11\x00", SIGNATURE + b"\x21\x21\x00\x24")


@given(st.sampled_from(BEGINNINGS), st.binary(max_size=300), st.integers(1, 300))
def test_no_bytes_do_anything_but_make_a_header_want_more_or_be_refused(begin: bytes, data: bytes, piece: int) -> None:
    sent = begin + data
    try:
        source, behind = read(sent, piece=piece)
    except BadHeader:
        return
    assert sent.endswith(behind)
    assert len(sent) - len(behind) <= MOST_BYTES
    if source is not None:
        assert str(ipaddress.ip_address(source.host)) == source.host
        assert 0 <= source.port <= 65535


@given(st.ip_addresses(), st.ip_addresses(), st.integers(0, 65535), st.integers(0, 65535), st.binary(max_size=100), st.integers(1, 60))
def test_every_address_is_read_as_it_was_written(
    client: ipaddress.IPv4Address | ipaddress.IPv6Address,
    server: ipaddress.IPv4Address | ipaddress.IPv6Address,
    port: int,
    to: int,
    behind: bytes,
    piece: int,
) -> None:
    server = type(client)(int(server) % 2**client.max_prefixlen)
    addresses = client.packed + server.packed + struct.pack("!HH", port, to)
    second = version_2(PROXY, 0x11 if client.version == 4 else 0x21, addresses)
    first = f"PROXY TCP{client.version} {client} {server} {port} {to}\r\n".encode()
    for header in (first, second):
        assert read(header + behind, piece=piece) == (Source(str(client), port), behind)
