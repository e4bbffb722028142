"""Keys of every kind, made once, and tokens that they sign."""

import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.keys import Key, key_of_pem, key_of_secret

SECRET = "0123456789abcdef" * 4
PUBLIC_KINDS = ("EdDSA", "ES256", "RS256")
EVERY_KIND = ("HS256", "HS384", "HS512", *PUBLIC_KINDS)


@cache
def private_key(algorithm: str, which: int = 0) -> Any:  # noqa: ANN401 - one of three types
    """A private key of this kind; another one for another number."""
    if algorithm == "EdDSA":
        return Ed25519PrivateKey.generate()
    return generate_ec(SECP256R1()) if algorithm == "ES256" else generate_rsa(65_537, 2048)


def private_pem(algorithm: str, which: int = 0) -> bytes:
    pem: bytes = private_key(algorithm, which).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem


def public_pem(algorithm: str, which: int = 0) -> bytes:
    pem: bytes = private_key(algorithm, which).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def jwk(algorithm: str, kid: str, which: int = 0, **more: object) -> dict[str, Any]:
    """The public key as a JSON Web Key."""
    as_dict: dict[str, Any] = json.loads(jwt.get_algorithm_by_name(algorithm).to_jwk(private_key(algorithm, which).public_key()))
    return {**as_dict, "kid": kid, **more}


def a_key(algorithm: str, kid: str = "k", which: int = 0) -> Key:
    """What the server holds of this key."""
    if algorithm in PUBLIC_KINDS:
        return key_of_pem(kid, algorithm, public_pem(algorithm, which))
    return key_of_secret(kid, algorithm, f"{SECRET}{which}")


def token(algorithm: str = "HS256", *, kid: str | None = "k", which: int = 0, secret: str | None = None, **claims: Any) -> str:  # noqa: ANN401 - any JSON
    """A token that is good for an hour and for every group of `acme`, unless `claims` say otherwise; None leaves one out."""
    now = int(time.time())
    said = {"tenant": "acme", "groups": ["*"], "exp": now + 3600, **claims}
    material = private_key(algorithm, which) if algorithm in PUBLIC_KINDS else secret or f"{SECRET}{which}"
    return signed({name: value for name, value in said.items() if value is not None}, material, algorithm, kid)


def signed(claims: object, material: Any, algorithm: str, kid: str | None = "k", **header: object) -> str:  # noqa: ANN401 - of each kind
    """Any JSON as a token, signed with this key."""
    names = {**header, **({} if kid is None else {"kid": kid})}
    return jwt.PyJWS(algorithms=[algorithm]).encode(json.dumps(claims).encode(), material, algorithm, names)
