"""Where operators reach the server."""

import re

import pytest

from gateway.operator.address import LISTEN, Address, is_loopback


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8081", Address("127.0.0.1", 8081)),
        ("[::1]:0", Address("::1", 0)),
        ("[fe80::1%eth0]:65535", Address("fe80::1%eth0", 65535)),
        ("ops.example.org:1", Address("ops.example.org", 1)),
    ],
)
def test_an_address_is_read_and_written_the_same(text: str, address: Address) -> None:
    assert re.match(LISTEN, text)
    assert Address.read(text) == address
    assert str(address) == text


@pytest.mark.parametrize("text", ["127.0.0.1", ":8081", "a b:1", "::1:8081", "http://a:1", "a:x", "a:1\n"])
def test_what_is_no_address_does_not_fit(text: str) -> None:
    assert not re.match(LISTEN, text)


def test_nothing_fits_and_is_no_address() -> None:
    assert re.match(LISTEN, "")
    with pytest.raises(ValueError, match="is not HOST:PORT"):
        Address.read("")


def test_a_port_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="'a:65536' is not HOST:PORT with a port from 0 to 65535"):
        Address.read("a:65536")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST", "::ffff:127.0.0.1"])
def test_loopback_is_known_in_every_form(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org", "localhost.example.org", ""])  # noqa: S104 - nobody listens there
def test_everything_else_is_the_network(host: str) -> None:
    assert not is_loopback(host)
