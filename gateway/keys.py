"""Keys that tokens are signed with: read from a secret, a PEM file or a JSON Web Key Set, each bound to one algorithm for good.

What a token says of its algorithm picks no way to verify it: it only has to be the one that the key is for (RFC 8725 section 3.1).
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import jwt
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

__all__ = ["HASH_BYTES", "PUBLIC", "Key", "KeySet", "UnusableKey", "key_of_pem", "key_of_secret", "keys_of_jwks"]

HASH_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
"""RFC 7518 section 3.2: an HMAC key has at least as many bytes as its hash."""

RSA_BITS = 2048
"""RFC 7518 section 3.3."""

PUBLIC = {
    "EdDSA": "an Ed25519 public key",
    "ES256": "a public key on the curve P-256",
    "RS256": f"an RSA public key of {RSA_BITS} bits or more",
}

_ONE_KIND = {"OKP": "EdDSA", "EC": "ES256", "RSA": "RS256"}  # RFC 7518 section 6.1, RFC 8037 section 2

Material = bytes | Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey


class UnusableKey(ValueError):
    """What should be a key is none that may be used; the text says why and shows nothing of it."""


class Key(NamedTuple):
    """One key. `kid` is its name in a token's header, `material` a secret or a public key."""

    kid: str
    algorithm: str
    material: Material

    def __repr__(self) -> str:
        return f"Key({self.kid!r}, {self.algorithm!r})"

    @property
    def fingerprint(self) -> bytes:
        """The same for the same key under whatever name."""
        encoded = (
            self.material
            if isinstance(self.material, bytes)
            else self.material.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        )
        return hashlib.sha256(self.algorithm.encode() + b":" + encoded).digest()


class KeySet:
    """The keys of one tenant: several, so that a new one can be in use before an old one goes."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = {key.kid: key for key in keys}
        self._only = next(iter(self._keys.values())) if len(self._keys) == 1 else None

    def __iter__(self) -> Iterator[Key]:
        """All of them, in the order of the config."""
        return iter(self._keys.values())

    def find(self, kid: str | None, algorithm: str) -> Key | None:
        """The key of this name, if it is for this algorithm. A token that names none is taken to mean the only key."""
        key = self._only if kid is None else self._keys.get(kid)
        return key if key is not None and key.algorithm == algorithm else None


def key_of_secret(kid: str, algorithm: str, secret: str) -> Key:
    """A key of HS256, HS384 or HS512.

    Raises:
        UnusableKey: it is too short, or is a key of another kind.

    """
    material, least = secret.encode(), HASH_BYTES[algorithm]
    if len(material) < least:
        raise UnusableKey(f"the secret has {len(material)} bytes and {algorithm} takes at least {least} (RFC 7518 section 3.2)")
    try:
        jwt.get_algorithm_by_name(algorithm).prepare_key(material)
    except jwt.InvalidKeyError:
        raise UnusableKey("the secret is a public key, a certificate or a JSON Web Key, which others may know") from None
    return Key(kid, algorithm, material)


def key_of_pem(kid: str, algorithm: str, pem: bytes) -> Key:
    """A key of EdDSA, ES256 or RS256.

    Raises:
        UnusableKey: it is no PEM of a public key of that kind.

    """
    if b" PRIVATE KEY-----" in pem:
        raise UnusableKey("this is a private key, which signs tokens and does not belong on a server that only judges them")
    try:
        material = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        raise UnusableKey("this is no public key in PEM") from None
    return Key(kid, algorithm, _checked(algorithm, material))


def keys_of_jwks(text: bytes) -> list[Key]:
    """The keys of a JSON Web Key Set (RFC 7517 section 5) that are for signatures.

    Raises:
        UnusableKey: it is no such set, has no key to use, or one that is secret, of an unknown kind, or without a `kid`.

    """
    try:
        entries = msgspec.json.decode(text, type=dict[str, Any]).get("keys")
    except (msgspec.DecodeError, RecursionError):
        entries = None
    if not isinstance(entries, list):
        raise UnusableKey("this is no JSON Web Key Set: an object with a list `keys` (RFC 7517 section 5)")
    keys = [_key_of_jwk(number, jwk) for number, jwk in enumerate(entries, 1) if not _is_for_encryption(jwk)]
    if not keys:
        raise UnusableKey("the set has no key for signatures")
    if len({key.kid for key in keys}) < len(keys):
        raise UnusableKey("two keys of the set have the same kid")
    return keys


def _is_for_encryption(jwk: object) -> bool:
    return isinstance(jwk, dict) and jwk.get("use") == "enc"


def _key_of_jwk(number: int, jwk: object) -> Key:
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str) or not jwk["kid"]:
        raise UnusableKey(f"key {number} of the set is no object with a `kid`")
    algorithm = _ONE_KIND.get(str(jwk.get("kty")))
    if algorithm is None:
        raise UnusableKey(f"key {number} of the set has none of the kinds (`kty`) {', '.join(_ONE_KIND)}; a secret belongs into `keys`")
    if "d" in jwk:
        raise UnusableKey(f"key {number} of the set is a private key; the set of a server has public ones")
    if jwk.get("alg", algorithm) != algorithm:
        raise UnusableKey(f"key {number} of the set is for another algorithm than {', '.join(PUBLIC)}")
    try:
        material = jwt.PyJWK.from_dict(jwk, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError):
        raise UnusableKey(f"key {number} of the set cannot be read") from None
    return Key(jwk["kid"], algorithm, _checked(algorithm, material))


def _checked(algorithm: str, material: object) -> Material:
    """The key, if it is one of that algorithm."""
    if algorithm == "EdDSA" and isinstance(material, Ed25519PublicKey):
        return material
    if algorithm == "ES256" and isinstance(material, EllipticCurvePublicKey) and isinstance(material.curve, SECP256R1):
        return material
    if algorithm == "RS256" and isinstance(material, RSAPublicKey) and material.key_size >= RSA_BITS:
        return material
    raise UnusableKey(f"{algorithm} takes {PUBLIC[algorithm]}, and this is none")
