"""Api: the calls of operators, `/api/v1/...`: what there is in this process, and what may be done to it (`docs/operations.md`)."""

import logging
from typing import TYPE_CHECKING, NamedTuple

import gevent

from actors.audit import Audit
from actors.census import FindPeer, PeerState, Remove
from actors.messages import GroupKey
from actors.reasons import ErrorCode
from gateway.answer import Answer
from gateway.operator.call import Call, Fault, json_answer, read_query
from gateway.operator.events import Events, Stream
from gateway.operator.figures import Figures
from gateway.operator.finding import Side, finding
from gateway.operator.inquiry import Unanswered, ask
from gateway.operator.listings import Listings, shown_client
from gateway.operator.node import Node
from gateway.operator.tenants import tenant_named
from gateway.operator.view import QUERY, View

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ROUTES", "Api", "Route"]

logger = logging.getLogger("gateway.operator")
audit = Audit("gateway")

_LEVELS = ("debug", "info", "warning", "error")


class Route(NamedTuple):
    """One call. `path` has a name in braces where any name fits; `query` are the parameters that it knows."""

    method: str
    path: str
    act: "Callable[[Api, Call], Answer | Stream]"
    query: tuple[str, ...] = ()

    def names(self, segments: tuple[str, ...]) -> tuple[str, ...] | None:
        """What stands in the places of the names, or None: another path."""
        own = self.path.split("/")
        if len(own) != len(segments) or not all(mine[0] == "{" or mine == theirs for mine, theirs in zip(own, segments, strict=True)):
            return None
        names = tuple(theirs for mine, theirs in zip(own, segments, strict=True) if mine[0] == "{")
        return names if all(names) else None


