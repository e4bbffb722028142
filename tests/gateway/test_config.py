from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import Config, ConfigError, Key, Problem, Server, Tls, is_open_on_network, keys_of, load, render
from gateway.config_text import toml
from tests.certificates import self_signed

EVERY_INTERFACE = "0.0.0.0"  # noqa: S104 - no test listens there
KEYS = list(keys_of(Config))
NAMES = {
    "server": "host port allowed_origins tls.cert tls.key",
    "heartbeat": "ping_interval expire_after close_after challenge_timeout",
    "limits": "message_bytes fragments json_depth elements id_length metadata_bytes messages_per_second messages_burst bytes_per_second "
    "bytes_burst registers_per_second registers_burst errors outbox_bytes send_buffer_bytes early_messages held_messages held_bytes "
    "hold_timeout mailbox connections connections_per_address handshakes handshakes_per_address memory_bytes peers_per_group "
    "peers_per_tenant groups_per_tenant handshake_timeout register_timeout message_timeout close_timeout header_bytes headers",
    "group": "on_duplicate hold_candidates",
    "backplane": "url",
    "log": "level format",
    "drain": "timeout",
}


def problems(overrides: dict[str, str]) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        load(None, {}, overrides)
    return list(caught.value.problems)


def test_the_keys_are_those_that_deployments_set() -> None:
    assert [key.name for key in KEYS] == [f"{section}.{name}" for section, names in NAMES.items() for name in names.split()]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_key_says_what_it_is_for_and_has_a_default_in_its_own_range(key: Key) -> None:
    assert key.description
    if not key.required:
        assert key.parse(toml(key.default).strip('"')) == key.default


def test_with_no_source_everything_has_its_default() -> None:
    assert load(None, {}, {}) == Config()


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        load(None, {}, {}).server.port = 1  # type: ignore[misc]  # that is the point


@pytest.mark.parametrize(
    ("key", "lowest", "highest", "beyond"),
    [
        ("server.port", "0", "65535", ["-1", "65536"]),
        ("heartbeat.challenge_timeout", "0.01", "60", ["0", "60.1", "nan", "inf", "-inf"]),
        ("limits.message_bytes", "64", "200000", ["63", "16777217"]),
        ("limits.json_depth", "1", "256", ["0", "257"]),
        ("limits.elements", "16", "1000000", ["15", "1000001"]),
        ("limits.id_length", "1", "255", ["0", "256"]),
        ("limits.metadata_bytes", "0", "65536", ["-1", "65537"]),
        ("limits.messages_per_second", "0.01", "1000000", ["0", "1000001", "nan"]),
        ("limits.headers", "8", "1000", ["7", "1001"]),
        ("drain.timeout", "0", "3600", ["-0.1", "3601"]),
    ],
)
def test_a_value_is_taken_up_to_its_bounds_and_refused_beyond(key: str, lowest: str, highest: str, beyond: list[str]) -> None:
    for text in (lowest, highest):
        section, name = key.split(".")
        assert getattr(getattr(load(None, {}, {key: text}), section), name) == float(text)

    for text in beyond:
        (problem,) = problems({key: text})
        assert problem.key == key
        assert problem.what.startswith("expected a")
        assert problem.what.endswith(f"got the string '{text}'")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "::1", "::", EVERY_INTERFACE, "localhost", "fe80::1%eth0", "signal.example.org", "::ffff:10.0.0.1"]
)
def test_an_address_or_a_name_is_a_host(host: str) -> None:
    assert load(None, {}, {"server.host": host}).server.host == host


@pytest.mark.parametrize("host", ["", "[::1]", "localhost:8080", "127.0.0.1:80", "http://localhost", "a b", "127.0.0.1\n", "tcp:"])
def test_what_is_neither_address_nor_name_is_no_host(host: str) -> None:
    (problem,) = problems({"server.host": host})

    assert "without brackets" in problem.what
    assert "no port" in problem.what


def test_origins_are_taken_as_browsers_send_them() -> None:
    origins = ("https://app.example.org", "http://localhost:5173", "http://[::1]:8080", "chrome-extension://abcdef")

    assert load(None, {}, {"server.allowed_origins": ",".join(origins)}).server.allowed_origins == origins


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "", "app.example.org", "https://a.org/", "https://A.org", "https://*.a.org", "https://a.org\\n", "https://user@a.org"],
)
def test_an_origin_that_no_browser_sends_is_refused_by_its_place_in_the_list(origin: str) -> None:
    (problem,) = problems({"server.allowed_origins": f'["https://good.example.org", "{origin}"]'})

    assert problem.what.startswith("item 2: expected an origin as browsers send it")


def test_another_backplane_than_memory_is_refused_in_so_many_words() -> None:
    (problem,) = problems({"backplane.url": "redis://user:hunter2@cache/0"})

    assert "expected 'memory://', the only backplane of this version" in problem.what
    assert "hunter2" not in str(problem)


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


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LOCALHOST", "::ffff:127.0.0.1"])
def test_a_loopback_address_is_not_open_on_the_network(host: str) -> None:
    assert not is_open_on_network(Config(server=Server(host=host)))


@pytest.mark.parametrize(
    "host", [EVERY_INTERFACE, "::", "10.0.0.1", "2001:db8::1", "fe80::1%eth0", "signal.example.org", "::ffff:10.0.0.1"]
)
def test_any_other_address_is_open_on_the_network(host: str) -> None:
    assert is_open_on_network(Config(server=Server(host=host)))


def values() -> Iterator[tuple[str, st.SearchStrategy[object]]]:
    yield "server.port", st.integers(0, 65535)
    yield "heartbeat.challenge_timeout", st.floats(0.01, 60)
    yield "limits.outbox_bytes", st.integers(4096, 10**7)
    yield "group.hold_candidates", st.booleans()
    yield "log.level", st.sampled_from(["debug", "info", "warning", "error"])
    yield "server.allowed_origins", st.lists(st.sampled_from(["https://a.example", "http://b.example:81"]))


@given(st.fixed_dictionaries(dict(values())))
def test_a_rendered_config_reads_back_as_itself(tmp_path_factory: pytest.TempPathFactory, given_values: dict[str, object]) -> None:
    overrides = {name: toml(tuple(value) if isinstance(value, list) else value).strip('"') for name, value in given_values.items()}
    config = load(None, {}, overrides)
    file = tmp_path_factory.mktemp("config") / "shown.toml"
    file.write_text(render(config, masked=False), "utf-8")

    assert load(file, {}, {}) == config
