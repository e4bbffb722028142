"""Whom trusted proxies speak for: read from the right, up to the first address that is none of theirs, and never further than is sure."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.forwarded import MOST_HOPS, Node, Told, client_behind
from gateway.networks import Networks

PROXY = Node("10.0.0.1", 40000)
TRUSTED = Networks(["10.0.0.0/8", "2001:db8:ffff::/48"])
CLIENT = "192.0.2.60"


def behind(**headers: str) -> Told:
    return client_behind(PROXY, {f"HTTP_{name.upper()}": value for name, value in headers.items()}, TRUSTED)


def test_without_a_header_the_proxy_itself_is_all_that_is_known() -> None:
    assert behind(host="a") == Told(PROXY)


@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        (CLIENT, CLIENT, 0),
        (f"  {CLIENT}\t", CLIENT, 0),
        (f"{CLIENT}:4711", CLIENT, 4711),
        ("2001:db8::1", "2001:db8::1", 0),
        ("[2001:DB8::1]", "2001:db8::1", 0),
        ("[2001:db8::1]:4711", "2001:db8::1", 4711),
        ("::ffff:192.0.2.60", CLIENT, 0),
        (f"1.1.1.1, {CLIENT}", CLIENT, 0),
        (f"1.1.1.1, {CLIENT}, 10.9.9.9", CLIENT, 0),
        (f"1.1.1.1,{CLIENT},10.9.9.9:80,2001:db8:ffff::7,::ffff:10.1.1.1", CLIENT, 0),
        (f"nonsense, {CLIENT}", CLIENT, 0),
        (f", ,{CLIENT},, ,", CLIENT, 0),
        ("10.9.9.9", "10.9.9.9", 0),
        ("10.8.8.8, 10.9.9.9", "10.8.8.8", 0),
        ("", *PROXY),
    ],
)
def test_x_forwarded_for_is_read_from_the_right_and_the_first_that_is_not_listed_is_the_client(value: str, host: str, port: int) -> None:
    assert behind(x_forwarded_for=value) == Told(Node(host, port))


@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        # RFC 7239 section 4 and 7.1
        ("for=192.0.2.60;proto=http;by=203.0.113.43", CLIENT, 0),
        ('For="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17", 4711),
        ("for=192.0.2.43, for=198.51.100.17", "198.51.100.17", 0),
        ("for=192.0.2.43,for=198.51.100.17;by=203.0.113.60;proto=http;host=example.com", "198.51.100.17", 0),
        ('for="192.0.2.60:_obfport"', CLIENT, 0),
        (f"for=1.1.1.1, for={CLIENT}, for=10.9.9.9", CLIENT, 0),
        (f"FOR={CLIENT}", CLIENT, 0),
        (f"for={CLIENT}:4711", CLIENT, 4711),
        (f' ; for="{CLIENT}" ;\t, ', CLIENT, 0),
        (f'host="a, for=6.6.6.6";for={CLIENT}', CLIENT, 0),
        (rf'host="a\", for=6.6.6.6";for={CLIENT}', CLIENT, 0),
        (r'for="192.0.\2.60"', CLIENT, 0),
        ("", *PROXY),
    ],
)
def test_forwarded_is_read_by_its_grammar(value: str, host: str, port: int) -> None:
    assert behind(forwarded=value) == Told(Node(host, port))


@pytest.mark.parametrize("node", ["unknown", "UNKNOWN", "_hidden", "_SEVKISEK", "_a:_b", "unknown:80"])
def test_a_proxy_that_keeps_an_address_to_itself_is_the_last_that_is_known(node: str) -> None:
    assert behind(x_forwarded_for=node) == Told(PROXY, "hidden")
    assert behind(x_forwarded_for=f"{CLIENT}, {node}, 10.9.9.9") == Told(Node("10.9.9.9", 0), "hidden")
    assert behind(forwarded=f'for={CLIENT}, for="{node}", for="10.9.9.9:8"') == Told(Node("10.9.9.9", 8), "hidden")


@pytest.mark.parametrize("element", ["proto=https", "by=10.9.9.9;host=a"])
def test_an_element_that_names_no_client_hides_it(element: str) -> None:
    assert behind(forwarded=f"for={CLIENT}, {element}, for=10.9.9.9") == Told(Node("10.9.9.9", 0), "hidden")


@pytest.mark.parametrize(
    "node",
    [
        "localhost",
        "192.0.2.256",
        "192.0.2.060",
        "192.0.2",
        "1",
        "[192.0.2.60]",
        "[::1",
        "::1]",
        "[fe80::1%25eth0]",
        "fe80::1%eth0",
        "192.0.2.60:65536",
        "192.0.2.60:",
        "192.0.2.60:x",
        "[::1]:999999",
        "_",
        "_a b",
        "1" * 5000,
        ":" * 5000,
        "2001:db8:::1",
        "<script>",
    ],
)
def test_a_node_that_is_none_ends_the_chain_before_it(node: str) -> None:
    assert behind(x_forwarded_for=f"{CLIENT}, {node}, 10.9.9.9") == Told(Node("10.9.9.9", 0), "malformed")


@pytest.mark.parametrize(
    "value",
    [
        CLIENT,
        "for",
        "for=",
        f'for="{CLIENT}',
        f"for={CLIENT} x",
        f"for = {CLIENT}",
        f"for={CLIENT};for={CLIENT}",
        f"={CLIENT}",
        f'for="{CLIENT}"x',
        f"for={CLIENT};proto",
        f'for={CLIENT};host="a\\',
        'for="x',
        "f\xf6r=1.1.1.1",
        '"',
        "\\",
    ],
)
def test_a_forwarded_header_that_breaks_its_grammar_is_believed_in_nothing(value: str) -> None:
    for damaged in (value, f"{value}, for=10.9.9.9", f"for=10.9.9.9, {value}"):
        assert behind(forwarded=damaged) == Told(PROXY, "malformed")


def test_no_more_proxies_in_a_row_are_believed_than_may_be() -> None:
    most = [f"10.0.1.{number}" for number in range(MOST_HOPS)]
    assert behind(x_forwarded_for=", ".join(most)) == Told(Node(most[0], 0))
    assert behind(x_forwarded_for=", ".join([CLIENT, *most])) == Told(Node(most[0], 0), "hops")
    assert behind(x_forwarded_for=", ".join([CLIENT, *most[1:]])) == Told(Node(CLIENT, 0))


def test_two_headers_count_when_they_name_the_same_client() -> None:
    assert behind(forwarded=f"for=9.9.9.9, for={CLIENT}", x_forwarded_for=f"{CLIENT}:1") == Told(Node(CLIENT, 0))


@pytest.mark.parametrize(
    ("forwarded", "x_forwarded_for"),
    [
        ("for=6.6.6.6", CLIENT),  # the proxy writes X-Forwarded-For, and the client came with Forwarded
        (f"for={CLIENT}", "6.6.6.6"),
        (f"for={CLIENT}", "nonsense"),
        ("nonsense", CLIENT),
    ],
)
def test_two_headers_that_name_two_clients_leave_the_proxy(forwarded: str, x_forwarded_for: str) -> None:
    assert behind(forwarded=forwarded, x_forwarded_for=x_forwarded_for) == Told(PROXY, "both")


PARTS = st.sampled_from(["for", "=", '"', ",", ";", ":", "[", "]", "\\", " ", "_", "unknown", "10.0.0.1", CLIENT, "2001:db8::1", "\xff"])


@given(st.lists(PARTS, max_size=80).map("".join), st.lists(PARTS, max_size=80).map("".join))
def test_no_header_does_anything_but_name_an_address(forwarded: str, x_forwarded_for: str) -> None:
    for told in (behind(forwarded=forwarded), behind(x_forwarded_for=x_forwarded_for)):
        assert str(ipaddress.ip_address(told.node.host)) == told.node.host
        assert 0 <= told.node.port <= 65535
    assert behind(forwarded=forwarded, x_forwarded_for=x_forwarded_for).fault in {"", "malformed", "hidden", "both"}


@given(st.lists(PARTS, max_size=40).map("".join))
def test_what_a_client_claims_never_makes_it_another_than_the_proxy_saw(claimed: str) -> None:
    seen = "198.51.100.9"
    assert behind(x_forwarded_for=f"{claimed}, {seen}") == Told(Node(seen, 0))
    assert behind(forwarded=f'{claimed}, for="{seen}"').node in {Node(seen, 0), PROXY}
