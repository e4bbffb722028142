"""`[ice]` and `[tenants.NAME.ice]` of the configuration: what helps clients to find a way to each other, and which ways they may take."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.config_checks import Fault
from gateway.config_limits import about
from gateway.config_text import Secret
from gateway.ice import IceServer, IceServers, TurnSecret, url_fault

__all__ = ["CANDIDATES", "CandidatesPassing", "Ice", "IceServerConfig", "ice_faults", "ice_servers"]

_NONE = Secret("")
_SOURCES = ("secret", "secret_file", "secret_env")
_TURN = ("turn:", "turns:")
_Url = Annotated[str, Meta(min_length=1, max_length=255, title="a URL such as 'turn:turn.example.org:3478?transport=udp'")]
_DAY = 86_400

CandidatesPassing = Literal["all", "no-host", "relay-only"]
CANDIDATES = "which ICE candidates pass from peer to peer: all, all but those of hosts, or those of TURN servers alone"


class IceServerConfig(Struct, frozen=True):
    """`[[ice.servers]]`: a STUN server, or a TURN server with credentials that do not change."""

    urls: Annotated[tuple[_Url, ...], Meta(description="where it is: stun:, stuns:, turn: and turns: URLs (RFC 7064, RFC 7065)")]
    username: Annotated[str, Meta(description="the user, for TURN")] = ""
    credential: Annotated[Secret, Meta(description="the password, for TURN; every client gets it")] = _NONE


class Ice(Struct, frozen=True):
    """`[ice]`: the ICE servers of clients that ask for them. A tenant has all of it from here, or all of it from a section of its own."""

    turn_urls: Annotated[
        tuple[_Url, ...],
        Meta(description="TURN servers that share the secret: each peer gets credentials of its own, as coturn takes them"),
    ] = ()
    secret: Annotated[Secret, Meta(description="the secret itself, coturn's static-auth-secret")] = _NONE
    secret_file: Annotated[str, Meta(description='a file with the secret; "" for none')] = ""
    secret_env: Annotated[str, Meta(description='a variable of the environment with the secret; "" for none')] = ""
    ttl: Annotated[int, about("how long credentials are good; a client that registers again gets fresh ones", 60, 7 * _DAY, "seconds")] = (
        3600
    )
    servers: tuple[IceServerConfig, ...] = ()


def ice_servers(ice: Ice, environ: Mapping[str, str], tenant: str = "") -> IceServers | None:
    """What makes the lists of a tenant's clients, by a config without `ice_faults`. None: there are no servers.

    Raises:
        OSError: the file with the secret has gone since.

    """
    static = [IceServer(server.urls, server.username, server.credential.reveal()) for server in ice.servers]
    turn = TurnSecret(ice.turn_urls, _secret(ice, environ), ice.ttl, tenant) if ice.turn_urls else None
    return IceServers(static, turn) if static or turn else None


def _secret(ice: Ice, environ: Mapping[str, str]) -> bytes:
    if ice.secret_file:
        return Path(ice.secret_file).read_bytes().strip()
    return (environ[ice.secret_env] if ice.secret_env else ice.secret.reveal()).encode()


def ice_faults(ice: Ice, environ: Mapping[str, str]) -> Iterator[Fault]:
    """What is wrong with a section whose values are each right by themselves."""
    for number, server in enumerate(ice.servers, 1):
        for name, what, mend in _server_faults(server):
            yield f"servers.{number}.{name}", what, mend
    for number, url in enumerate(ice.turn_urls, 1):
        if fault := url_fault(url) or (None if url.startswith(_TURN) else f"{url!r} is no TURN server"):
            yield "turn_urls", f"item {number}: {fault}", "Mend it; STUN servers go into [[ice.servers]]."
    yield from _secret_faults(ice, environ)


def _server_faults(server: IceServerConfig) -> Iterator[Fault]:
    if not server.urls:
        yield "urls", "there is none", "Name at least one, or leave the server out."
    for number, url in enumerate(server.urls, 1):
        if what := url_fault(url):
            yield "urls", f"item {number}: {what}", "Mend it."
    has_user, has_credential = bool(server.username), server.credential != _NONE
    if has_user != has_credential:
        missing = "credential" if has_user else "username"
        yield missing, "is missing beside the other", "Set both username and credential, or neither."
    elif not has_user and any(url.startswith(_TURN) for url in server.urls):
        yield "username", "is missing: browsers refuse a TURN server without credentials", "Set username and credential, or use turn_urls."


def _secret_faults(ice: Ice, environ: Mapping[str, str]) -> Iterator[Fault]:
    given = [name for name in _SOURCES if getattr(ice, name) not in {"", _NONE}]
    if given and not ice.turn_urls:
        yield given[0], "nothing uses it: turn_urls is empty", "Name the TURN servers that have this secret, or leave it out."
    if ice.turn_urls and not given:
        yield "secret", "is missing: turn_urls need it", "Set one of secret, secret_file and secret_env."
    if len(given) > 1:
        yield given[1], f"the secret is there twice, by {' and by '.join(given)}", "Set one of them."
    if ice.secret_env and not environ.get(ice.secret_env):
        yield "secret_env", f"the variable {ice.secret_env!r} is not set, or is empty", "Set it, or name another."
    if ice.secret_file and (what := _unreadable(ice.secret_file)):
        yield "secret_file", what, "Name a file that this user may read and that is not empty."


def _unreadable(path: str) -> str | None:
    try:
        return None if Path(path).read_bytes().strip() else f"{path!r} is empty"
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        return f"{path!r} cannot be read ({error.strerror if isinstance(error, OSError) else error})"
