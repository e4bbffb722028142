"""The keys of a tenant come from its section, from files and from the environment, as they are at that moment."""

import json
import logging
from pathlib import Path

import pytest

from gateway.config_problems import ConfigError
from gateway.config_tenants import KeyConfig, TenantConfig
from gateway.config_text import Secret
from gateway.keys import UnusableKey
from gateway.tenant_keys import key_fault, key_of, key_set, set_fault
from tests.gateway.signed import PUBLIC_KINDS, SECRET, a_key, jwk, public_pem


def test_a_secret_comes_from_the_config_a_file_or_the_environment(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    inline = KeyConfig("k", "HS256", secret=Secret(SECRET))
    in_file = KeyConfig("k", "HS256", secret_file=str(tmp_path / "secret"))
    in_environ = KeyConfig("k", "HS256", secret_env="ACME")
    keys = [key_of(config, {"ACME": SECRET}) for config in (inline, in_file, in_environ)]
    assert [key.material for key in keys] == [SECRET.encode()] * 3


@pytest.mark.parametrize("algorithm", PUBLIC_KINDS)
def test_a_public_key_comes_from_a_file(algorithm: str, tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_bytes(public_pem(algorithm))
    config = KeyConfig("k", algorithm, public_key_file=str(tmp_path / "key.pub"))  # type: ignore[arg-type] # it is one of the kinds
    assert key_of(config, {}) == a_key(algorithm)


def test_a_secret_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff" * 64)
    with pytest.raises(UnusableKey, match="not text in UTF-8"):
        key_of(KeyConfig("k", "HS256", secret_file=str(tmp_path / "secret")), {})


def test_a_set_has_the_keys_of_both_places(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [jwk("EdDSA", "new")]}))
    config = TenantConfig(keys=(KeyConfig("old", "HS256", secret=Secret(SECRET)),), jwks_file=str(file))
    assert [key.kid for key in key_set("acme", config, {})] == ["old", "new"]
    assert set_fault(str(file), {"old"}) is None


def test_what_cannot_be_used_is_a_fault_of_the_config(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    file.write_text("{}")
    assert "no JSON Web Key Set" in str(set_fault(str(file), set()))
    file.write_text(json.dumps({"keys": [jwk("EdDSA", "k")]}))
    assert "the kid 'k' is that of a key in `keys`, too" in str(set_fault(str(file), {"k"}))
    assert "takes at least 32" in str(key_fault(KeyConfig("k", "HS256", secret=Secret("short")), {}))
    assert key_fault(KeyConfig("k", "HS256", secret=Secret(SECRET)), {}) is None


@pytest.mark.parametrize(
    "key",
    [
        KeyConfig("k", "HS256", secret_file="/nowhere"),
        KeyConfig("k", "HS256", secret_env="NOWHERE"),
        KeyConfig("k", "HS256", secret=Secret("short")),
    ],
)
def test_what_has_changed_since_the_config_was_judged_is_an_error_of_the_config(key: KeyConfig) -> None:
    with pytest.raises(ConfigError, match=r"tenants\.acme\.keys"):
        key_set("acme", TenantConfig(keys=(key,)), {})


@pytest.mark.parametrize(("mode", "lines"), [(0o600, 0), (0o640, 1), (0o604, 1)])
def test_a_secret_that_others_may_read_is_warned_of(mode: int, lines: int, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    file.chmod(mode)
    with caplog.at_level(logging.WARNING, "gateway.keys"):
        key_set("acme", TenantConfig(keys=(KeyConfig("k", "HS256", secret_file=str(file)),)), {})
    assert [record.levelname for record in caplog.records] == ["WARNING"] * lines
    assert SECRET not in caplog.text
