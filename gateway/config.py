"""The configuration: every key with its type, range, unit, default and meaning, and the rules between them. Nothing else defines them.

`load` reads a TOML file, then `PSYNC_<SECTION>__<KEY>` from the environment, then flags. How that is done is in `gateway.config_sources`.
`conf/prod.toml` shows every key to operators; `tests/test_conf.py` holds it to this file.
"""

import ipaddress
import os
import ssl
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.config_keys import Key, keys_of
from gateway.config_sources import ConfigError, Problem, Rule, read
from gateway.config_text import Secret, render

__all__ = [
    "Backplane",
    "Config",
    "ConfigError",
    "Drain",
    "Group",
    "Heartbeat",
    "Key",
    "Limits",
    "Log",
    "Problem",
    "Secret",
    "Server",
    "Tls",
    "is_open_on_network",
    "keys_of",
    "load",
    "render",
]

_HOST = r"^([\w.-]+|(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]+(%[\w.-]+)?)\Z"
_ORIGIN = r"^[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]+)?\Z"
_ENVELOPE_BYTES = 2048  # what a relay adds: the frame header and a source_id of at most 255 characters, 4 bytes each
_TLS = ("server.tls.cert", "server.tls.key")
_DAY, _WEEK = 86_400, 604_800
_KIB, _MIB, _GIB = 2**10, 2**20, 2**30


def _about(description: str, low: float, high: float, unit: str = "") -> Meta:
    return Meta(ge=low, le=high, description=description, extra={"unit": unit})


def _seconds(description: str, low: float = 0.01, high: float = 3600) -> Meta:
    return _about(description, low, high, "seconds")


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
    port: Annotated[int, _about("TCP port to listen on; 0 takes any free one", 0, 65535)] = 8080
    allowed_origins: Annotated[
        tuple[
            Annotated[
                str, Meta(pattern=_ORIGIN, title="an origin as browsers send it, such as 'https://app.example.org': lower case, no path")
            ],
            ...,
        ],
        Meta(description="web pages that may connect; [] lets any; clients that are not browsers send no origin and always may"),
    ] = ()
    tls: Tls | None = None


class Heartbeat(Struct, frozen=True):
    """`[heartbeat]`: when a silent peer counts as away and as lost (`docs/protocol.md`: Liveness)."""

    ping_interval: Annotated[float, _seconds("the server pings each connection this often")] = 25.0
    expire_after: Annotated[float, _seconds("a peer silent for so long is away: hidden from the others, its socket stays", high=_DAY)] = (
        60.0
    )
    close_after: Annotated[float, _seconds("a connection silent for so long is closed", high=_WEEK)] = 600.0
    challenge_timeout: Annotated[
        float, _seconds("time for the holder of a peer id to answer when a second connection claims it", high=60)
    ] = 1.0


