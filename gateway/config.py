"""The configuration: every key with its type, range, unit, default and meaning. Nothing else defines them; `[limits]` has its own file.

`load` reads a TOML file, then `PSYNC_<SECTION>__<KEY>` from the environment, then flags. How that is done is in `gateway.config_sources`.
`conf/prod.toml` shows every key to operators; `tests/test_conf.py` holds it to this file.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.config_ice import CANDIDATES, CandidatesPassing, Ice, IceServerConfig
from gateway.config_keys import Key, keys_of
from gateway.config_limits import Limits, about, seconds
from gateway.config_problems import ConfigError, Problem
from gateway.config_rules import RULES, SECTIONS, TENANTS
from gateway.config_sources import read
from gateway.config_tenants import TENANT_NAME, Auth, KeyConfig, Origins, TenantConfig
from gateway.config_text import Secret, render
from gateway.operator.address import LISTEN, is_loopback

__all__ = [
    "Auth",
    "Backplane",
    "Config",
    "ConfigError",
    "Drain",
    "Group",
    "Heartbeat",
    "Ice",
    "IceServerConfig",
    "Key",
    "KeyConfig",
    "Limits",
    "Log",
    "Operator",
    "Problem",
    "Resume",
    "Secret",
    "Server",
    "TenantConfig",
    "Tls",
    "is_open_on_network",
    "keys_of",
    "load",
    "render",
]

_HOST = r"^([\w.-]+|(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]+(%[\w.-]+)?)\Z"
_NETWORK = r"^[0-9A-Fa-f:.]+(/[0-9]{1,3})?\Z"
_DAY, _WEEK = 86_400, 604_800


class Tls(Struct, frozen=True):
    """`[server.tls]`: TLS in this process. Without the section the server speaks plain HTTP, for a proxy that ends TLS."""

    cert: Annotated[str, Meta(min_length=1, description="PEM file with the certificate and its chain")]
    key: Annotated[str, Meta(min_length=1, description="PEM file with the private key")]


class Server(Struct, frozen=True):
    """`[server]`: where clients reach it."""

    host: Annotated[
        str,
        Meta(
            pattern=_HOST,
            title="an IP address without brackets or a host name, with no port",
            description="address to listen on; 0.0.0.0 or :: for every interface",
        ),
    ] = "127.0.0.1"
    port: Annotated[int, about("TCP port to listen on; 0 takes any free one", 0, 65535)] = 8080
    reuse_port: Annotated[
        bool,
        Meta(description="another process of this user may listen on the same addresses, and takes all newcomers: for an upgrade"),
    ] = False
    allowed_origins: Annotated[
        Origins,
        Meta(description="web pages that may connect; [] lets any; clients that are not browsers send no origin and always may"),
    ] = ()
    trusted_proxies: Annotated[
        tuple[Annotated[str, Meta(pattern=_NETWORK, title="a network such as '10.0.0.0/8', or an IP address")], ...],
        Meta(description="proxies that are believed who the client is: in Forwarded, X-Forwarded-For and the PROXY protocol"),
    ] = ()
    proxy_protocol: Annotated[
        bool,
        Meta(description="every connection begins with a header of the PROXY protocol, version 1 or 2; only trusted_proxies may connect"),
    ] = False
    tenants_dir: Annotated[
        str, Meta(description='a folder with one file for each tenant: acme.toml holds what [tenants.acme] would; "" for none')
    ] = ""
    demo: Annotated[
        bool, Meta(description="serve a page at /demo where people see in two browser tabs what this server does; only without tokens")
    ] = False
    tls: Tls | None = None


class Heartbeat(Struct, frozen=True):
    """`[heartbeat]`: when a silent peer counts as away and as lost (`docs/protocol.md`: Liveness)."""

    ping_interval: Annotated[float, seconds("the server pings each connection this often")] = 25.0
    expire_after: Annotated[float, seconds("a peer silent for so long is away: hidden from the others, its socket stays", high=_DAY)] = 60.0
    close_after: Annotated[float, seconds("a connection silent for so long is closed", high=_WEEK)] = 600.0
    challenge_timeout: Annotated[
        float, seconds("time for the holder of a peer id to answer when a second connection claims it", high=60)
    ] = 1.0


class Group(Struct, frozen=True):
    """`[group]`: how a group treats its peers."""

    on_duplicate: Annotated[
        Literal["challenge", "newest", "reject"],
        Meta(description="a second connection claims a peer id: ping the holder first, let the newest win, or always refuse"),
    ] = "challenge"
    hold_candidates: Annotated[
        bool,
        Meta(description="hold candidates that overtake the answer to an offer until it has passed; the PSync daemon loses early ones"),
    ] = True
    candidates: Annotated[CandidatesPassing, Meta(description=CANDIDATES)] = "all"


class Resume(Struct, frozen=True):
    """`[resume]`: how a v2 peer keeps its place when its connection is lost (`docs/protocol.md`: Resume)."""

    window: Annotated[float, seconds("time to take it again; the others see nothing meanwhile; 0: none", low=0)] = 30.0
    queue_messages: Annotated[int, about("messages to it that are kept meanwhile; beyond it: `slow_peer`", 1, 65_536, "messages")] = 64
    queue_bytes: Annotated[int, about("bytes of their payloads together", 64, 2**30, "bytes")] = 65_536


class Backplane(Struct, frozen=True):
    """`[backplane]`: how nodes share groups."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^memory://\Z",
            title="'memory://', the only backplane of this version (one process, everything in its memory)",
            description="where groups live; memory:// is this process alone",
        ),
    ] = "memory://"


