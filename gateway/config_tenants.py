"""`[auth]` and `[tenants.NAME]` of the configuration: who may connect, and whose limits hold for them."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.config_checks import Fault
from gateway.config_ice import CANDIDATES, CandidatesPassing, Ice, ice_faults
from gateway.config_limits import Limits, seconds
from gateway.config_text import Secret
from gateway.tenant_keys import key_fault, set_fault

__all__ = ["NODE_WIDE", "TENANT_NAME", "Auth", "KeyConfig", "Origins", "TenantConfig", "tenant_faults"]

TENANT_NAME = r"[a-z0-9][a-z0-9_-]{0,62}"
"""What a tenant may be called: it is a part of a path, of a variable's name, of a file's name and of log lines."""

_ORIGIN = r"^[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]+)?\Z"
_ORIGIN_TITLE = "an origin as browsers send it, such as 'https://app.example.org': lower case, no path"

Origins = tuple[Annotated[str, Meta(pattern=_ORIGIN, title=_ORIGIN_TITLE)], ...]
"""Web pages that may connect."""

_LISTENS = "it holds before a client has said whose it is"
_ADDRESS = "an address is counted for all tenants together"
_PROCESS = "it is a bound of the whole process"

NODE_WIDE: Mapping[str, str] = MappingProxyType(
    {
        "send_buffer_bytes": "sockets get their buffer from the listener, before a client has said whose it is",
        "mailbox": _PROCESS,
        "connections": f"{_PROCESS}; a tenant has connections_per_tenant",
        "connections_per_address": _ADDRESS,
        "handshakes": _LISTENS,
        "handshakes_per_address": _LISTENS,
        "memory_bytes": _PROCESS,
        "handshake_timeout": _LISTENS,
        "register_timeout": "it goes with [heartbeat], which holds for all",
        "close_timeout": "the drain of the whole process waits for it",
        "token_failures_per_minute": _ADDRESS,
        "token_failures_burst": _ADDRESS,
        "header_bytes": _LISTENS,
        "headers": _LISTENS,
    }
)
"""The keys of `[limits]` that no tenant can have of its own, each with the reason."""

_NONE = Secret("")
_SYMMETRIC = "HS"
_SOURCES = ("secret", "secret_file", "secret_env", "public_key_file")


class Auth(Struct, frozen=True):
    """`[auth]`: whether clients have to prove who they are."""

    mode: Annotated[
        Literal["none", "token"],
        Meta(description="none: whoever reaches /ws is of the default tenant; token: every connection needs one; /t/NAME/ws always does"),
    ] = "none"
    on_expiry: Annotated[
        Literal["close", "keep"],
        Meta(description="an open connection whose token expires: close it with 4401, or let it go on"),
    ] = "close"
    leeway: Annotated[float, seconds("how far the clocks of whoever makes tokens and of this server may differ", low=0, high=300)] = 10.0


class KeyConfig(Struct, frozen=True):
    """`[[tenants.NAME.keys]]`: one key that tokens may be signed with; several while one takes over from another."""

    kid: Annotated[str, Meta(min_length=1, max_length=128, description="the name of the key in a token's header")]
    algorithm: Annotated[
        Literal["HS256", "HS384", "HS512", "EdDSA", "ES256", "RS256"],
        Meta(description="what it signs with, whatever a token says"),
    ]
    secret: Annotated[Secret, Meta(description="the secret itself, for HS256, HS384 and HS512")] = _NONE
    secret_file: Annotated[str, Meta(min_length=1, description="a file with the secret")] = ""
    secret_env: Annotated[str, Meta(min_length=1, description="a variable of the environment with the secret")] = ""
    public_key_file: Annotated[str, Meta(min_length=1, description="PEM file with the public key, for EdDSA, ES256 and RS256")] = ""


class TenantConfig(Struct, frozen=True):
    """`[tenants.NAME]`: one of several users of this server, who see nothing of each other.

    What a tenant does not set is as it is for the server.
    """

    allowed_origins: Annotated[
        Origins,
        Meta(description="web pages that may connect; [] lets any", extra={"inherits": "server.allowed_origins"}),
    ] = ()
    candidates: Annotated[CandidatesPassing, Meta(description=CANDIDATES, extra={"inherits": "group.candidates"})] = "all"
    jwks_file: Annotated[str, Meta(min_length=1, description="JSON Web Key Set (RFC 7517 section 5) with public keys, besides `keys`")] = ""
    limits: Annotated[Limits, Meta(extra={"inherits": "limits", "barred": NODE_WIDE})] = Limits()
    ice: Ice | None = None
    keys: tuple[KeyConfig, ...] = ()


def tenant_faults(tenant: TenantConfig, environ: Mapping[str, str]) -> Iterator[Fault]:
    """What is wrong with a tenant whose values are each right by themselves."""
    if not tenant.keys and not tenant.jwks_file:
        yield "keys", "there is no key, so nobody could connect", "Add [[tenants.NAME.keys]], or set jwks_file."
    if tenant.ice is not None:
        yield from ((f"ice.{name}", what, mend) for name, what, mend in ice_faults(tenant.ice, environ))
    if tenant.jwks_file and (what := _unreadable(tenant.jwks_file)):
        yield "jwks_file", what, "Name a JSON Web Key Set that this user may read."
    elif tenant.jwks_file and (fault := set_fault(tenant.jwks_file, {key.kid for key in tenant.keys})):
        yield "jwks_file", fault, "Name a JSON Web Key Set with public keys alone, each with a `kid` of its own."
    first: dict[str, int] = {}
    for number, key in enumerate(tenant.keys, 1):
        if first.setdefault(key.kid, number) != number:
            yield f"keys.{number}.kid", f"{key.kid!r} is the kid of key {first[key.kid]}, too", "Give each key its own."
        for name, what, mend in _key_faults(key, environ):
            yield f"keys.{number}.{name}", what, mend


def _key_faults(key: KeyConfig, environ: Mapping[str, str]) -> Iterator[Fault]:
    given = [name for name in _SOURCES if getattr(key, name) not in {"", _NONE}]
    taken = _SOURCES[:-1] if key.algorithm.startswith(_SYMMETRIC) else _SOURCES[-1:]
    mend = f"Set {_one_of(taken)}, and nothing else: {key.algorithm} takes {'a secret' if len(taken) > 1 else 'a public key'}."
    for name in given:
        if name not in taken:
            yield name, f"does not go with {key.algorithm}", mend
    rest = [name for name in given if name in taken]
    if not rest:
        yield taken[0], "the key itself is missing", mend
    elif len(rest) > 1:
        yield rest[1], f"the key is there twice, by {' and by '.join(rest)}", mend
    for name in rest:
        if what := _missing(name, getattr(key, name), environ):
            yield name, what, "Name what is there, may be read by this user and is not empty."
        elif len(given) == 1 and (fault := key_fault(key, environ)):
            yield name, fault, f"Make one with `python -m gateway keys new --algorithm {key.algorithm}`, or name another."


def _one_of(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _missing(name: str, value: str, environ: Mapping[str, str]) -> str | None:
    if name == "secret_env":
        return None if environ.get(value) else f"the variable {value!r} is not set, or is empty"
    return _unreadable(value) if name != "secret" else None


def _unreadable(path: str) -> str | None:
    try:
        return None if Path(path).read_bytes() else f"{path!r} is empty"
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        return f"{path!r} cannot be read ({error.strerror if isinstance(error, OSError) else error})"
