"""Every metric: its name, kind, label and meaning. Counts are plain integers, one dictionary operation each."""

from collections import defaultdict
from typing import NamedTuple

__all__ = ["METRICS", "Counts", "Metric"]


class Metric(NamedTuple):
    """One metric. `kind` is `counter` or `gauge`; `label` is the name of its one label, or empty."""

    kind: str
    label: str
    says: str


METRICS: dict[str, Metric] = {
    "connections": Metric("gauge", "", "open WebSocket connections"),
    "peers": Metric("gauge", "", "registered peers, those that are away too"),
    "groups": Metric("gauge", "", "groups that have an actor"),
    "registers": Metric("counter", "", "registers that were acted on"),
    "deliveries": Metric("counter", "type", "relayed messages handed to an outbox"),
    "errors": Metric("counter", "code", "errors told to clients"),
    "candidates_dropped": Metric("counter", "type", "candidates, offers and answers that ice.candidates did not let pass"),
    "closes": Metric("counter", "code", "close frames sent, or answered ('by client')"),
    "expirations": Metric("counter", "", "peers that were silent or deaf and became away"),
    "goaways": Metric("counter", "", "v2 clients that were told when to come back because the server goes down"),
    "refusals": Metric("counter", "reason", "requests that did not become a connection"),
    "quota_refusals": Metric("counter", "quota", "connections, registers and messages refused because a tenant or a group is at its bound"),
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
    "hub_stalled_ms": Metric("counter", "", "milliseconds of all these stalls"),
    "hold_overflows": Metric("counter", "", "times that candidates passed before the answer because too many were held"),
    "hold_timeouts": Metric("counter", "", "messages that passed before the answer because it did not come in time"),
    "memory_sheds": Metric("counter", "", "connections closed because the memory was tight and they held the most"),
    "actor_failures": Metric("counter", "actor", "actors that ended by a fault"),
}


class Counts:
    """The process's counts (`actors.ports.Metrics`)."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: dict[str, dict[str, int]] = {name: defaultdict(int) for name in METRICS}

    def increment(self, name: str, label: str = "", by: int = 1) -> None:
        """Add `by`.

        Raises:
            KeyError: a name that is not in the table; a fault of the program.

        """
        self._values[name][label] += by

    def labels(self, name: str) -> dict[str, int]:
        """The counts of one metric by label, for whoever counts in each relay: `labels[label] += 1`, also for a label that is new.

        Raises:
            KeyError: as `increment`.

        """
        return self._values[name]

    def value(self, name: str, label: str = "") -> int:
        """One count."""
        return self._values[name].get(label, 0)

    def values(self) -> dict[str, dict[str, int]]:
        """All counts, by metric and label value; a copy."""
        return {name: dict(values) for name, values in self._values.items()}
