"""Every metric: its name, kind, label and meaning. Counts are plain integers, one dictionary operation each."""

from collections import defaultdict
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from gateway.operator.histogram import Histogram

__all__ = ["METRICS", "READINGS", "Counts", "Metric"]


class Metric(NamedTuple):
    """One metric. `kind` is `counter`, `gauge` or `histogram`; `label` is the name of its one label, or empty."""

    kind: str
    label: str
    says: str


METRICS: dict[str, Metric] = {
    "connections": Metric("gauge", "", "open WebSocket connections"),
    "peers": Metric("gauge", "", "registered peers, those that are away too"),
    "groups": Metric("gauge", "", "groups that have an actor"),
    "registers": Metric("counter", "", "registers that were acted on"),
    "relays": Metric("counter", "type", "offers, answers, candidates and messages that reached their group"),
    "tenant_relays": Metric("counter", "tenant", "the same, by tenant"),
    "deliveries": Metric("counter", "type", "relayed messages handed to an outbox"),
    "errors": Metric("counter", "code", "errors told to clients"),
    "candidates_dropped": Metric("counter", "type", "candidates, offers and answers that group.candidates did not let pass"),
    "closes": Metric("counter", "code", "close frames sent, or answered ('by client')"),
    "expirations": Metric("counter", "", "peers that were silent or deaf and became away"),
    "resumable": Metric("gauge", "", "v2 peers whose connection is lost and whose place is kept"),
    "resumes": Metric("counter", "", "places that another connection took with their session"),
    "resume_expirations": Metric("counter", "", "places that were kept and given up: nobody came in time, or another wanted the id"),
    "resume_queued": Metric("counter", "", "messages kept for peers whose place is kept"),
    "resume_overflows": Metric("counter", "", "messages, and answers to such a peer, that there was no room for"),
    "resume_sheds": Metric("counter", "", "places, and messages for places, that were not kept because memory was tight"),
    "goaways": Metric("counter", "", "v2 clients that were told when to come back because the server goes down"),
    "refusals": Metric("counter", "reason", "requests that did not become a connection"),
    "quota_refusals": Metric("counter", "quota", "connections, registers and messages refused because a tenant or a group is at its bound"),
    "tenant_refusals": Metric("counter", "tenant", "the same, by tenant"),
    "reloads": Metric("counter", "outcome", "times that the configuration was read anew: done, or refused because of a fault in it"),
    "throttle_evictions": Metric("counter", "", "addresses forgotten that had to wait for bad tokens: there were too many of them"),
    "forwarded_faults": Metric(
        "counter", "fault", "requests of trusted proxies whose word of who the client is was not, or not all, believed"
    ),
    "accept_pauses": Metric("counter", "", "times that nothing was accepted for a while: as many handshakes were under way as may be"),
    "early_refusals": Metric("counter", "", "messages refused because too many waited for the answer to a register or leave"),
    "mailbox_refusals": Metric("counter", "actor", "messages that a full mailbox did not take"),
    "outbox_overflows": Metric("counter", "", "connections closed because they read too slowly"),
    "read_pauses": Metric("counter", "", "times a socket was not read because its actor had enough to do"),
    "close_timeouts": Metric("counter", "", "connections cut because TCP had not ended in time after the close frame"),
    "hub_stalls": Metric("counter", "", "times that the process did not serve for a while: stuck in a call, stopped or starved"),
    "hub_stalled_ms": Metric("counter", "", "time of all these stalls"),
    "hub_lag": Metric("histogram", "", "by how much a beat of the hub came late, four times a second: what every client waits"),
    "relay_latency": Metric(
        "histogram", "", "from the sender heard to the outbox of the receiver; one in 64 relays of each type, none that was held"
    ),
    "hold_overflows": Metric("counter", "", "times that candidates passed before the answer because too many were held"),
    "hold_timeouts": Metric("counter", "", "messages that passed before the answer because it did not come in time"),
    "memory_sheds": Metric("counter", "", "connections closed because the memory was tight and they held the most"),
    "actor_failures": Metric("counter", "actor", "actors that ended by a fault"),
    "autopsy_evictions": Metric("counter", "", "pairs that were forgotten because as many are remembered as may be"),
    "operator_streams": Metric("gauge", "", "consoles that are told of changes as they come"),
    "operator_requests": Metric("counter", "status", "requests to the operator's listener, by the status of the answer"),
}

READINGS: dict[str, Metric] = {
    "accepting": Metric("gauge", "", "1 while the node serves, 0 in a drain"),
    "memory_tight": Metric("gauge", "", "1 while newcomers are refused because the memory is short"),
    "connections_limit": Metric("gauge", "", "connections that may be open at once"),
    "waiting_actors": Metric("gauge", "", "actors that have messages and wait for their turn"),
    "mailbox_messages": Metric("gauge", "", "messages that wait in the actors of connections, in all"),
    "mailbox_messages_max": Metric("gauge", "", "the same, of the one connection that has most"),
    "outbox_bytes": Metric("gauge", "", "bytes that wait to be written to clients, in all"),
    "outbox_bytes_max": Metric("gauge", "", "the same, of the one client that has most"),
    "tenant_connections": Metric("gauge", "tenant", "open connections of a tenant"),
    "tenant_groups": Metric("gauge", "tenant", "groups of a tenant"),
    "tenant_peers": Metric("gauge", "tenant", "peers of a tenant, those that are about to join too"),
}
"""What is not counted but read when somebody asks (`gateway.operator.readings`)."""


class Counts:
    """The process's counts (`actors.ports.Metrics`)."""

    __slots__ = ("_histograms", "_values")

    def __init__(self) -> None:
        self._values: dict[str, dict[str, int]] = {name: defaultdict(int) for name, metric in METRICS.items() if metric.kind != "histogram"}
        self._histograms = {name: Histogram() for name, metric in METRICS.items() if metric.kind == "histogram"}

    def increment(self, name: str, label: str = "", by: int = 1) -> None:
        """Add `by`.

        Raises:
            KeyError: a name that is not in the table; a fault of the program.

        """
        self._values[name][label] += by

    def observe(self, name: str, seconds: float) -> None:
        """Count one more time of a histogram.

        Raises:
            KeyError: as `increment`.

        """
        self._histograms[name].observe(seconds)

    def labels(self, name: str) -> dict[str, int]:
        """The counts of one metric by label, for whoever counts in each relay: `labels[label] += 1`, also for a label that is new.

        Raises:
            KeyError: as `increment`.

        """
        return self._values[name]

    def value(self, name: str, label: str = "") -> int:
        """One count."""
        return self._values[name].get(label, 0)

    def keep(self, label: str, values: AbstractSet[str]) -> None:
        """Of all metrics with this label forget the counts whose value of it is none of `values`."""
        for name, metric in METRICS.items():
            if metric.label == label:
                counts = self._values[name]  # the very dictionary that those who count in each relay hold
                for value in counts.keys() - values:
                    del counts[value]

    def values(self) -> dict[str, dict[str, int]]:
        """All counts, by metric and label value; a copy."""
        return {name: dict(values) for name, values in self._values.items()}

    def histogram(self, name: str) -> Histogram:
        """The times of one histogram, as they go on being counted.

        Raises:
            KeyError: as `increment`.

        """
        return self._histograms[name]
