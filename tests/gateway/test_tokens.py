"""Whether a token is signed with a key of its tenant, and nothing else, decides whether it is read."""

import base64
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.keys import KeySet
from gateway.tokens import ALGORITHMS, TOKEN_CHARACTERS, NotValid, claimed_tenant, verified
from tests.gateway.signed import EVERY_KIND, PUBLIC_KINDS, SECRET, a_key, private_key, public_pem, signed, token


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_the_algorithms_are_those_of_the_keys() -> None:
    assert set(ALGORITHMS) == set(EVERY_KIND)


@pytest.mark.parametrize("algorithm", EVERY_KIND)
@pytest.mark.parametrize("kid", ["k", None])
def test_a_token_that_the_key_has_signed_is_read(algorithm: str, kid: str | None) -> None:
    claims = verified(token(algorithm, kid=kid, groups=["home"]), KeySet([a_key(algorithm)]))
    assert (claims["tenant"], claims["groups"]) == ("acme", ["home"])


@pytest.mark.parametrize("algorithm", EVERY_KIND)
def test_another_key_of_the_same_name_and_kind_has_not_signed_it(algorithm: str) -> None:
    with pytest.raises(NotValid):
        verified(token(algorithm, which=1), KeySet([a_key(algorithm)]))


@pytest.mark.parametrize("algorithm", EVERY_KIND)
def test_an_unknown_key_and_an_unknown_tenant_are_as_invalid_as_a_bad_signature(algorithm: str) -> None:
    for keys in (KeySet([a_key(algorithm, "other")]), KeySet([]), None):
        with pytest.raises(NotValid) as refused:
            verified(token(algorithm), keys)
        assert str(refused.value) == ""


@pytest.mark.parametrize("algorithm", EVERY_KIND)
def test_as_much_is_verified_for_a_tenant_that_is_not_there_as_for_one_that_is(algorithm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = type(jwt.get_algorithm_by_name(algorithm))
    verify, judged = kind.verify, []

    def noted(self: object, *arguments: object) -> bool:
        judged.append(algorithm)
        return bool(verify(self, *arguments))  # type: ignore[arg-type] # whatever the kind takes

    monkeypatch.setattr(kind, "verify", noted)
    for keys in (
        KeySet([a_key(algorithm)]),
        KeySet([a_key(algorithm, "other")]),
        None,
        KeySet([a_key("HS256" if algorithm != "HS256" else "EdDSA")]),
    ):
        with pytest.raises(NotValid):
            verified(token(algorithm, which=1), keys)
    assert judged == [algorithm] * 4


def test_two_keys_are_good_while_one_takes_over_from_the_other() -> None:
    keys = KeySet([a_key("HS256", "old", 1), a_key("HS256", "new", 2)])
    assert verified(token(kid="old", which=1), keys)
    assert verified(token(kid="new", which=2), keys)
    with pytest.raises(NotValid):
        verified(token(kid="old", which=2), keys)
    with pytest.raises(NotValid):
        verified(token(kid=None, which=2), keys)


@pytest.mark.parametrize("algorithm", PUBLIC_KINDS)
def test_a_public_key_is_no_secret_whatever_the_token_says(algorithm: str) -> None:
    keys = KeySet([a_key(algorithm)])
    head, body = part({"alg": "HS256", "kid": "k"}), part({"tenant": "acme"})
    mac = jwt.get_algorithm_by_name("HS256").sign(f"{head}.{body}".encode(), public_pem(algorithm))
    with pytest.raises(NotValid):
        verified(f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}", keys)


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_a_key_is_good_for_its_own_hash_alone(algorithm: str) -> None:
    with pytest.raises(NotValid):
        verified(token(algorithm, secret=f"{SECRET}0"), KeySet([a_key("HS256")]))


@pytest.mark.parametrize("algorithm", ["none", "nOne", "NONE", "", "HS1", "RS512", "PS256", "ES384", None, 1, ["HS256"], {}])
def test_an_algorithm_that_is_not_on_the_list_is_none(algorithm: object) -> None:
    for signature in ("", "AAAA"):
        with pytest.raises(NotValid):
            verified(f"{part({'alg': algorithm, 'kid': 'k'})}.{part({'tenant': 'acme'})}.{signature}", KeySet([a_key("HS256")]))


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": []}, {"kid": 7}, {"b64": False, "crit": ["b64"]}])
def test_a_header_that_asks_for_what_is_not_done_here_is_refused(header: dict[str, object]) -> None:
    head, body = part({"alg": "HS256", "kid": "k", **header}), part({"tenant": "acme"})
    mac = jwt.get_algorithm_by_name("HS256").sign(f"{head}.{body}".encode(), f"{SECRET}0".encode())
    with pytest.raises(NotValid):
        verified(f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}", KeySet([a_key("HS256")]))


@pytest.mark.parametrize("text", ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "\ud800", "eyJ", "null.null.null", "...."])
def test_what_is_no_token_is_not_valid(text: str) -> None:
    with pytest.raises(NotValid):
        verified(text, KeySet([a_key("HS256")]))
    assert claimed_tenant(text) is None


@pytest.mark.parametrize("claims", [[], "text", None, 7])
def test_a_signed_token_whose_claims_are_no_object_is_not_valid(claims: object) -> None:
    with pytest.raises(NotValid):
        verified(signed(claims, f"{SECRET}0", "HS256"), KeySet([a_key("HS256")]))


def test_a_token_has_a_greatest_length() -> None:
    keys = KeySet([a_key("HS256")])
    some = len(token(pad=""))
    longest = next(
        made for size in range(5500, 6500) if some and len(made := token(pad="x" * size)) in {TOKEN_CHARACTERS, TOKEN_CHARACTERS - 1}
    )
    assert verified(longest, keys)
    assert claimed_tenant(longest) == "acme"
    too_long = token(pad="x" * 6500)
    assert len(too_long) > TOKEN_CHARACTERS
    with pytest.raises(NotValid):
        verified(too_long, keys)
    assert claimed_tenant(too_long) is None


def test_a_tenant_is_read_before_the_signature_to_know_whose_keys_to_take() -> None:
    assert claimed_tenant(token(tenant="acme")) == "acme"
    for tenant in (None, "", 7, ["acme"]):
        assert claimed_tenant(token(tenant=tenant)) is None


@given(st.data())
def test_a_token_with_one_character_changed_is_not_valid(data: st.DataObject) -> None:
    good = signed({"tenant": "acme", "exp": 1}, private_key("EdDSA"), "EdDSA")
    at = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.sampled_from("ABCxyz019-_.=").filter(lambda character: character != good[at]))
    with pytest.raises(NotValid):
        verified(good[:at] + other + good[at + 1 :], KeySet([a_key("EdDSA")]))


@given(st.text(max_size=200))
def test_any_text_is_a_token_or_not_valid(text: str) -> None:
    with pytest.raises(NotValid):
        verified(text, KeySet([a_key("HS256")]))
