"""Claims: what a token says, once its signature is good, and the Grant that follows from it. Pure; time is an argument."""

import math
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from actors.grant import Cap, Grant

__all__ = ["AnotherTenant", "ClaimRefused", "ClaimRules", "grant_of"]

_Name = Annotated[str, Meta(min_length=1)]
_FORMS: Mapping[str, tuple[Any, str]] = {
    "tenant": (_Name, "text that is not empty"),
    "groups": (tuple[_Name, ...], 'a list of names and of beginnings that end in *, such as ["home", "team-*"]'),
    "peer_id": (_Name, "text that is not empty"),
    "caps": (frozenset[Cap], f"a list of {', '.join(Cap)}"),
    "exp": (float, "seconds since the epoch"),
    "nbf": (float, "seconds since the epoch"),
    "iat": (float, "seconds since the epoch"),
}
_REQUIRED = ("groups", "exp")


class ClaimRefused(Exception):
    """A token is signed, and yet opens nothing. `claim` is the one that fails, the text what is wrong with it."""

    def __init__(self, claim: str, says: str) -> None:
        super().__init__(f"{claim}: {says}")
        self.claim = claim


class AnotherTenant(ClaimRefused):
    """The token is for another tenant than the one that it was sent to."""

    def __init__(self) -> None:
        super().__init__("tenant", "the token is for another tenant")


class ClaimRules(NamedTuple):
    """`leeway` is how many seconds clocks may differ. With `outlives` a connection goes on when its token expires."""

    leeway: float
    outlives: bool


def grant_of(claims: Mapping[str, Any], tenant: str, now: float, rules: ClaimRules, *, named: bool = False) -> Grant:
    """What a token of `tenant` grants at `now`, in seconds since the epoch (RFC 7519 section 4.1). With `named` it has to name the tenant.

    Raises:
        ClaimRefused: a claim is missing, has the wrong form, or does not hold here or now. What it knows of no other claim it ignores.

    """
    read = {name: _read(name, claims[name]) for name in _FORMS if name in claims}
    for name in (*_REQUIRED, "tenant") if named else _REQUIRED:
        if name not in read:
            raise ClaimRefused(name, f"is missing; it is {_FORMS[name][1]}")
    if read.get("tenant", tenant) != tenant:
        raise AnotherTenant
    _check_times(read, now, rules.leeway)
    expires = None if rules.outlives else read["exp"] + rules.leeway
    return Grant(read["groups"], read.get("peer_id"), read.get("caps", frozenset(Cap)), expires)


def _read(name: str, value: object) -> Any:  # noqa: ANN401 - each claim has its own type
    kind, words = _FORMS[name]
    try:
        read = msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise ClaimRefused(name, f"is not {words}") from None
    if isinstance(read, float) and not math.isfinite(read):
        raise ClaimRefused(name, f"is not {words}")
    return read


def _check_times(read: Mapping[str, Any], now: float, leeway: float) -> None:
    if now >= read["exp"] + leeway:
        raise ClaimRefused("exp", "the token has expired")
    if now < read.get("nbf", now) - leeway:
        raise ClaimRefused("nbf", "the token is not valid yet")
    if now < read.get("iat", now) - leeway:
        raise ClaimRefused("iat", "the token was issued in the future; compare the clocks")
