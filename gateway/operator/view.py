"""View: the one list that a console looks at: tenants, the groups of a tenant, or the peers of a group with what is between them."""

from typing import Any, NamedTuple

from actors.messages import GroupKey
from actors.reasons import ErrorCode
from gateway.operator.autopsy import Autopsy
from gateway.operator.call import Fault, Page
from gateway.operator.inquiry import Unanswered
from gateway.operator.listings import Listings
from gateway.operator.progress import links
from gateway.operator.tenants import tenant_named

__all__ = ["QUERY", "View"]

MOST = 25
"""Entries of a page: as many peers can be drawn and told apart."""


QUERY = ("tenant", "group", "after", "search")
"""The parameters that say what is looked at."""


class View(NamedTuple):
    """`tenant` and `group` as operators name them, empty where none is chosen."""

    tenant: str
    group: str
    page: Page

    @classmethod
    def read(cls, query: dict[str, str]) -> "View":
        """What a query asks for.

        Raises:
            Fault: it names a group and no tenant.

        """
        tenant, group = query.get("tenant", ""), query.get("group", "")
        if group and not tenant:
            raise Fault("400 Bad Request", "tenant", "expected the tenant of the group; the default one is called -")
        return cls(tenant, group, Page(query.get("after", ""), MOST, query.get("search", "")))

    def look(self, listings: Listings, autopsy: Autopsy, now: float) -> tuple[str, dict[str, Any]]:
        """What kind of list it is, and the list as it is now. A tenant or a group that is not there is `gone`: it may come back.

        Raises:
            Unanswered: the actors gave no answer.

        """
        if not self.tenant:
            return "tenants", listings.tenants_page(self.page)
        tenant = tenant_named(self.tenant)
        if not self.group:
            return "groups", listings.groups(tenant, self.page) or {"groups": [], "next": None, "gone": True}
        return "peers", self._peers(GroupKey(tenant, self.group), listings, autopsy, now)

    def _peers(self, key: GroupKey, listings: Listings, autopsy: Autopsy, now: float) -> dict[str, Any]:
        try:
            listed = listings.peers(key, self.page)
        except Unanswered as unanswered:
            if unanswered.code is not ErrorCode.NOT_REGISTERED:
                raise
            return {"peers": [], "next": None, "links": [], "gone": True}
        peers = [_lasting(peer, now) for peer in listed["peers"]]
        return {"peers": peers, "next": listed["next"], "links": links(autopsy.between(key, {peer["peer"] for peer in peers}))}


def _lasting(peer: dict[str, Any], now: float) -> dict[str, Any]:
    """Times at which something was, to the second, instead of how long ago: they change when something happens, not by themselves."""
    rest = {name: value for name, value in peer.items() if name not in {"silent_ms", "age_ms"}}
    return {**rest, "heard_s": round(now - peer["silent_ms"] / 1000), "joined_s": round(now - peer["age_ms"] / 1000)}
