"""`python -m gateway token`: signs a token with a key of a tenant, and prints it."""

import argparse
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from actors.grant import Cap
from gateway.config import ConfigError, load
from gateway.keys import Key, KeySet, UnusableKey
from gateway.tenant_keys import key_set
from gateway.tokens import TOKEN_CHARACTERS

__all__ = ["main"]

PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_MOST_DAYS = 3650


class _CannotSign(Exception):
    """There is no token to print; the text says why, and what to do."""


def main(arguments: Sequence[str]) -> int:
    """Run `token` with these arguments. Returns the exit code: 0, or 2 with the reason on standard error."""
    options = _parser().parse_args(arguments)
    try:
        print(_token(options))  # noqa: T201 - what the command is for
    except (ConfigError, UnusableKey, _CannotSign) as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command line talks
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gateway token", description="Sign a token with a key of a tenant.")
    parser.add_argument("--config", metavar="FILE", help="the config of the server")
    parser.add_argument("--tenant", required=True, metavar="NAME", help="whose client it is for")
    group = "a group that it may join, or the beginning of one and *; repeatable"
    parser.add_argument("--group", dest="groups", metavar="GROUP", action="append", required=True, help=group)
    parser.add_argument("--peer", metavar="ID", help="the one peer id that it may register; without it any")
    cap = "what it may do; repeatable; without it everything"
    parser.add_argument("--cap", dest="caps", choices=[str(each) for each in Cap], action="append", help=cap)
    parser.add_argument("--ttl", type=_seconds, default="1h", help="how long it is valid: 90s, 15m, 12h, 30d (default: 1h)")
    parser.add_argument("--kid", help="the key to sign with; without it the first that can")
    parser.add_argument("--private-key", type=Path, metavar="FILE", help="PEM file with what signs for a public key of the config")
    return parser


def _seconds(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,9})([smhd])", text)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 0 < seconds <= _MOST_DAYS * _SECONDS["d"]:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 90s, 15m, 12h or 30d, of at most {_MOST_DAYS} days")
    return seconds


def _token(options: argparse.Namespace) -> str:
    config = load(options.config, os.environ, {})
    tenant = config.tenants.get(options.tenant)
    if tenant is None:
        raise _CannotSign(f"there is no tenant {options.tenant!r} in the config; it has {', '.join(sorted(config.tenants)) or 'none'}")
    key, material = _signer(key_set(options.tenant, tenant, os.environ), options.kid, options.private_key)
    now = int(time.time())
    claims = {"tenant": options.tenant, "groups": options.groups, "iat": now, "exp": now + options.ttl}
    more = {"peer_id": options.peer, "caps": options.caps}
    given = {name: value for name, value in more.items() if value is not None}
    token = jwt.encode({**claims, **given}, material, key.algorithm, {"kid": key.kid})
    if len(token) > TOKEN_CHARACTERS:
        raise _CannotSign(f"the token has {len(token)} characters, and the server takes {TOKEN_CHARACTERS}; name fewer groups")
    return token


def _signer(keys: KeySet, kid: str | None, file: Path | None) -> tuple[Key, Any]:
    """A key of the tenant, and what signs for it: itself when it is a secret."""
    named = [key for key in keys if kid in {None, key.kid}]
    if not named:
        raise _CannotSign(f"there is no key {kid!r}; the tenant has {', '.join(key.kid for key in keys)}")
    if file is not None:
        private = _private_key(file)
        for key in named:
            if key.material == private.public_key():
                return key, private
        raise _CannotSign(f"{file} signs for no key of the tenant{f' that is named {kid}' if kid else ''}")
    secret = next((key for key in named if isinstance(key.material, bytes)), None)
    if secret is None:
        raise _CannotSign("a public key cannot sign; name its private key with --private-key")
    return secret, secret.material


def _private_key(file: Path) -> PrivateKey:
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise _CannotSign(f"{file} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it is encrypted
        raise _CannotSign(f"{file} is no private key in PEM without a password") from None
    if not isinstance(key, PrivateKey):
        raise _CannotSign(f"{file} is a key of a kind that signs no tokens here")
    return key
