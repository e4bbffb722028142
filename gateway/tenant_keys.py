"""The keys of a tenant, from its section of the config. Files and variables are read at start and at each reload: so keys are changed."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.config_problems import ConfigError, Problem
from gateway.exposure import is_exposed
from gateway.keys import Key, KeySet, UnusableKey, key_of_pem, key_of_secret, keys_of_jwks

if TYPE_CHECKING:
    from gateway.config_tenants import KeyConfig, TenantConfig

__all__ = ["key_fault", "key_of", "key_set", "set_fault"]

logger = logging.getLogger("gateway.keys")


def key_of(config: "KeyConfig", environ: Mapping[str, str]) -> Key:
    """The key that a table of the config describes.

    Raises:
        UnusableKey: it is none, or too weak.
        OSError, KeyError: its file cannot be read, its variable is not set.

    """
    if config.public_key_file:
        return key_of_pem(config.kid, config.algorithm, Path(config.public_key_file).read_bytes())
    return key_of_secret(config.kid, config.algorithm, _secret(config, environ))


def key_fault(config: "KeyConfig", environ: Mapping[str, str]) -> str | None:
    """What is wrong with a key that is there; None when it can be used."""
    try:
        key_of(config, environ)
    except UnusableKey as unusable:
        return str(unusable)
    return None


def set_fault(jwks_file: str, kids: set[str]) -> str | None:
    """What is wrong with a JSON Web Key Set that is there, beside keys of these names; None when it can be used."""
    try:
        taken = sorted(kids & {key.kid for key in keys_of_jwks(Path(jwks_file).read_bytes())})
    except UnusableKey as unusable:
        return str(unusable)
    return f"the kid {taken[0]!r} is that of a key in `keys`, too" if taken else None


def key_set(name: str, config: "TenantConfig", environ: Mapping[str, str]) -> KeySet:
    """All keys of the tenant `name`. Of each file with a secret that others may read the log tells: they could make tokens.

    Raises:
        ConfigError: a key that was good when the config was judged has changed since.

    """
    try:
        keys = [key_of(key, environ) for key in config.keys]
        if config.jwks_file:
            keys += keys_of_jwks(Path(config.jwks_file).read_bytes())
    except (UnusableKey, OSError, KeyError) as error:
        raise ConfigError(
            [Problem(f"tenants.{name}.keys", "read again", str(error), "Try once more when its files are all there.")]
        ) from None
    for key in config.keys:
        if key.secret_file:
            _warn_of_readable(name, key.kid, key.secret_file)
    return KeySet(keys)


def _secret(config: "KeyConfig", environ: Mapping[str, str]) -> str:
    if config.secret_env:
        return environ[config.secret_env]
    if not config.secret_file:
        return config.secret.reveal()
    try:
        return Path(config.secret_file).read_bytes().decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise UnusableKey("the secret is not text in UTF-8") from None


def _warn_of_readable(tenant: str, kid: str, file: str) -> None:
    if is_exposed(file):
        says = "other users may read the secret of key %s; take that right away: chmod 600 %s"
        logger.warning(says, kid, file, extra={"tenant": tenant})
