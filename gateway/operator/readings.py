"""Readings: what is not counted on the way of a message but looked at when somebody asks (`READINGS` in `gateway.operator.metrics`)."""

import logging
from typing import NamedTuple

import gevent

from actors.census import CountTenants, TenantCount
from gateway.operator.exposition import Readings
from gateway.operator.inquiry import Unanswered, ask
from gateway.operator.node import Node

__all__ = ["Loads", "loads", "read"]

logger = logging.getLogger("gateway.operator")

SLICE = 1000
"""Connections that are looked at in one go, about 0.3 ms; then the hub has its turn."""


class Loads(NamedTuple):
    """Of the messages that wait in actors, and of the bytes that wait for clients: how many in all, and the most of one."""

    messages: int
    messages_max: int
    outbox_bytes: int
    outbox_bytes_max: int


def read(node: Node) -> Readings:
    """Look at everything. Where the actors do not answer in time, the readings of tenants are missing, and the rest is there."""
    load = loads(node)
    readings: dict[str, dict[str, float]] = {
        "accepting": {"": float(node.readiness()[0])},
        "memory_tight": {"": float(node.memory_tight())},
        "connections_limit": {"": node.connections_limit},
        "waiting_actors": {"": node.waiting_actors()},
        "tenant_connections": dict[str, float](node.tenants()),
        "mailbox_messages": {"": load.messages},
        "mailbox_messages_max": {"": load.messages_max},
        "outbox_bytes": {"": load.outbox_bytes},
        "outbox_bytes_max": {"": load.outbox_bytes_max},
    }
    try:
        tenants: tuple[TenantCount, ...] = ask(node.directory, CountTenants)
    except Unanswered as unanswered:
        logger.warning("no readings of tenants: %s", unanswered)
        return readings
    for name, groups, peers in tenants:
        readings.setdefault("tenant_groups", {})[name] = groups
        readings.setdefault("tenant_peers", {})[name] = peers
    return readings


def loads(node: Node) -> Loads:
    """Look at every connection."""
    messages, most_messages, size, most_size = 0, 0, 0, 0
    for number, (peer, outbox) in enumerate(node.connections(), 1):
        waiting = len(peer.actor_inbox.unread)  # type: ignore[attr-defined] # a Mailbox
        messages, most_messages = messages + waiting, max(most_messages, waiting)
        size, most_size = size + outbox.waiting, max(most_size, outbox.waiting)
        if number % SLICE == 0:
            gevent.sleep(0)
    return Loads(messages, most_messages, size, most_size)