class Limits(Struct, frozen=True):
    """`[limits]`: what one connection, group or tenant may cost."""

    message_bytes: Annotated[int, _about("largest frame and message", 64, 16 * _MIB, "bytes")] = 65_536
    fragments: Annotated[int, _about("frames that one message may be split into", 1, 1_000_000, "frames")] = 256
    json_depth: Annotated[int, _about("nesting of a payload", 1, 256, "levels")] = 64
    elements: Annotated[int, _about("array items and object members of a payload, in all", 16, 1_000_000, "elements")] = 2048
    id_length: Annotated[int, _about("longest peer, group and message id", 1, 255, "characters")] = 128
    metadata_bytes: Annotated[int, _about("largest metadata of a peer", 0, 65_536, "bytes")] = 1024
    messages_per_second: Annotated[
        float, _about("rate of messages that one connection may keep up", 0.01, 1_000_000, "messages per second")
    ] = 100.0
    messages_burst: Annotated[int, _about("messages that it may send at once before that rate counts", 1, 1_000_000, "messages")] = 400
    bytes_per_second: Annotated[int, _about("rate of bytes that one connection may keep up", 64, _GIB, "bytes per second")] = 1_048_576
    bytes_burst: Annotated[int, _about("bytes that it may send at once before that rate counts", 64, _GIB, "bytes")] = 4_194_304
    registers_per_second: Annotated[float, _about("rate of registers of one connection", 0.01, 1_000_000, "registers per second")] = 1.0
    registers_burst: Annotated[int, _about("registers at once before that rate counts", 1, 1_000_000, "registers")] = 5
    errors: Annotated[int, _about("bad messages after which a connection is closed with 4400", 1, 1_000_000, "messages")] = 100
    outbox_bytes: Annotated[
        int, _about("what may wait for one client that reads slowly; beyond it is closed with 4413", 4096, _GIB, "bytes")
    ] = 262_144
    send_buffer_bytes: Annotated[
        int, _about("kernel buffer of each socket (SO_SNDBUF), on top of the outbox", 4096, 16 * _MIB, "bytes")
    ] = 65_536
    early_messages: Annotated[
        int, _about("messages of one client that wait for the answer to its register or leave", 1, 65_536, "messages")
    ] = 64
    held_messages: Annotated[
        int,
        _about("messages of one sender to one peer that wait for the answer to its offer (group.hold_candidates)", 1, 65_536, "messages"),
    ] = 64
    held_bytes: Annotated[
        int,
        _about("bytes of such messages, of all senders to one peer", 1024, _GIB, "bytes"),
    ] = 131_072
    hold_timeout: Annotated[float, _seconds("longest wait for that answer; then the messages pass", high=60)] = 1.0
    mailbox: Annotated[int, _about("messages that may wait for one actor", 16, 1_000_000, "messages")] = 4096
    connections: Annotated[int, _about("open connections in all; beyond it: 503", 1, 1_000_000, "connections")] = 20_000
    connections_per_address: Annotated[int, _about("open connections of one address, IPv6 by /64", 1, 1_000_000, "connections")] = 1000
    handshakes: Annotated[int, _about("connections in all that have not finished their HTTP request", 1, 1_000_000, "connections")] = 2000
    handshakes_per_address: Annotated[
        int, _about("of these, connections of one address, IPv6 by /64; beyond it: 429", 1, 1_000_000, "connections")
    ] = 1000
    memory_bytes: Annotated[
        int,
        _about(
            "memory of the process; at 80 % newcomers get 503 and the slowest clients are closed with 1013; 0: what the system allows",
            0,
            2**50,
            "bytes",
        ),
    ] = 0
    peers_per_group: Annotated[int, _about("peers in one group", 1, 100_000, "peers")] = 1000
    peers_per_tenant: Annotated[int, _about("peers in all groups of a tenant", 1, 10_000_000, "peers")] = 100_000
    groups_per_tenant: Annotated[int, _about("groups that have a peer, per tenant", 1, 10_000_000, "groups")] = 10_000
    handshake_timeout: Annotated[float, _seconds("time to finish the HTTP request")] = 10.0
    register_timeout: Annotated[float, _seconds("time to register after the upgrade; then closed with 4408")] = 10.0
    message_timeout: Annotated[float, _seconds("time to finish a message once its first byte is there; then closed with 1008")] = 10.0
    close_timeout: Annotated[float, _seconds("time from a close frame to the end of TCP", high=60)] = 1.0
    header_bytes: Annotated[int, _about("request line and headers of the handshake together", 1024, _MIB, "bytes")] = 16_384
    headers: Annotated[int, _about("headers of the handshake", 8, 1000, "headers")] = 64


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


