"""Target: `gateway/tokens.py` and `gateway/claims.py`. What holds for whatever stands where a token should.

An input is a byte, and three parts of a token as they are before their encoding: header, claims, signature. The byte says whether the
signature is made anew, with the key of the tenant or with another one, or whether all of it is taken for a token as it stands.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator

from gateway.claims import ClaimRefused, ClaimRules, grant_of
from gateway.keys import KeySet, key_of_secret
from gateway.tokens import NotValid, claimed_tenant, verified
from tests.fuzz.mutation import Havoc, Random, splice

__all__ = ["MODULES", "check", "mutate", "seeds"]

MODULES = ("gateway.claims", "gateway.tokens")

NOW = 1_800_000_000.0
SECRET, ANOTHER = "0123456789abcdef" * 4, "fedcba9876543210" * 4
KEYS = KeySet([key_of_secret("now", "HS256", SECRET)])
HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
RULES = (ClaimRules(leeway=30, outlives=False), ClaimRules(leeway=0, outlives=True))
SIGNED, SIGNED_BY_ANOTHER, AS_IT_STANDS = 0, 1, 2


def check(data: bytes) -> None:
    token = _token(data)
    claims = _verified(token)
    tenant = claimed_tenant(token)
    assert tenant is None or tenant
    try:
        verified(token, None)
    except NotValid:
        pass
    else:
        raise AssertionError("a tenant that is not there has signed nothing")
    if claims is not None:
        assert _is_signed(token, SECRET), "what is taken has the signature of a key of the tenant"
        assert tenant == (claims["tenant"] if isinstance(claims.get("tenant"), str) and claims["tenant"] else None)
        for rules in RULES:
            for named in (False, True):
                _check_grant(claims, rules, named=named)


def _verified(token: str) -> dict[str, object] | None:
    try:
        return verified(token, KEYS)
    except NotValid:
        return None


def _is_signed(token: str, secret: str) -> bool:
    """By the letter of RFC 7515 section 5.2, for the one algorithm of the one key."""
    signed, _, signature = token.rpartition(".")
    made = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return hmac.compare_digest(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)), made)


def _check_grant(claims: dict[str, object], rules: ClaimRules, *, named: bool) -> None:
    try:
        grant = grant_of(claims, "acme", NOW, rules, named=named)
    except ClaimRefused:
        return
    assert claims.get("tenant", None if named else "acme") == "acme"
    assert isinstance(claims["groups"], list)
    assert tuple(claims["groups"]) == tuple(grant.groups)
    assert isinstance(claims["exp"], int | float)
    assert claims["exp"] + rules.leeway > NOW
    assert grant.expires == (None if rules.outlives else claims["exp"] + rules.leeway)


def _token(data: bytes) -> str:
    kind, said = data[0] % 3 if data else AS_IT_STANDS, data[1:]
    if kind == AS_IT_STANDS:
        return said.decode("utf-8", "surrogateescape")
    header, _, rest = said.partition(b"\n")
    claims, _, _ = rest.partition(b"\n")
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in (header, claims))
    algorithm = re.search(rb'"(HS[0-9]{3})"', header)
    made = HASHES.get(algorithm[1].decode() if algorithm else "", hashlib.sha256)
    secret = SECRET if kind == SIGNED else ANOTHER
    return (signed + b"." + base64.urlsafe_b64encode(hmac.new(secret.encode(), signed, made).digest()).rstrip(b"=")).decode()


WORDS = (
    *(
        b'"alg"',
        b'"kid"',
        b'"typ"',
        b'"tenant"',
        b'"groups"',
        b'"peer_id"',
        b'"caps"',
        b'"exp"',
        b'"nbf"',
        b'"iat"',
        b'"b64"',
        b'"crit"',
        b'"jwk"',
    ),
    *(
        b'"HS256"',
        b'"HS384"',
        b'"none"',
        b'"RS256"',
        b'"ES256"',
        b'"EdDSA"',
        b'"now"',
        b'"acme"',
        b'"other"',
        b'"relay"',
        b'"list"',
        b'"*"',
        b'"home"',
        b'""',
    ),
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"null",
        b"true",
        b"1e400",
        b"-1",
        b"NaN",
        b"1800000100",
        b"1799999999",
        b"1799999970.5",
        b"\n",
        b".",
        b"=",
        b"\xff",
        b'"\\ud800"',
    ),
)


def mutate(data: bytes, size: int, random: Random, havoc: Havoc) -> bytes:
    """Change the words of header and claims; now and then any byte, or how it is signed."""
    kind = data[:1] if random.random() < 0.8 else bytes([random.randrange(3)])
    if random.random() < 0.2:
        return (kind + havoc(data[1:], max(1, size - 1)))[:size]
    words = splice(re.findall(rb'"[^"\n]*"|[0-9.e+-]+|.', data[1:], re.DOTALL), lambda: random.choice(WORDS), random)
    return (kind + b"".join(words))[:size]


def seeds() -> Iterator[bytes]:
    """Tokens that are good, and some that are not."""
    good = {"tenant": "acme", "groups": ["home", "team-*"], "exp": NOW + 100}
    for kind in (SIGNED, SIGNED_BY_ANOTHER):
        for header in ({"alg": "HS256", "kid": "now"}, {"alg": "HS256"}, {"alg": "HS512", "kid": "now"}, {"alg": "none"}, {"alg": "RS256"}):
            for more in (
                {},
                {"peer_id": "a", "caps": ["relay"]},
                {"nbf": NOW + 50},
                {"iat": NOW + 50},
                {"exp": NOW - 50},
                {"tenant": "other"},
                {"caps": ["fly"]},
            ):
                yield _seed(kind, header, {**good, **more})
        no_claims: tuple[object, ...] = ({"exp": NOW + 1}, {"groups": [1], "exp": NOW + 1}, {"groups": [], "exp": "soon"}, [], None)
        for wrong in no_claims:
            yield _seed(kind, {"alg": "HS256"}, wrong)
    whole = _token(_seed(SIGNED, {"alg": "HS256", "kid": "now"}, good))
    for text in (whole, whole[:-1], whole + "=", "a.b.c", "..", "", "\udcff.a.b", "a" * 9000):
        yield bytes([AS_IT_STANDS]) + text.encode("utf-8", "surrogateescape")
    for algorithm in ("RS256", "ES256", "EdDSA"):
        head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode()).rstrip(b"=")
        yield bytes([AS_IT_STANDS]) + head + b"." + head + b"." + b"A" * 86


def _seed(kind: int, header: object, claims: object) -> bytes:
    return bytes([kind]) + json.dumps(header).encode() + b"\n" + json.dumps(claims).encode() + b"\n"
