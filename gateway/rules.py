"""What the config means for each part: the rules that the actors, the admission and the handshake go by."""

import logging
import os
from collections.abc import Callable
from typing import NamedTuple

from actors.allowance import Rate
from actors.conduct import ConductRules
from actors.liveness import LivenessRules
from actors.pairing import HoldRules
from actors.peer_rules import PeerRules
from actors.ports import IceServers
from actors.resume import ResumeRules
from actors.rules import GroupRules, OnDuplicate, TenantRules
from gateway.admission import AdmissionRules
from gateway.candidate_gate import CandidatePolicy
from gateway.claims import ClaimRules
from gateway.config import Config, ConfigError, Limits, Problem, TenantConfig
from gateway.config_ice import ice_servers
from gateway.doorkeeper import DoorRules
from gateway.exposure import warn_of_exposed
from gateway.keys import KeySet
from gateway.line import Line
from gateway.quota import Quota, QuotaRates
from gateway.tenant_keys import key_set
from gateway.tenants import DEFAULT, Tenant, Tenants
from gateway.upgrade import HandshakeRules

__all__ = [
    "Capacity",
    "LineFor",
    "admission_rules",
    "capacity_of",
    "door_rules",
    "group_rules",
    "handshake_rules",
    "peer_rules",
    "tenants_of",
]

logger = logging.getLogger("gateway")

LineFor = Callable[[Limits, Quota | None, CandidatePolicy], Line]
"""Makes what the connections share of a tenant that has these limits, this quota, and lets these candidates pass."""

SPARE_DESCRIPTORS = 64
"""Kept back from clients: for the listener, logs, and whatever the process opens."""


_TOLD = (
    *("message_bytes", "fragments", "json_depth", "elements", "id_length", "metadata_bytes"),
    *("messages_per_second", "messages_burst", "bytes_per_second", "bytes_burst", "registers_per_second", "registers_burst"),
)
"""Of `[limits]`, what a welcome tells: what a client can keep to by itself. Beside them it tells `resume.window`."""


_SHARED = ("connections_per_tenant", "tenant_messages_per_second")
"""The limits without which one tenant may use the process up for all."""

_CROWD = 2


class Capacity(NamedTuple):
    """How many descriptors clients may hold: open connections, and handshakes under way."""

    connections: int
    handshakes: int