class Log(Struct, frozen=True):
    """`[log]`: what is written to standard error."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="least important line to write")] = "info"
    format: Annotated[Literal["auto", "json", "text"], Meta(description="auto: text on a terminal, else one JSON object per line")] = "auto"


class Drain(Struct, frozen=True):
    """`[drain]`: how the server goes down."""

    timeout: Annotated[float, _seconds("time for connections to end after SIGTERM; then the rest are cut", low=0)] = 30.0


class Config(Struct, frozen=True):
    """The whole configuration; each section is absent from a file that changes nothing in it."""

    server: Server = Server()
    heartbeat: Heartbeat = Heartbeat()
    limits: Limits = Limits()
    group: Group = Group()
    backplane: Backplane = Backplane()
    log: Log = Log()
    drain: Drain = Drain()


def load(path: str | Path | None, environ: Mapping[str, str], overrides: Mapping[str, str], tree: type[Config] = Config) -> Config:
    """The effective configuration: defaults, then the file at `path`, then `environ`, then `overrides` (``{"limits.errors": "5"}``).

    The defaults are those of `tree`.

    Raises:
        ConfigError: with everything that is wrong, in all sources.

    """
    return read(tree, RULES, path, environ, overrides)


def is_open_on_network(config: Config) -> bool:
    """Whether anyone on a network can connect and join any group: the address is not loopback, and nothing asks who they are.

    There is no authentication yet, so the address decides. A host name other than ``localhost`` counts as the network.
    """
    host = config.server.host
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower() != "localhost"
    mapped = getattr(address, "ipv4_mapped", None)  # Python before 3.13 does not see through ::ffff:127.0.0.1
    return not (mapped or address).is_loopback


def _above(key: str, other: str, why: str, *, times: int, by: int = 0) -> Rule:
    """`key` is more than `other`; where one of them makes way, as many `times` as much."""

    def fault(value: float, least: float) -> str | None:
        if value > least and value >= least + by:
            return None
        return f"{value} must be {f'at least {by} ' if by else ''}more than {other} ({least}), because {why}"

    def raised(least: float) -> float:
        return max(least * times, least + by)

    def lowered(value: float) -> float:
        # By the type of what was set: bytes stay whole numbers.
        return type(value)(min(value / times, value - by))

    return Rule((key, other), fault, f"Raise {key} or lower {other}.", (raised, lowered))


def _not_above(key: str, other: str, why: str) -> Rule:
    def fault(value: float, most: float) -> str | None:
        return None if value <= most else f"{value} must not be more than {other} ({most}), because {why}"

    def same(value: float) -> float:
        return value

    return Rule((key, other), fault, f"Lower {key} or raise {other}.", (same, same))


def _unreadable(path: str) -> str | None:
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            return f"{path!r} is not a file"
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        return f"{path!r} cannot be found ({error.strerror if isinstance(error, OSError) else error})"
    return None if os.access(path, os.R_OK) else f"{path!r} may not be read by this user"


def _no_pair(cert: str, key: str) -> str | None:
    """Load both as the server will, so that `check-config` finds what would otherwise end a start half-way."""
    try:
        # Without a password OpenSSL would ask for one on the terminal.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key, password="")
    except ssl.SSLError as error:
        return f"{cert!r} and {key!r} cannot be used together ({error.reason or 'not PEM'})"
    except (OSError, ValueError):
        return None  # a file that is not there or is not readable is told by a rule of its own
    return None


RULES: tuple[Rule, ...] = (
    _above("heartbeat.expire_after", "heartbeat.ping_interval", "a peer is asked before it counts as away", times=2),
    _above("heartbeat.close_after", "heartbeat.expire_after", "a peer is away before it is lost", times=10),
    _above("limits.register_timeout", "heartbeat.challenge_timeout", "a newcomer may wait that long for its answer", times=10),
    _above("limits.outbox_bytes", "limits.message_bytes", "the largest message must fit into an empty outbox", times=4, by=_ENVELOPE_BYTES),
    _not_above("limits.held_bytes", "limits.outbox_bytes", "what is held may pass at once, and would make a slow reader of one that reads"),
    _not_above("limits.message_bytes", "limits.bytes_burst", "the largest message could never be sent"),
    _not_above("limits.handshakes_per_address", "limits.handshakes", "it would never be reached"),
    _not_above("limits.connections_per_address", "limits.connections", "it would never be reached"),
    *(Rule((key,), _unreadable, "Name a PEM file that this user may read.") for key in _TLS),
    Rule(_TLS, _no_pair, "Name the PEM files of one certificate and of its private key, which must have no password."),
)
