"""The rules between keys: what contradicts itself is refused, and a default makes way for what is set."""

from pathlib import Path

import pytest

from gateway.config import Tls, load, render
from gateway.pages import demo_pages
from tests.certificates import self_signed
from tests.gateway.config_problems import problems


@pytest.mark.parametrize(
    ("overrides", "key", "says"),
    [
        (
            {"heartbeat.expire_after": "25", "heartbeat.ping_interval": "25"},
            "heartbeat.expire_after",
            "25.0 must be more than heartbeat.ping_interval (25.0)",
        ),
        (
            {"heartbeat.close_after": "60", "heartbeat.expire_after": "60"},
            "heartbeat.close_after",
            "60.0 must be more than heartbeat.expire_after (60.0)",
        ),
        (
            {"limits.register_timeout": "1", "heartbeat.challenge_timeout": "1"},
            "limits.register_timeout",
            "1.0 must be more than heartbeat.challenge_timeout (1.0)",
        ),
        (
            {"limits.outbox_bytes": "67583", "limits.message_bytes": "65536"},
            "limits.outbox_bytes",
            "67583 must be at least 2048 more than limits.message_bytes (65536)",
        ),
        (
            {"limits.bytes_burst": "65535", "limits.message_bytes": "65536"},
            "limits.message_bytes",
            "65536 must not be more than limits.bytes_burst (65535)",
        ),
        (
            {"limits.handshakes": "10", "limits.handshakes_per_address": "11"},
            "limits.handshakes_per_address",
            "11 must not be more than limits.handshakes (10)",
        ),
        (
            # One that made way for another is told as such.
            {"heartbeat.ping_interval": "100", "heartbeat.close_after": "30"},
            "heartbeat.close_after",
            "30.0 must be more than heartbeat.expire_after (200.0)",
        ),
        (
            {"limits.connections": "10", "limits.connections_per_address": "11"},
            "limits.connections_per_address",
            "11 must not be more than limits.connections (10)",
        ),
    ],
)
def test_values_that_contradict_each_other_are_refused(overrides: dict[str, str], key: str, says: str) -> None:
    (problem,) = problems(overrides)

    assert problem.key == key
    assert says in problem.what
    assert problem.mend


@pytest.mark.parametrize(
    "overrides",
    [
        {"heartbeat.expire_after": "25.01", "heartbeat.ping_interval": "25"},
        {"limits.outbox_bytes": "67584", "limits.message_bytes": "65536"},
        {"limits.bytes_burst": "65536", "limits.message_bytes": "65536"},
        {"limits.connections": "10", "limits.connections_per_address": "10"},
        # Alone: no default stands in the way of a value.
        {"limits.connections": "10"},
        {"heartbeat.expire_after": "2"},
        {"heartbeat.close_after": "5"},
        {"limits.outbox_bytes": "32768"},
    ],
)
def test_values_that_just_agree_are_taken(overrides: dict[str, str]) -> None:
    config = load(None, {}, overrides)

    for name, text in overrides.items():
        section, key = name.split(".")
        assert getattr(getattr(config, section), key) == float(text)


def test_tls_needs_both_files(tmp_path: Path) -> None:
    (problem,) = problems({"server.tls.cert": str(self_signed(tmp_path).cert)})

    assert (problem.key, problem.what) == ("server.tls.key", "is missing and has no default")


def test_tls_files_must_be_there(tmp_path: Path) -> None:
    cert, key = problems({"server.tls.cert": str(tmp_path / "absent.pem"), "server.tls.key": str(tmp_path)})

    assert cert.what == f"'{tmp_path}/absent.pem' cannot be found (No such file or directory)"
    assert key.what == f"'{tmp_path}' is not a file"


def test_a_tls_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = self_signed(tmp_path)
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root, who may run the tests, can read everything

    cert, key = problems({"server.tls.cert": str(made.cert), "server.tls.key": str(made.key)})

    assert cert.what == f"'{made.cert}' may not be read by this user"
    assert key.what == f"'{made.key}' may not be read by this user"


def test_a_path_with_nul_is_refused(tmp_path: Path) -> None:
    (problem,) = problems({"server.tls.cert": "a\0b", "server.tls.key": str(self_signed(tmp_path).key)})

    assert problem.what.startswith("'a\\x00b' cannot be found")


def test_tls_files_that_are_a_pair_are_taken(tmp_path: Path) -> None:
    made = self_signed(tmp_path)

    assert load(None, {}, {"server.tls.cert": str(made.cert), "server.tls.key": str(made.key)}).server.tls == Tls(
        str(made.cert), str(made.key)
    )


def test_tls_files_that_are_no_pair_are_refused_before_the_start(tmp_path: Path) -> None:
    ours, other, locked = self_signed(tmp_path), self_signed(tmp_path, "other"), self_signed(tmp_path, "locked", password="hunter2")
    noise = tmp_path / "noise.pem"
    noise.write_text("no PEM")

    for cert, key, reason in (
        (ours.cert, other.key, "KEY_VALUES_MISMATCH"),
        (locked.cert, locked.key, ""),
        (noise, ours.key, ""),
        (ours.cert, noise, ""),
    ):
        (problem,) = problems({"server.tls.cert": str(cert), "server.tls.key": str(key)})
        assert (problem.key, problem.origin) == ("server.tls.cert", "--set server.tls.cert; server.tls.key: --set server.tls.key")
        assert problem.what.startswith(f"'{cert}' and '{key}' cannot be used together ({reason}")


