"""Autopsy: what passed between two peers that do not come together. Kept from what is relayed anyway: types and times, no payload.

It is the witness of the actors (`actors.ports.Witness`) where there is a listener for operators to ask it; elsewhere there is none.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import TypeAlias

from actors.events import Format, Reference, Relayed
from actors.messages import GroupKey
from actors.ports import Metrics
from actors.reasons import ErrorCode
from gateway.candidates import UNREADABLE, candidate_types, read_payload

__all__ = ["PAIRS", "Autopsy", "Passage", "Trace"]

PAIRS = 4096
"""Pairs that are remembered, each in one direction, about 1 kB each; beyond it one that was quiet for long is forgotten.

It is one of the tenant that remembers a new one, if that has its share, or of the one that has most: a client that offers to names which it
makes up takes the memory of its own tenant alone.
"""

MDNS = "mdns"
"""A host candidate that hides its address behind a name (``….local``): the other side has to resolve it, within one network alone."""


_TYPE = re.compile(rb" typ (host|srflx|prflx|relay)\b")


class Passage:
    """What one peer sent to another of one type. `at` and `refused_at` are when last, on the monotonic clock; `refusal` says why then."""

    __slots__ = ("at", "count", "refusal", "refused_at")

    def __init__(self) -> None:
        self.count = 0
        self.at = 0.0
        self.refusal: ErrorCode | None = None
        self.refused_at = 0.0


class Trace:
    """What one peer sent to another: offers, answers and candidates, and of candidates how many of each type."""

    __slots__ = ("candidates", "passages")

    def __init__(self) -> None:
        self.passages = {kind: Passage() for kind in ("offer", "answer", "candidate")}
        self.candidates: dict[str, int] = {}

    def count(self, message: Relayed) -> None:
        """Count the candidates in a payload by their types."""
        payload = message.payload
        if payload is None:
            return
        # A look at the bytes takes a tenth of what it takes to read them; it is wrong where JSON escapes a letter, and nothing hangs on it.
        types = [found.decode() for found in _TYPE.findall(payload)]
        if not types and message.type == "candidate":
            types = _read(message.format, payload)
        hidden = b".local " in payload
        for found in types:
            named = MDNS if hidden and found == "host" else found
            self.candidates[named] = self.candidates.get(named, 0) + 1


def _read(form: Format, payload: bytes) -> list[str]:
    try:
        return list(candidate_types(read_payload(form, payload)))
    except ValueError:  # the gate lets it pass, and no reader takes it: to be told, not to fail on
        return [UNREADABLE]


_Traces: TypeAlias = OrderedDict[tuple[GroupKey, str, str], Trace]
"""By group, sender and receiver; the pair that was quiet for longest is the first."""


class Autopsy:
    """The traces of the last PAIRS pairs (`actors.ports.Witness`)."""

    def __init__(self, monotonic: Callable[[], float], metrics: Metrics, pairs: int = PAIRS) -> None:
        self._monotonic = monotonic
        self._metrics = metrics
        self._pairs = pairs
        self._by_tenant: dict[str, _Traces] = {}
        self._count = 0

    def delivered(self, key: GroupKey, message: Relayed, target_id: str) -> None:
        """An offer, answer or candidate was handed to the outbox of its target."""
        trace = self._trace(key, message.source_id, target_id)
        passage = trace.passages[message.type]
        passage.count += 1
        passage.at = self._monotonic()
        trace.count(message)

    def refused(self, key: GroupKey, source_id: str, reference: Reference, code: ErrorCode) -> None:
        """A message did not get through. Messages of applications are not looked at."""
        if reference.target_id is None or reference.type not in {"offer", "answer", "candidate"}:
            return
        passage = self._trace(key, source_id, reference.target_id).passages[reference.type]
        passage.refusal, passage.refused_at = code, self._monotonic()

    def find(self, key: GroupKey, source_id: str, target_id: str) -> Trace:
        """What is remembered of one direction; an empty trace where that is nothing."""
        return self._of(key.tenant).get((key, source_id, target_id)) or Trace()

    def between(self, key: GroupKey, peer_ids: Collection[str]) -> dict[tuple[str, str], Trace]:
        """What is remembered between these peers of a group, by sender and receiver. Looks at all pairs of the tenant: 0.4 ms."""
        return {
            (source, target): trace
            for (group, source, target), trace in self._of(key.tenant).items()
            if group == key and source in peer_ids and target in peer_ids
        }

    def _of(self, tenant: str) -> _Traces:
        return self._by_tenant.get(tenant) or OrderedDict()

    def _trace(self, key: GroupKey, source_id: str, target_id: str) -> Trace:
        traces = self._by_tenant.get(key.tenant)
        if traces is None:
            traces = self._by_tenant[key.tenant] = OrderedDict()
        pair = (key, source_id, target_id)
        trace = traces.get(pair)
        if trace is None:
            trace = traces[pair] = Trace()
            self._count += 1
            if self._count > self._pairs:
                self._forget_one(key.tenant, traces)
        else:
            traces.move_to_end(pair)
        return trace

    def _forget_one(self, tenant: str, traces: _Traces) -> None:
        if len(traces) <= self._pairs // len(self._by_tenant):
            tenant, traces = max(self._by_tenant.items(), key=lambda named: len(named[1]))
        traces.popitem(last=False)
        if not traces:
            del self._by_tenant[tenant]
        self._count -= 1
        self._metrics.increment("autopsy_evictions")