def capacity_of(limits: Limits, descriptors: int) -> Capacity:
    """What of the configured limits fits into the descriptors that this process may open; handshakes take a quarter of them at most."""
    handshakes = min(limits.handshakes, max(1, (descriptors - SPARE_DESCRIPTORS) // 4))
    most = max(1, descriptors - SPARE_DESCRIPTORS - handshakes)
    if limits.connections > descriptors:
        says = "limits.connections is more than the open files that the system allows this process; raise that (ulimit -n) or lower it"
        logger.warning(says, extra={"wanted": limits.connections, "open_files": descriptors, "connections": most})
    return Capacity(min(limits.connections, most), handshakes)


def peer_rules(config: Config, limits: Limits) -> PeerRules:
    """What holds for each connection of a tenant that has these limits."""
    heartbeat = config.heartbeat
    conduct = ConductRules(
        Rate(limits.messages_per_second, limits.messages_burst),
        Rate(limits.bytes_per_second, limits.bytes_burst),
        Rate(limits.registers_per_second, limits.registers_burst),
        limits.errors,
        limits.early_messages,
    )
    liveness = LivenessRules(heartbeat.ping_interval, heartbeat.expire_after, heartbeat.close_after, limits.register_timeout)
    hold = HoldRules(limits.held_messages, limits.held_bytes, limits.hold_timeout) if config.group.hold_candidates else None
    resume = ResumeRules(config.resume.window, config.resume.queue_messages, config.resume.queue_bytes)
    told = {name: getattr(limits, name) for name in _TOLD}
    return PeerRules(liveness, conduct, hold, resume, {**told, "resume_window": resume.window})


def group_rules(config: Config, limits: Limits) -> TenantRules:
    """What holds for the groups of a tenant that has these limits."""
    group = GroupRules(limits.peers_per_group, OnDuplicate(config.group.on_duplicate), config.heartbeat.challenge_timeout)
    return TenantRules(limits.groups_per_tenant, limits.peers_per_tenant, group)


def tenants_of(config: Config, line_for: LineFor, before: Tenants) -> list[Tenant]:
    """All tenants of a config, the default one first. Those that were there before go on with what they have spent of their quotas.

    Raises:
        ConfigError: a file has changed since it was judged. Nothing has changed then.

    """
    sections: dict[str, TenantConfig | None] = {DEFAULT: None, **config.tenants}
    keys = {name: key_set(name, section, os.environ) for name, section in config.tenants.items()}
    ice = {name: _ice_of(name, config, section) for name, section in sections.items()}
    warn_of_exposed(config)
    _warn_of_unbounded(config)
    return [_tenant(name, config, section, (keys.get(name), ice[name]), line_for, before.find(name)) for name, section in sections.items()]


def _warn_of_unbounded(config: Config) -> None:
    """Tell of those that can take from others what they share, where there are others. Tenants that trust each other need no bounds."""
    if len(config.tenants) + (config.auth.mode == "none") < _CROWD:
        return
    for key in _SHARED:
        if names := [name for name, section in config.tenants.items() if not getattr(section.limits, key)]:
            says = "nothing keeps one tenant from taking what the others need: %d have no limits.%s, %s"
            logger.warning(says, len(names), key, ", ".join(names))


def _ice_of(name: str, config: Config, section: TenantConfig | None) -> IceServers | None:
    own = None if section is None else section.ice
    try:
        return ice_servers(own or config.ice, os.environ, name)
    except OSError as error:
        where = "ice" if own is None else f"tenants.{name}.ice"
        raise ConfigError([Problem(where, "read again", str(error), "Try once more when its file is there.")]) from None


def _tenant(
    name: str,
    config: Config,
    section: TenantConfig | None,
    files: tuple[KeySet | None, IceServers | None],
    line_for: LineFor,
    before: Tenant | None,
) -> Tenant:
    limits = config.limits if section is None else section.limits
    candidates = CandidatePolicy(config.group.candidates if section is None else section.candidates)
    return Tenant(
        name=name,
        config=section,
        line=line_for(limits, _quota(name, limits, before.line.quota if before else None), candidates),
        peer_rules=peer_rules(config, limits),
        group_rules=group_rules(config, limits),
        origins=frozenset(config.server.allowed_origins if section is None else section.allowed_origins),
        connections=limits.connections_per_tenant,
        keys=files[0],
        ice=files[1],
    )


def _quota(name: str, limits: Limits, before: Quota | None) -> Quota | None:
    rates = QuotaRates(
        limits.tenant_messages_per_second, limits.tenant_messages_burst, limits.tenant_bytes_per_second, limits.tenant_bytes_burst
    )
    if before is not None:
        before.change(rates)  # also when it is none any more: connections that are open have it still
    return None if rates.bound_nothing else before or Quota(name, rates)


def admission_rules(config: Config, capacity: Capacity) -> AdmissionRules:
    """Who may connect, and how many."""
    limits = config.limits
    return AdmissionRules(
        connections=capacity.connections,
        connections_per_address=limits.connections_per_address,
        handshakes_per_address=limits.handshakes_per_address,
    )


def door_rules(config: Config) -> DoorRules:
    """Who has to prove who they are, and how."""
    auth, limits = config.auth, config.limits
    return DoorRules(
        open=auth.mode == "none",
        claims=ClaimRules(auth.leeway, outlives=auth.on_expiry == "keep"),
        failures=Rate(limits.token_failures_per_minute / 60, limits.token_failures_burst),
    )


def handshake_rules(config: Config, capacity: Capacity) -> HandshakeRules:
    """What a handshake may cost."""
    limits = config.limits
    return HandshakeRules(
        timeout=limits.handshake_timeout,
        concurrent=capacity.handshakes,
        header_bytes=limits.header_bytes,
        headers=limits.headers,
        send_buffer_bytes=limits.send_buffer_bytes,
        reuse_port=config.server.reuse_port,
    )
