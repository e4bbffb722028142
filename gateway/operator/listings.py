"""Listings: what there is, in pages: tenants, groups of one, peers of a group. Waits for the actors: not in a callback of the hub."""

from typing import Any

from actors.census import CountTenants, GroupCount, ListGroups, ListPeers, PeerState, TenantCount
from actors.messages import GroupKey
from actors.runtime import BrokerRef
from gateway.operator.call import Page
from gateway.operator.client import Client
from gateway.operator.inquiry import ask
from gateway.operator.node import Node
from gateway.operator.tenants import shown_tenant

__all__ = ["Listings", "shown_client"]


class Listings:
    """Reads a node. Every method raises `gateway.operator.inquiry.Unanswered` where the actors give no answer."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def tenants(self) -> list[dict[str, Any]]:
        """The tenants that there are, and those that are no more and have groups left."""
        counts: tuple[TenantCount, ...] = ask(self._node.directory, CountTenants)
        connections = self._node.tenants()
        known = {name: TenantCount(name, 0, 0) for name in connections} | {count.tenant: count for count in counts}
        return [
            {"tenant": shown_tenant(name), "connections": connections.get(name, 0), "groups": count.groups, "peers": count.peers}
            for name, count in sorted(known.items())
        ]

    def tenants_page(self, page: Page) -> dict[str, Any]:
        """A page of the tenants."""
        search = page.search.casefold()
        listed = [each for each in self.tenants() if each["tenant"] > page.after and search in each["tenant"].casefold()]
        return _page("tenants", listed[: page.most], "tenant", page.most)

    def groups(self, tenant: str, page: Page) -> dict[str, Any] | None:
        """A page of the groups of a tenant; None where there is no such tenant."""
        listed: tuple[GroupCount, ...] = ask(
            self._node.directory, lambda reply: ListGroups(tenant, page.after, page.most, reply, page.search)
        )
        if not listed and tenant not in self._node.tenants():
            return None
        return _page("groups", [{"group": group, "peers": peers} for group, peers in listed], "group", page.most)

    def peers(self, key: GroupKey, page: Page) -> dict[str, Any]:
        """A page of the peers of a group."""
        listed: tuple[PeerState, ...] = ask(self._node.directory, lambda reply: ListPeers(key, reply, page.after, page.most, page.search))
        clients = self._node.clients({each.peer for each in listed})
        return _page("peers", [_shown_peer(each, clients.get(each.peer)) for each in listed], "peer", page.most)


def shown_client(node: Node, peer: BrokerRef) -> dict[str, Any]:
    """What is known of a peer's connection; nothing where it has none."""
    found = node.clients({peer}).get(peer)
    return {} if found is None else found._asdict()


def _page(name: str, entries: list[dict[str, Any]], by: str, most: int) -> dict[str, Any]:
    """`next` is what `after` has to be for the page that follows; null when there may be none."""
    return {name: entries, "next": entries[-1][by] if len(entries) == most else None}


def _shown_peer(peer: PeerState, client: Client | None) -> dict[str, Any]:
    silent_ms, age_ms = round(peer.silent * 1000), round(peer.age * 1000)
    state = {"peer": peer.peer_id, "address": peer.address, "away": peer.away, "silent_ms": silent_ms, "age_ms": age_ms}
    return {**state, "sequence": peer.sequence, **({} if client is None else client._asdict())}
