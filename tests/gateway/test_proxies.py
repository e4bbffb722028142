"""Who calls and who the client is, by what trusted proxies say; on socket pairs, and on a public port in this process."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT, PROTOCOL_TLS_SERVER

import pytest
from gevent.ssl import SSLContext

from gateway.operator.metrics import Counts
from gateway.proxies import Caller, Proxies, Unannounced
from tests.certificates import self_signed
from tests.gateway.door import Door, read_all, request, wait_for

NEAR = ("127.0.0.1", 5)
CLIENT = "192.0.2.60"
LINE = b"PROXY TCP4 192.0.2.60 198.51.100.7 56324 443\r\n"
FORWARDED = {"HTTP_X_FORWARDED_FOR": CLIENT}


def version_2(command: int, source: str = CLIENT) -> bytes:
    addresses = socket.inet_aton(source) + socket.inet_aton("198.51.100.7") + struct.pack("!HH", 56324, 443)
    return b"\r\n\r\n\x00\r\nQUIT\n" + struct.pack("!BBH", command, 0x11, 12) + addresses


def proxies(*networks: str, announced: bool = False) -> tuple[Proxies, Counts]:
    counts = Counts()
    return Proxies(networks, counts, announced=announced), counts


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


# --- Without a header of the PROXY protocol ---


@pytest.mark.parametrize(("networks", "speaks"), [((), False), (("10.0.0.0/8",), False), (("10.0.0.0/8", "127.0.0.0/8"), True)])
def test_only_from_a_listed_network_does_a_caller_speak_for_others(
    pair: tuple[socket.socket, socket.socket],
    networks: tuple[str, ...],
    speaks: bool,
) -> None:
    ours, _ = pair
    trusted, _ = proxies(*networks)
    caller = trusted.caller(ours, NEAR)
    assert caller == Caller(*NEAR, speaks)
    assert trusted.client(caller, FORWARDED) == (Caller(CLIENT, 0) if speaks else caller)


def test_a_mapped_address_and_one_with_more_to_it_are_found_in_the_list(pair: tuple[socket.socket, socket.socket]) -> None:
    trusted, _ = proxies("10.0.0.0/8", "fe80::/10")
    assert trusted.caller(pair[0], ("::ffff:10.0.0.1", 5, 0, 0)).speaks_for_others
    assert trusted.caller(pair[0], ("fe80::1%eth0", 5, 0, 2)).speaks_for_others


def test_what_is_not_believed_is_counted_by_its_fault() -> None:
    trusted, counts = proxies("127.0.0.0/8")
    caller = Caller(*NEAR, speaks_for_others=True)
    for value in ("nonsense", "unknown", CLIENT):
        trusted.client(caller, {"HTTP_X_FORWARDED_FOR": value})
    assert trusted.client(caller, {**FORWARDED, "HTTP_FORWARDED": "for=6.6.6.6"}) == Caller(*NEAR)
    assert counts.values()["forwarded_faults"] == {"malformed": 1, "hidden": 1, "both": 1}


# --- With one ---


@pytest.mark.parametrize("header", [LINE, version_2(0x21)])
def test_the_header_names_the_client_whose_own_headers_are_not_believed(pair: tuple[socket.socket, socket.socket], header: bytes) -> None:
    ours, theirs = pair
    theirs.sendall(header + b"\x16\x03\x01")
    trusted, _ = proxies("127.0.0.0/8", announced=True)
    caller = trusted.caller(ours, NEAR)
    assert caller == Caller(CLIENT, 56324)
    assert trusted.client(caller, {"HTTP_X_FORWARDED_FOR": "6.6.6.6"}) == caller
    assert ours.recv(100) == b"\x16\x03\x01"


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", version_2(0x20)])
def test_a_proxy_that_names_nobody_is_the_client_and_passes_on_what_others_wrote(
    pair: tuple[socket.socket, socket.socket], header: bytes
) -> None:
    ours, theirs = pair
    theirs.sendall(header)
    trusted, _ = proxies("127.0.0.0/8", announced=True)
    caller = trusted.caller(ours, NEAR)
    assert trusted.client(caller, FORWARDED) == Caller(*NEAR)


def test_a_listed_http_proxy_behind_a_tcp_proxy_speaks_for_others(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(version_2(0x21, "10.1.1.1"))
    trusted, _ = proxies("127.0.0.0/8", "10.0.0.0/8", announced=True)
    assert trusted.client(trusted.caller(ours, NEAR), FORWARDED) == Caller(CLIENT, 0)


def test_who_is_not_listed_is_not_even_read(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    theirs.sendall(LINE)
    trusted, _ = proxies("10.0.0.0/8", announced=True)
    with pytest.raises(Unannounced) as refused:
        trusted.caller(ours, NEAR)
    assert refused.value.reason == "proxy_unlisted"
    assert ours.recv(100) == LINE


@pytest.mark.parametrize("data", [request(), b"", LINE[:-1], version_2(0x2F)])
def test_a_connection_without_a_good_header_is_refused(pair: tuple[socket.socket, socket.socket], data: bytes) -> None:
    ours, theirs = pair
    theirs.sendall(data)
    theirs.shutdown(socket.SHUT_WR)
    trusted, _ = proxies("127.0.0.0/8", announced=True)
    with pytest.raises(Unannounced) as refused:
        trusted.caller(ours, NEAR)
    assert refused.value.reason == "proxy_protocol"


# --- At the public port ---


def test_connections_are_counted_by_the_client_behind_the_proxy(doors: Callable[..., Door]) -> None:
    door = doors(trusted_proxies=("127.0.0.1",), per_address=1)
    door.upgraded(request(x_forwarded_for="6.6.6.6, 192.0.2.60"))
    assert b" 429 " in door.ask(request(x_forwarded_for="7.7.7.7, 192.0.2.60"))
    door.upgraded(request(forwarded='for="[2001:db8::1]:4711"'))
    assert [admitted.address for _, _, admitted in door.accepted] == [CLIENT, "[2001:db8::1]:4711"]


def test_without_a_list_the_headers_say_nothing(doors: Callable[..., Door]) -> None:
    door = doors(per_address=1)
    door.upgraded(request(x_forwarded_for=CLIENT))
    assert b" 429 " in door.ask(request(x_forwarded_for="192.0.2.61"))
    assert door.accepted[0][2].address.startswith("127.0.0.1:")


def test_a_listed_proxy_has_as_many_handshakes_under_way_as_there_may_be_in_all(doors: Callable[..., Door]) -> None:
    door = doors(trusted_proxies=("127.0.0.1",), handshakes_per_address=1)
    for _ in range(3):
        door.client()
    wait_for(lambda: door.busy() == 3)
    door.upgraded(request())
    assert door.refusals() == {}


def test_handshakes_are_counted_by_the_client_that_a_header_names(doors: Callable[..., Door]) -> None:
    door = doors(trusted_proxies=("127.0.0.1",), proxy_protocol=True, handshakes_per_address=1)
    waiting = door.client()
    waiting.sendall(LINE)
    wait_for(lambda: door.busy() == 1)
    assert b" 429 " in door.ask(LINE)
    other = version_2(0x21, "192.0.2.61")
    door.upgraded(other + request())
    waiting.sendall(request())
    assert b"101 Switching Protocols" in waiting.recv(4096)
    assert [admitted.address for _, _, admitted in door.accepted] == ["192.0.2.61:56324", f"{CLIENT}:56324"]


def test_a_header_comes_before_tls(doors: Callable[..., Door], tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    server, client = SSLContext(PROTOCOL_TLS_SERVER), SSLContext(PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(certificate.cert, certificate.key)
    client.load_verify_locations(certificate.cert)
    door = doors(trusted_proxies=("127.0.0.1",), proxy_protocol=True, tls=server)
    plain = door.client()
    plain.sendall(version_2(0x21))
    secure = client.wrap_socket(plain, server_hostname="localhost")
    door.clients.append(secure)
    secure.sendall(request() + b"frames")
    assert b"101 Switching Protocols" in secure.recv(4096)
    [(_, data, admitted)] = door.accepted
    assert (data, admitted.address) == (b"frames", f"{CLIENT}:56324")


@pytest.mark.parametrize(("networks", "reason"), [(("127.0.0.1",), "proxy_protocol"), (("10.0.0.0/8",), "proxy_unlisted")])
def test_who_may_not_begin_so_is_closed_without_an_answer(doors: Callable[..., Door], networks: tuple[str, ...], reason: str) -> None:
    door = doors(trusted_proxies=networks, proxy_protocol=True)
    client = door.client()
    client.sendall(b"G")
    with suppress(ConnectionResetError):  # it may find the byte unread
        assert read_all(client) == b""
    assert door.refusals() == {reason: 1}


def test_a_header_that_does_not_come_is_ended_by_the_deadline_of_the_handshake(doors: Callable[..., Door]) -> None:
    door = doors(trusted_proxies=("127.0.0.1",), proxy_protocol=True, timeout=0.1)
    client = door.client()
    client.sendall(LINE[:20])
    assert read_all(client) == b""
    assert door.refusals() == {"handshake_timeout": 1}
