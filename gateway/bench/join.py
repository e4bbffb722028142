"""Join: a group that fills, at once or one by one. All connections stand, then all register; each is told of each other exactly once."""

import json
import time
from collections.abc import Sequence

import msgpack

from gateway.bench.connection import PATIENCE, Connection
from gateway.bench.crowd import Crowd, Place
from gateway.bench.frames import TEXT, client_frame
from gateway.bench.meter import Meter
from gateway.bench.plan import Plan
from gateway.bench.progress import Tell
from gateway.bench.result import Latency, Result
from gateway.bench.target import Target
from gateway.bench.template import Unexpected
from gateway.bench.watch import Watch

__all__ = ["join", "trickle"]


class _Members:
    """Who has registered, and what each was told. It is read when the time is taken: reading takes longer than telling."""

    def __init__(self, connections: Sequence[Connection], watch: Watch) -> None:
        self.told: dict[int, list[bytes]] = {connection.descriptor: [] for connection in connections}
        self.waited: list[float] = []
        self._connections = {connection.descriptor: connection for connection in connections}
        self._watch = watch
        self._heard = 0
        for descriptor in self._connections:
            watch.add(descriptor)

    def hear(self, count: int, until: int | None = None) -> None:
        """Listen until so many messages have come, over all, since the beginning; or until the connection `until` has been told something.

        Raises:
            Unexpected: they do not come.

        """
        began = time.perf_counter()
        while self._heard < count and not (until is not None and self.told[until]):
            events = self._watch.wait(time.perf_counter() + PATIENCE)
            if not events:
                raise Unexpected(f"{count - self._heard} of {count} lists and joins were lost, or take longer than {PATIENCE:g} s")
            for descriptor, _ in events:
                told = self.told[descriptor]
                before = len(told)
                told += self._connections[descriptor].payloads()
                self._heard += len(told) - before
                if before == 0 and told:
                    self.waited.append(time.perf_counter() - began)


def join(plan: Plan, target: Target, progress: Tell) -> Result:
    """`members` peers join one group in one moment. Cost and count are of each notice that somebody has come: there are n(n-1)/2."""
    return _fill(plan, target, progress, one_by_one=False)


def trickle(plan: Plan, target: Target, progress: Tell) -> Result:
    """The same, one after the other: each registers when the one before has its list."""
    return _fill(plan, target, progress, one_by_one=True)


def _fill(plan: Plan, target: Target, progress: Tell, *, one_by_one: bool) -> Result:
    places = [Place(f"peer-{number}", "all") for number in range(plan.members)]
    watch = Watch(spin=target.spin)
    with Crowd(target.address, plan.dialect, spin=target.spin) as crowd:
        progress(f"opening {plan.members} connections")
        crowd.open(places, register=False)
        try:
            members = _Members(crowd.connections, watch)
            notices = plan.members * (plan.members - 1) // 2
            progress(f"all register; {notices:,} notices to come")
            meter = Meter(target.pid, watch)
            for connection, place in zip(crowd.connections, places, strict=True):
                for hello in plan.dialect.hello(*place):
                    connection.write(client_frame(plan.dialect.opcode, hello))
                if one_by_one:
                    members.hear(plan.members + notices, connection.descriptor)
            members.hear(plan.members + notices)
            meter.stop()
        finally:
            watch.close()
    _check([place.peer for place in places], list(members.told.values()), packed=plan.dialect.opcode != TEXT)
    about = f"{plan.members} peers into one group{', one by one' if one_by_one else ''}, {plan.dialect.name}"
    return Result(scenario=plan.scenario, about=about, unit="peer_joined", latency=Latency.of(members.waited), **meter.figures(notices))


def _check(peers: Sequence[str], told: Sequence[Sequence[bytes]], *, packed: bool) -> None:
    """The first guarantee of docs/protocol.md: of any two peers exactly one finds the other in its list, and the other is told of it."""
    decode = msgpack.unpackb if packed else json.loads
    listed: set[tuple[str, str]] = set()
    joined: set[tuple[str, str]] = set()
    for peer, (answer, *rest) in zip(peers, ([*map(decode, messages)] or [{}] for messages in told), strict=True):
        if answer.get("type") != "peer_list":
            raise Unexpected(f"the first that {peer} was told is no list but {answer or 'nothing'}")
        listed |= {(peer, other["id"]) for other in answer["payload"]["peers"]}
        for notice in rest:
            if notice["type"] != "peer_joined" or (peer, notice["payload"]["peer"]["id"]) in joined:
                raise Unexpected(f"{peer} was told {notice}: not a peer that has joined, or one told of before")
            joined.add((peer, notice["payload"]["peer"]["id"]))
    every = {(peer, other) for peer in peers for other in peers if peer != other}
    if listed & joined or listed | joined != every or {(b, a) for a, b in listed} != joined:
        raise Unexpected("of some two peers not exactly one has the other in its list and the other was told of it")
