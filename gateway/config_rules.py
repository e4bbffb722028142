"""The rules between the keys of the configuration, and about files that they name."""

import os
import ssl
import stat
from pathlib import Path

from gateway.config_checks import Rule, Section, Table
from gateway.config_ice import Ice, ice_faults
from gateway.config_tenants import tenant_faults
from gateway.config_text import Secret
from gateway.networks import network_from
from gateway.operator.address import Address, is_loopback
from gateway.pages import PagesFault, demo_pages

__all__ = ["RULES", "SECTIONS", "TENANTS"]

_ENVELOPE_BYTES = 2048  # what a relay adds: the frame header and a source_id of at most 255 characters, 4 bytes each
_TLS = ("server.tls.cert", "server.tls.key")


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


def _no_network(texts: tuple[str, ...]) -> str | None:
    faults = []
    for number, text in enumerate(texts, 1):
        try:
            if network_from(text).prefixlen == 0:
                faults.append(f"item {number}: {text!r} is everybody, so that every client could say that it comes from anywhere")
        except ValueError as error:
            faults.append(f"item {number}: {error}")
    return "; ".join(faults) or None


def _nobody_to_announce(announced: bool, proxies: tuple[str, ...]) -> str | None:  # noqa: FBT001 - the value of a key
    return "nobody could connect: server.trusted_proxies is empty" if announced and not proxies else None


def _no_pages(demo: bool) -> str | None:  # noqa: FBT001 - the value of a key
    try:
        _ = demo and demo_pages()
    except PagesFault as fault:
        return str(fault)
    return None


def _tokenless_demo(demo: bool, mode: str) -> str | None:  # noqa: FBT001 - the value of a key
    return "nobody could join: its page has no token, and auth.mode asks for one" if demo and mode != "none" else None


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


def _no_address(listen: str) -> str | None:
    try:
        _ = listen and Address.read(listen)
    except ValueError as error:
        return str(error)
    return None


def _unguarded(listen: str, token: Secret) -> str | None:
    if not listen or token or _no_address(listen) or is_loopback(Address.read(listen).host):
        return None
    return f"{listen!r} is reached from the network, where a token must be asked for"


def _limit_rules(at: str) -> tuple[Rule, ...]:
    """The rules between those limits that a tenant may have of its own; `at` is the section that they are in."""
    outbox, message, at_once = f"{at}.outbox_bytes", f"{at}.message_bytes", "what is held may pass at once, and would make a slow reader"
    return (
        _above(outbox, message, "the largest message must fit into an empty outbox", times=4, by=_ENVELOPE_BYTES),
        _not_above(f"{at}.held_bytes", outbox, f"{at_once} of one that reads"),
        _not_above(message, f"{at}.bytes_burst", "the largest message could never be sent"),
        _not_above(message, f"{at}.tenant_bytes_burst", "the largest message could never be sent"),
    )


RULES: tuple[Rule, ...] = (
    _above("heartbeat.expire_after", "heartbeat.ping_interval", "a peer is asked before it counts as away", times=2),
    _above("heartbeat.close_after", "heartbeat.expire_after", "a peer is away before it is lost", times=10),
    _above("limits.register_timeout", "heartbeat.challenge_timeout", "a newcomer may wait that long for its answer", times=10),
    *_limit_rules("limits"),
    _not_above("resume.queue_bytes", "limits.outbox_bytes", "what is kept passes at once when the peer is back"),
    _not_above("limits.handshakes_per_address", "limits.handshakes", "it would never be reached"),
    _not_above("limits.connections_per_address", "limits.connections", "it would never be reached"),
    Rule(("operator.listen",), _no_address, "Choose a port from 0 to 65535; 0 takes any free one."),
    Rule(
        ("operator.listen", "operator.token"),
        _unguarded,
        "Set operator.token, best by PSYNC_OPERATOR__TOKEN, or listen on 127.0.0.1.",
        needs=True,
    ),
    Rule(("server.trusted_proxies",), _no_network, "List the networks or addresses of your proxies alone, such as '10.1.0.0/16'."),
    Rule(("server.proxy_protocol", "server.trusted_proxies"), _nobody_to_announce, "List the proxies that send its header.", needs=True),
    Rule(("server.demo",), _no_pages, "Run it from a whole checkout or a whole installation, or leave the demo out."),
    Rule(
        ("server.demo", "auth.mode"), _tokenless_demo, "Leave the demo out, or set auth.mode to 'none' where anyone may join.", needs=True
    ),
    *(Rule((key,), _unreadable, "Name a PEM file that this user may read.") for key in _TLS),
    Rule(_TLS, _no_pair, "Name the PEM files of one certificate and of its private key, which must have no password."),
)

SECTIONS = (Section("ice", Ice, ice_faults),)
"""What holds for sections as a whole."""

TENANTS = Table(rules=lambda path: _limit_rules(f"{path}.limits"), faults=tenant_faults)
"""What holds for each of `[tenants.NAME]`."""