class Operator(Struct, frozen=True):
    """`[operator]`: the listener for those who run the server (`docs/operations.md`)."""

    listen: Annotated[
        str,
        Meta(
            pattern=LISTEN,
            title="HOST:PORT, an IPv6 address in brackets, or nothing",
            description="address of the operator's listener: metrics, probes, API; empty for none",
        ),
    ] = ""
    token: Annotated[
        Secret, Meta(description="what operators have to send; empty for nothing, which goes with a loopback address alone")
    ] = Secret("")


class Log(Struct, frozen=True):
    """`[log]`: what is written to standard error."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="least important line to write")] = "info"
    format: Annotated[Literal["auto", "json", "text"], Meta(description="auto: text on a terminal, else one JSON object per line")] = "auto"


class Drain(Struct, frozen=True):
    """`[drain]`: how the server goes down."""

    timeout: Annotated[float, seconds("time for connections to end after SIGTERM; then the rest are cut", low=0)] = 30.0
    reconnect_spread: Annotated[
        float, seconds("v2 clients are told to come back one after the other, 1000 in a second, or faster: all within this time", low=0)
    ] = 10.0


class Config(Struct, frozen=True):
    """The whole configuration; each section is absent from a file that changes nothing in it."""

    server: Server = Server()
    heartbeat: Heartbeat = Heartbeat()
    limits: Limits = Limits()
    group: Group = Group()
    resume: Resume = Resume()
    ice: Ice = Ice()
    backplane: Backplane = Backplane()
    operator: Operator = Operator()
    log: Log = Log()
    drain: Drain = Drain()
    auth: Auth = Auth()
    tenants: Annotated[
        dict[str, TenantConfig],
        Meta(
            title="a tenant's name: 1 to 63 lower-case letters, digits, '-' and '_', the first a letter or a digit",
            extra={"names": TENANT_NAME, "folder": "server.tenants_dir"},
        ),
    ] = {}


def load(path: str | Path | None, environ: Mapping[str, str], overrides: Mapping[str, str], tree: type[Config] = Config) -> Config:
    """The effective configuration: defaults, then the file at `path`, then `environ`, then `overrides` (``{"limits.errors": "5"}``).

    The defaults are those of `tree`.

    Raises:
        ConfigError: with everything that is wrong, in all sources.

    """
    return read(tree, RULES, {"tenants": TENANTS}, path, environ, overrides, SECTIONS)


def is_open_on_network(config: Config) -> bool:
    """Whether anyone on a network can connect and join any group: the address is not loopback, and nothing asks who they are.

    A host name other than ``localhost`` counts as the network.
    """
    return config.auth.mode == "none" and not is_loopback(config.server.host)
