"""The list of ICE servers as the W3C has it, and credentials as coturn makes them."""

import base64
import hashlib
import hmac
import json

import pytest

from gateway.ice import IceServer, IceServers, TurnSecret, url_fault

SECRET = b"north"
NOW = 1_700_000_000.9
TURN = TurnSecret(("turn:turn.example.org?transport=udp", "turns:turn.example.org:5349"), SECRET, 3600)
END = 1_700_003_600


def servers(ice: IceServers, peer_id: str = "ann", now: float = NOW) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = json.loads(ice(peer_id, now))
    return listed


def test_static_servers_are_listed_as_they_are_written() -> None:
    ice = IceServers([IceServer(("stun:stun.example.org",)), IceServer(("turn:a", "turn:b"), "user", "pass")], None)
    assert servers(ice) == [
        {"urls": ["stun:stun.example.org"]},
        {"urls": ["turn:a", "turn:b"], "username": "user", "credential": "pass"},
    ]


def test_credentials_are_made_of_the_secret_the_peer_and_the_moment_of_their_end() -> None:
    [turn] = servers(IceServers([], TURN))
    assert turn["urls"] == list(TURN.urls)
    assert turn["username"] == f"{END}:ann"
    assert turn["credential"] == base64.b64encode(hmac.new(SECRET, f"{END}:ann".encode(), hashlib.sha1).digest()).decode()


def test_later_ones_end_later_and_come_behind_the_static_servers() -> None:
    ice = IceServers([IceServer(("stun:a",))], TURN)
    first, later = (servers(ice, now=now)[1] for now in (NOW, NOW + 60))
    assert (first["username"], later["username"]) == (f"{END}:ann", f"{END + 60}:ann")
    assert first["credential"] != later["credential"]


@pytest.mark.parametrize(
    ("peer_id", "user"),
    [
        ("a b", "a%20b"),
        ("à", "%C3%A0"),
        ("100%", "100%25"),
        ("alice@example.org+b=c,d:1-2_3~4", "alice@example.org+b=c,d:1-2_3~4"),
        ("a\"'\\ or 1", "a%22%27%5C%20or%201"),
        ("acme/ann", "acme%2Fann"),
        ("x" * 300, "x" * 256),
        ("\U0001f600" * 128, "%F0%9F%98%80" * 21 + "%F0%"),
    ],
)
def test_a_user_name_is_short_and_of_characters_that_turn_servers_leave_alone(peer_id: str, user: str) -> None:
    [turn] = servers(IceServers([], TURN), peer_id)
    assert turn["username"] == f"{END}:{user}"
    assert len(str(turn["username"])) < 508


def test_namesakes_of_two_tenants_are_two_users_whatever_they_call_themselves() -> None:
    users = [
        servers(IceServers([], TURN._replace(tenant=tenant)), peer_id)[0]["username"]
        for tenant, peer_id in (("", "ann"), ("acme", "ann"), ("other", "ann"), ("", "acme/ann"), ("", "/acme/ann"))
    ]
    assert users == [f"{END}:{user}" for user in ("ann", "acme/ann", "other/ann", "acme%2Fann", "%2Facme%2Fann")]


@pytest.mark.parametrize(
    "url",
    [
        "stun:stun.example.org",
        "stun:192.0.2.1:3478",
        "stuns:[2001:db8::1]:5349",
        "turn:turn.example.org",
        "turn:turn.example.org:1?transport=udp",
        "turns:turn.example.org:65535?transport=tcp",
        "turn:[::1]?transport=tcp",
        "turn:localhost",
    ],
)
def test_a_url_of_rfc_7064_or_7065_is_taken(url: str) -> None:
    assert url_fault(url) is None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://stun.example.org", "is not stun:HOST"),
        ("STUN:a", "is not stun:HOST"),
        ("turn:a?transport=sctp", "is not stun:HOST"),
        ("turn:a?transport=udp&x=y", "is not stun:HOST"),
        ("stun:a?transport=udp", "names no host"),
        ("stun://a", "names no host"),
        ("stun:", "names no host"),
        ("turn:?transport=udp", "names no host"),
        ("turn:user@a", "names no host"),
        ("stun:2001:db8::1", "names no host"),
        ("stun:a b", "names no host"),
        ("stun:a\n", "is not stun:HOST"),
        ("turn:a:0", "no port"),
        ("turn:a:65536", "no port"),
    ],
)
def test_another_url_is_refused_and_told_how_to_write_it(url: str, says: str) -> None:
    assert says in str(url_fault(url))
