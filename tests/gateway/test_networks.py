import ipaddress

import pytest

from gateway.networks import Networks, ip_of, network_from


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_is_read_and_a_mapped_one_is_what_it_stands_for(host: str, address: str) -> None:
    assert ip_of(host) == ipaddress.ip_address(address)


@pytest.mark.parametrize("host", ["", "localhost", "192.0.2", "192.0.2.01", "[::1]", "/run/signal.sock", "1"])
def test_what_is_no_address_is_none(host: str) -> None:
    assert ip_of(host) is None


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("192.0.2.1", "192.0.2.1/32"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("::1", "::1/128"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::/90", "::/90"),
    ],
)
def test_a_network_is_written_with_its_prefix_or_is_a_single_address(text: str, network: str) -> None:
    assert network_from(text) == ipaddress.ip_network(network)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("10.0.0.1/8", "the network is 10.0.0.0/8"),
        ("2001:db8::1/32", "the network is 2001:db8::/32"),
        ("10.0.0.0/33", "neither"),
        ("10.0.0", "neither"),
        ("localhost", "neither"),
    ],
)
def test_what_is_no_network_is_refused_with_what_to_write(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        network_from(text)


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8:1::1", True),
        ("11.0.0.1", False),
        ("2001:db9::1", False),
        ("proxy.example", False),
        ("", False),
    ],
)
def test_addresses_of_both_families_are_found_in_a_list(host: str, inside: bool) -> None:
    assert (host in Networks(["192.0.2.1", "10.0.0.0/8", "2001:db8::/32"])) is inside


def test_an_empty_list_is_false_and_holds_nobody() -> None:
    assert not Networks([])
    assert "10.0.0.1" not in Networks([])
    assert Networks(["10.0.0.0/8"])
