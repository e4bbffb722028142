"""Tokens: JSON Web Tokens (RFC 7519) whose signature is judged before anything that they say.

Text, keys and time come in, a verdict goes out. A token that no key has signed learns nothing: unknown tenant, unknown key and bad
signature are one answer and about the same work, the verification of a signature of the kind that the token says it has.
"""

import secrets
from functools import cache
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from gateway.keys import HASH_BYTES, RSA_BITS, Key, KeySet

__all__ = ["ALGORITHMS", "TOKEN_CHARACTERS", "NotValid", "claimed_tenant", "verified"]

ALGORITHMS = ("HS256", "HS384", "HS512", "EdDSA", "ES256", "RS256")

TOKEN_CHARACTERS = 8192
"""Longest token; `limits.header_bytes` bounds it, too."""

_SIGNATURES = jwt.PyJWS(algorithms=ALGORITHMS)


class NotValid(Exception):
    """A token that no key of the tenant has signed. It does not say why: whoever made the token up should not learn it."""


def claimed_tenant(token: str) -> str | None:
    """The tenant that a token names, before anybody knows whether it may: it says only whose keys to judge it with."""
    if len(token) > TOKEN_CHARACTERS:
        return None
    try:
        claims = _claims(_SIGNATURES.decode_complete(token, options={"verify_signature": False})["payload"])
    except (jwt.PyJWTError, UnicodeError, NotValid):
        return None
    tenant = claims.get("tenant")
    return tenant if isinstance(tenant, str) and tenant else None


def verified(token: str, keys: KeySet | None) -> dict[str, Any]:
    """The claims of a token that one of `keys` has signed; None stands for the keys of a tenant that is not there.

    Raises:
        NotValid: it is too long, no token, or not signed with one of these keys.

    """
    if len(token) > TOKEN_CHARACTERS:
        raise NotValid
    try:
        header = _SIGNATURES.get_unverified_header(token)
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise NotValid
        key = None if keys is None else keys.find(kid, algorithm)
        judged = key or _no_ones(algorithm)
        payload: bytes = _SIGNATURES.decode_complete(token, judged.material, algorithms=[judged.algorithm])["payload"]
    except (jwt.PyJWTError, UnicodeError):  # UnicodeError: a lone surrogate
        raise NotValid from None
    if key is None:
        raise NotValid
    return _claims(payload)


def _claims(payload: bytes) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = msgspec.json.decode(payload, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise NotValid from None
    return claims


@cache
def _no_ones(algorithm: str) -> Key:
    """A key that has signed nothing, to spend the same time with."""
    if algorithm in HASH_BYTES:
        return Key("", algorithm, secrets.token_bytes(HASH_BYTES[algorithm]))
    if algorithm == "EdDSA":
        return Key("", algorithm, Ed25519PrivateKey.generate().public_key())
    if algorithm == "ES256":
        return Key("", algorithm, generate_private_key(SECP256R1()).public_key())
    # An odd number of the right length and no product of two primes: to make a real key takes a tenth of a second.
    modulus = secrets.randbits(RSA_BITS) | 1 << (RSA_BITS - 1) | 1
    return Key("", algorithm, RSAPublicNumbers(65_537, modulus).public_key())