class Api:
    """Answers calls. What changes something is logged, with the address of whoever asked for it."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._listings = Listings(node)
        self._events = Events(node, Figures(node), self._listings)

    def answer(self, method: str, segments: tuple[str, ...], query: str, address: str) -> Answer | Stream:
        """Do what is called for; `segments` are those behind `/api/v1/`.

        Raises:
            Fault: the call is none, or cannot be done.

        """
        found = [(route, names) for route in ROUTES if (names := route.names(segments)) is not None]
        if not found:
            raise Fault("404 Not Found", "path", f"no such call; there are {', '.join(sorted({route.path for route in ROUTES}))}")
        for route, names in found:
            if route.method == ("GET" if method == "HEAD" else method):
                return self._act(route, Call(names, read_query(query, route.query), address))
        allowed = ", ".join(route.method for route, _ in found)
        raise Fault("405 Method Not Allowed", "method", f"this path takes {allowed}", ("Allow", allowed))

    def _act(self, route: Route, call: Call) -> Answer | Stream:
        try:
            return route.act(self, call)
        except Unanswered as unanswered:
            if unanswered.code is ErrorCode.NOT_REGISTERED:
                raise Fault("404 Not Found", "group", "this node has no such group") from None
            raise Fault("503 Service Unavailable", "", str(unanswered), ("Retry-After", "1")) from None

    def nodes(self, _call: Call) -> Answer:
        """The nodes that are known: this process."""
        _, state = self._node.readiness()
        counts = self._node.metrics
        more = {name: counts.value(name) for name in ("peers", "groups")}
        return json_answer({"nodes": [{**state, **more, "connections_limit": self._node.connections_limit}]})

    def tenants(self, _call: Call) -> Answer:
        """The tenants that there are, and those that are no more and have groups left."""
        return json_answer({"tenants": self._listings.tenants()})

    def groups(self, call: Call) -> Answer:
        """A page of the groups of a tenant."""
        listed = self._listings.groups(tenant_named(call.names[0]), call.page())
        if listed is None:
            raise Fault("404 Not Found", "tenant", "this server has no such tenant")
        return json_answer(listed)

    def peers(self, call: Call) -> Answer:
        """A page of the peers of a group."""
        return json_answer(self._listings.peers(_key(call), call.page()))

    def events(self, call: Call) -> Stream:
        """Figures and one list, told anew when they change, for as long as the caller stays."""
        return self._events.open(View.read(call.query))

    def explain(self, call: Call) -> Answer:
        """What passed between two peers of a group, and how far they got."""
        key = _key(call)
        names = [call.query.get(name, "") for name in ("a", "b")]
        for name, peer_id in zip("ab", names, strict=True):
            if not peer_id:
                raise Fault("400 Bad Request", name, "expected the id of a peer: explain?a=ID&b=ID")
        a, b = names
        return json_answer(finding(self._side(key, a, b), self._side(key, b, a), self._node.monotonic()))

    def _side(self, key: GroupKey, peer_id: str, other: str) -> Side:
        sent = self._node.autopsy.find(key, peer_id, other)
        try:
            found: tuple[PeerState, ...] = ask(self._node.directory, lambda reply: FindPeer(key, reply, peer_id))
        except Unanswered as unanswered:
            if unanswered.code is not ErrorCode.NOT_REGISTERED:
                raise
            found = ()  # the group has ended; what passed is still known
        if not found:
            return Side(peer_id, None, away=False, client={}, sent=sent)
        (peer,) = found
        return Side(peer_id, peer.silent, peer.away, {"address": peer.address, **shown_client(self._node, peer.peer)}, sent)

    def remove_peer(self, call: Call) -> Answer:
        """Close one peer's connection."""
        return self._remove(call, call.names[2])

    def remove_group(self, call: Call) -> Answer:
        """Close the connections of all peers of a group. Who connects again may join it again."""
        return self._remove(call, None)

    def _remove(self, call: Call, peer_id: str | None) -> Answer:
        key = _key(call)
        removed: int = ask(self._node.directory, lambda reply: Remove(key, reply, peer_id))
        if not removed:
            raise Fault("404 Not Found", "peer", "the group has no such peer")
        audit.tell("removed", tenant=key.tenant, reason="operator", group=key.group_id, peer=peer_id or "", operator=call.address)
        return json_answer({"removed": removed})

    def drain(self, call: Call) -> Answer:
        """Take nobody in any more, say goodbye to everyone, and end: as SIGTERM does."""
        _log(call, "drain")
        self._node.stop()
        return json_answer({"status": "draining"}, "202 Accepted")

    def reload(self, call: Call) -> Answer:
        """Read the configuration anew, as SIGHUP does: all that is new is taken, or nothing. The answer says what has come of it."""
        _log(call, "reload")
        # In a greenlet of its own: the deadline of this request must not end it half-way.
        done = gevent.spawn(self._node.reload).get()
        return json_answer(done._asdict(), "200 OK" if done.outcome == "done" else "422 Unprocessable Content")

    def log_level(self, call: Call) -> Answer:
        """Log more, or less, until the next start or reload."""
        level = call.query.get("level", "")
        if level not in _LEVELS:
            raise Fault("400 Bad Request", "level", f"expected one of {', '.join(_LEVELS)}")
        logging.getLogger().setLevel(level.upper())
        _log(call, "log-level", to=level)
        return json_answer({"level": level})


ROUTES = (
    Route("GET", "nodes", Api.nodes),
    Route("GET", "tenants", Api.tenants),
    Route("GET", "tenants/{tenant}/groups", Api.groups, ("after", "limit", "search")),
    Route("DELETE", "tenants/{tenant}/groups/{group}", Api.remove_group),
    Route("GET", "tenants/{tenant}/groups/{group}/peers", Api.peers, ("after", "limit", "search")),
    Route("DELETE", "tenants/{tenant}/groups/{group}/peers/{peer}", Api.remove_peer),
    Route("GET", "tenants/{tenant}/groups/{group}/explain", Api.explain, ("a", "b")),
    Route("GET", "events", Api.events, QUERY),
    Route("POST", "drain", Api.drain),
    Route("POST", "reload", Api.reload),
    Route("PUT", "log-level", Api.log_level, ("level",)),
)
"""Every call, by method and path below `/api/v1/`."""


def _key(call: Call) -> GroupKey:
    return GroupKey(tenant_named(call.names[0]), call.names[1])


def _log(call: Call, what: str, **about: object) -> None:
    # A warning: it is to be found afterwards, whatever the level.
    logger.warning("an operator acts: %s", what, extra={"address": call.address, **about})
