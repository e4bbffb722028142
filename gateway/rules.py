"""What the config means for each part: the rules that the actors, the admission and the handshake go by."""

import logging
from typing import NamedTuple

from actors.allowance import Rate
from actors.conduct import ConductRules
from actors.directory import DirectoryRules
from actors.group import GroupRules, OnDuplicate
from actors.liveness import LivenessRules
from actors.pairing import HoldRules
from actors.peer_rules import PeerRules
from gateway.admission import AdmissionRules
from gateway.config import Config, Limits
from gateway.upgrade import HandshakeRules

__all__ = ["Capacity", "admission_rules", "capacity_of", "directory_rules", "handshake_rules", "peer_rules"]

logger = logging.getLogger("gateway")

SPARE_DESCRIPTORS = 64
"""Kept back from clients: for the listener, logs, and whatever the process opens."""


_TOLD = (
    *("message_bytes", "fragments", "json_depth", "elements", "id_length", "metadata_bytes"),
    *("messages_per_second", "messages_burst", "bytes_per_second", "bytes_burst", "registers_per_second", "registers_burst"),
)
"""Of `[limits]`, what a welcome tells: what a client can keep to by itself."""


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


def peer_rules(config: Config) -> PeerRules:
    """What holds for each connection."""
    limits, heartbeat = config.limits, config.heartbeat
    conduct = ConductRules(
        Rate(limits.messages_per_second, limits.messages_burst),
        Rate(limits.bytes_per_second, limits.bytes_burst),
        Rate(limits.registers_per_second, limits.registers_burst),
        limits.errors,
        limits.early_messages,
    )
    liveness = LivenessRules(heartbeat.ping_interval, heartbeat.expire_after, heartbeat.close_after, limits.register_timeout)
    hold = HoldRules(limits.held_messages, limits.held_bytes, limits.hold_timeout) if config.group.hold_candidates else None
    return PeerRules(liveness, conduct, hold, {name: getattr(limits, name) for name in _TOLD})


def directory_rules(config: Config) -> DirectoryRules:
    """What holds for the groups."""
    group = GroupRules(config.limits.peers_per_group, OnDuplicate(config.group.on_duplicate), config.heartbeat.challenge_timeout)
    return DirectoryRules(config.limits.groups_per_tenant, config.limits.peers_per_tenant, group)


def admission_rules(config: Config, capacity: Capacity) -> AdmissionRules:
    """Who may connect, and how many."""
    limits = config.limits
    return AdmissionRules(
        origins=frozenset(config.server.allowed_origins),
        connections=capacity.connections,
        connections_per_address=limits.connections_per_address,
        handshakes_per_address=limits.handshakes_per_address,
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
    )
