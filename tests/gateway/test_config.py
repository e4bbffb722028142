from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import Config, Key, Server, is_open_on_network, keys_of, load, render
from gateway.config_text import toml
from tests.gateway.config_problems import problems

EVERY_INTERFACE = "0.0.0.0"  # noqa: S104 - no test listens there
KEYS = list(keys_of(Config))
NAMES = {
    "server": "host port reuse_port allowed_origins trusted_proxies proxy_protocol tenants_dir demo tls.cert tls.key",
    "heartbeat": "ping_interval expire_after close_after challenge_timeout",
    "limits": "message_bytes fragments json_depth elements id_length metadata_bytes messages_per_second messages_burst bytes_per_second "
    "bytes_burst registers_per_second registers_burst errors outbox_bytes send_buffer_bytes early_messages held_messages held_bytes "
    "hold_timeout mailbox connections connections_per_address handshakes handshakes_per_address memory_bytes connections_per_tenant "
    "tenant_messages_per_second tenant_messages_burst tenant_bytes_per_second tenant_bytes_burst peers_per_group "
    "peers_per_tenant groups_per_tenant "
    "token_failures_per_minute token_failures_burst handshake_timeout register_timeout message_timeout close_timeout header_bytes headers",
    "group": "on_duplicate hold_candidates candidates",
    "resume": "window queue_messages queue_bytes",
    "ice": "turn_urls secret secret_file secret_env ttl",
    "backplane": "url",
    "operator": "listen token",
    "log": "level format",
    "drain": "timeout reconnect_spread",
    "auth": "mode on_expiry leeway",
}


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
