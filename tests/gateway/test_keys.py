"""Each key is for one algorithm, and what is no key, or too weak a one, is refused in words that show nothing of it."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.keys import HASH_BYTES, KeySet, UnusableKey, key_of_pem, key_of_secret, keys_of_jwks
from tests.gateway.signed import EVERY_KIND, PUBLIC_KINDS, SECRET, a_key, jwk, private_pem, public_pem


def pem_of(private: object) -> bytes:
    pem: bytes = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined] # it has one
    return pem


@pytest.mark.parametrize("algorithm", HASH_BYTES)
def test_a_secret_has_at_least_as_many_bytes_as_the_hash_and_a_shorter_one_is_refused(algorithm: str) -> None:
    least = HASH_BYTES[algorithm]
    assert key_of_secret("k", algorithm, "s" * least).material == b"s" * least
    with pytest.raises(UnusableKey, match=rf"has {least - 1} bytes and {algorithm} takes at least {least} ") as refused:
        key_of_secret("k", algorithm, "s" * (least - 1))
    assert "sss" not in str(refused.value)


def test_a_secret_is_counted_in_bytes() -> None:
    assert key_of_secret("k", "HS256", "ä" * 16).material == "ä".encode() * 16


def test_a_secret_that_others_may_know_is_none() -> None:
    for known in (public_pem("RS256").decode(), json.dumps(jwk("EdDSA", "k"))):
        with pytest.raises(UnusableKey, match="others may know"):
            key_of_secret("k", "HS256", known)


@pytest.mark.parametrize("algorithm", PUBLIC_KINDS)
@pytest.mark.parametrize("kind", PUBLIC_KINDS)
def test_a_public_key_is_for_its_own_algorithm_alone(algorithm: str, kind: str) -> None:
    if algorithm == kind:
        assert key_of_pem("k", algorithm, public_pem(kind)).algorithm == algorithm
        return
    with pytest.raises(UnusableKey, match=f"{algorithm} takes"):
        key_of_pem("k", algorithm, public_pem(kind))


@pytest.mark.parametrize(
    ("algorithm", "pem"),
    [
        ("EdDSA", pem_of(Ed448PrivateKey.generate())),
        ("ES256", pem_of(generate_ec(SECP384R1()))),
        ("RS256", pem_of(generate_rsa(65_537, 1024))),  # noqa: S505 - that is what is refused
    ],
    ids=["Ed448", "P-384", "RSA of 1024 bits"],
)
def test_a_key_of_a_related_kind_or_too_weak_is_refused(algorithm: str, pem: bytes) -> None:
    with pytest.raises(UnusableKey, match="this is none"):
        key_of_pem("k", algorithm, pem)


@pytest.mark.parametrize("algorithm", PUBLIC_KINDS)
def test_a_private_key_is_not_taken_for_a_public_one(algorithm: str) -> None:
    with pytest.raises(UnusableKey, match="private key"):
        key_of_pem("k", algorithm, private_pem(algorithm))


@pytest.mark.parametrize("pem", [b"", b"secret", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", b"\xff\xfe"])
def test_what_is_no_pem_is_no_key(pem: bytes) -> None:
    with pytest.raises(UnusableKey, match="no public key in PEM"):
        key_of_pem("k", "EdDSA", pem)


def test_a_set_gives_every_key_that_is_for_signatures() -> None:
    entries = [jwk(kind, kind, alg=kind) for kind in PUBLIC_KINDS] + [jwk("ES256", "plain", use="sig"), {"use": "enc", "kty": "X"}]
    keys = keys_of_jwks(json.dumps({"keys": entries}).encode())
    assert [(key.kid, key.algorithm) for key in keys] == [*zip(PUBLIC_KINDS, PUBLIC_KINDS, strict=True), ("plain", "ES256")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no JSON Web Key Set"),
        ("[]", "no JSON Web Key Set"),
        ("{}", "no JSON Web Key Set"),
        ('{"keys": {}}', "no JSON Web Key Set"),
        ("[" * 5000, "no JSON Web Key Set"),
        ('{"keys": []}', "no key for signatures"),
        ('{"keys": [{"use": "enc"}]}', "no key for signatures"),
        ('{"keys": [1]}', "key 1 of the set is no object with a `kid`"),
        (json.dumps({"keys": [{**jwk("ES256", "a"), "kid": ""}]}), "with a `kid`"),
        (json.dumps({"keys": [{"kid": "a", "kty": "oct", "k": "c2VjcmV0"}]}), "a secret belongs into `keys`"),
        (json.dumps({"keys": [jwk("ES256", "a"), jwk("EdDSA", "b", d="AAAA")]}), "key 2 of the set is a private key"),
        (json.dumps({"keys": [jwk("RS256", "a", alg="RS512")]}), "another algorithm"),
        (json.dumps({"keys": [{"kid": "a", "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}), "cannot be read"),
        (json.dumps({"keys": [jwk("ES256", "a", crv="P-384")]}), "cannot be read"),
        (json.dumps({"keys": [jwk("ES256", "a"), jwk("EdDSA", "a")]}), "same kid"),
    ],
)
def test_a_set_that_cannot_be_used_is_refused_with_the_number_of_the_key(text: str, told: str) -> None:
    with pytest.raises(UnusableKey, match=told):
        keys_of_jwks(text.encode())


def test_a_key_is_found_by_its_name_and_only_for_its_algorithm() -> None:
    old, new = a_key("HS256", "old"), a_key("EdDSA", "new")
    keys = KeySet([old, new])
    assert keys.find("old", "HS256") is old
    assert keys.find("new", "EdDSA") is new
    assert keys.find("old", "EdDSA") is None
    assert keys.find("older", "HS256") is None


def test_a_token_without_a_name_means_the_only_key() -> None:
    only = a_key("HS256")
    assert KeySet([only]).find(None, "HS256") is only
    assert KeySet([only]).find(None, "HS384") is None
    assert KeySet([only, a_key("HS256", "other")]).find(None, "HS256") is None
    assert KeySet([]).find(None, "HS256") is None


@pytest.mark.parametrize("algorithm", EVERY_KIND)
def test_a_key_shows_nothing_of_itself(algorithm: str) -> None:
    assert repr(a_key(algorithm)) == f"Key('k', '{algorithm}')"
    assert SECRET not in repr(a_key(algorithm))


@pytest.mark.parametrize("algorithm", ["HS256", *PUBLIC_KINDS])
def test_a_key_is_known_by_its_fingerprint_under_any_name(algorithm: str) -> None:
    key = a_key(algorithm)
    assert key.fingerprint == a_key(algorithm, "other").fingerprint
    assert key.fingerprint != a_key(algorithm, which=1).fingerprint
    assert key.fingerprint != a_key("HS384").fingerprint