@pytest.mark.parametrize(
    ("overrides", "others"),
    [
        ({"heartbeat.expire_after": "10"}, {"ping_interval": 5, "close_after": 600}),
        ({"heartbeat.expire_after": "1000"}, {"ping_interval": 25, "close_after": 10_000}),
        ({"heartbeat.ping_interval": "400"}, {"expire_after": 800, "close_after": 8000}),
        ({"heartbeat.close_after": "20"}, {"expire_after": 2, "ping_interval": 1}),
        ({"heartbeat.ping_interval": "40"}, {"expire_after": 60, "close_after": 600}),
        ({"limits.message_bytes": "1048576"}, {"outbox_bytes": 4_194_304, "bytes_burst": 4_194_304}),
        ({"limits.message_bytes": "8388608"}, {"outbox_bytes": 33_554_432, "bytes_burst": 8_388_608}),
        ({"limits.outbox_bytes": "4096"}, {"message_bytes": 1024}),
        ({"limits.bytes_burst": "1000"}, {"message_bytes": 1000, "outbox_bytes": 262_144}),
        ({"limits.connections": "10"}, {"connections_per_address": 10}),
        ({"limits.handshakes": "10"}, {"handshakes_per_address": 10}),
    ],
)
def test_a_default_makes_way_for_what_is_set(tmp_path: Path, overrides: dict[str, str], others: dict[str, float]) -> None:
    config = load(None, {}, overrides)

    section = getattr(config, next(iter(overrides)).partition(".")[0])
    assert {name: getattr(section, name) for name in others} == others
    file = tmp_path / "shown.toml"
    file.write_text(render(config), "utf-8")
    assert load(file, {}, {}) == config


@pytest.mark.parametrize("listen", ["", "127.0.0.1:8081", "localhost:8081", "[::1]:0"])
def test_operators_of_this_machine_need_no_token(listen: str) -> None:
    assert load(None, {}, {"operator.listen": listen}).operator.listen == listen


@pytest.mark.parametrize("listen", ["0.0.0.0:8081", "[::]:8081", "10.0.0.1:8081", "ops.example.org:8081"])
def test_operators_who_come_over_the_network_need_one(listen: str) -> None:
    (problem,) = problems({"operator.listen": listen})
    assert problem.key == "operator.listen"
    assert "a token must be asked for" in problem.what
    assert "PSYNC_OPERATOR__TOKEN" in problem.mend
    config = load(None, {"PSYNC_OPERATOR__TOKEN": "s3cret"}, {"operator.listen": listen})
    assert config.operator.token.reveal() == "s3cret"
    assert "s3cret" not in render(config)


@pytest.mark.parametrize(
    ("listen", "says"),
    [("127.0.0.1:65536", "a port from 0 to 65535"), ("127.0.0.1", "expected HOST:PORT"), ("::1:80", "expected HOST:PORT")],
)
def test_an_address_of_operators_that_is_none_is_refused(listen: str, says: str) -> None:
    (problem,) = problems({"operator.listen": listen})
    assert problem.key == "operator.listen"
    assert says in problem.what


@pytest.mark.parametrize(
    ("networks", "says"),
    [
        ("10.0.0.1/8", "item 1: '10.0.0.1/8' has bits set beyond its prefix; the network is 10.0.0.0/8"),
        ("127.0.0.1, 10.0.0.0/33", "item 2: '10.0.0.0/33' is neither an IP network nor an IP address"),
        ("0.0.0.0/0", "item 1: '0.0.0.0/0' is everybody"),
        ("::1,::/0", "item 2: '::/0' is everybody"),
    ],
)
def test_a_trusted_proxy_that_is_no_network_or_is_everybody_is_refused(networks: str, says: str) -> None:
    (problem,) = problems({"server.trusted_proxies": networks})

    assert problem.key == "server.trusted_proxies"
    assert says in problem.what
    assert "10.1.0.0/16" in problem.mend


def test_networks_and_addresses_of_both_families_are_trusted_proxies() -> None:
    networks = ("127.0.0.1", "10.0.0.0/8", "2001:db8::/32", "::ffff:10.0.0.1")

    assert load(None, {}, {"server.trusted_proxies": ",".join(networks)}).server.trusted_proxies == networks


@pytest.mark.parametrize("proxies", [{}, {"server.trusted_proxies": ""}])
def test_a_header_that_nobody_is_trusted_to_send_is_refused(proxies: dict[str, str]) -> None:
    (problem,) = problems({"server.proxy_protocol": "true", **proxies})

    assert problem.key == "server.proxy_protocol"
    assert "nobody could connect: server.trusted_proxies is empty" in problem.what
    assert ("server.trusted_proxies: default" in problem.origin) == (not proxies)


@pytest.mark.parametrize(
    "overrides", [{"server.proxy_protocol": "false"}, {"server.proxy_protocol": "true", "server.trusted_proxies": "::1"}]
)
def test_a_header_that_somebody_is_trusted_to_send_or_that_is_not_asked_for_is_taken(overrides: dict[str, str]) -> None:
    assert load(None, {}, overrides).server.proxy_protocol == (overrides["server.proxy_protocol"] == "true")


# --- The demo ---


def test_the_demo_is_refused_where_clients_need_a_token_which_its_page_has_not() -> None:
    (problem,) = problems({"server.demo": "true", "auth.mode": "token"})
    assert (problem.key, problem.what) == ("server.demo", "nobody could join: its page has no token, and auth.mode asks for one")
    assert load(None, {}, {"server.demo": "true"}).server.demo
    assert not load(None, {}, {"auth.mode": "token"}).server.demo


def test_the_demo_is_refused_where_its_pages_are_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(demo_pages, "__defaults__", (tmp_path,))
    (problem,) = problems({"server.demo": "true"})
    assert (problem.key, problem.what) == ("server.demo", f"{tmp_path}/demo.html cannot be read (No such file or directory)")
