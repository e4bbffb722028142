"""Which candidates may pass from peer to peer: `group.candidates`. It stands in front of a codec, where the policy forbids some.

A payload is passed on byte for byte, so nothing is taken out of one: a message with a candidate that may not pass is refused as a whole,
and its sender told. Candidates in an offer or answer are looked at, too; a client that trickles only those that may pass loses none.
"""

import enum
from collections.abc import Mapping
from types import MappingProxyType

from actors.events import Format, Message
from actors.messages import BadMessage, Relay
from actors.ports import Metrics
from actors.reasons import ErrorCode
from gateway.candidates import TYPES, UNREADABLE, candidate_types, is_end_of_candidates, may_carry_candidates, read_payload
from gateway.line import Decode

__all__ = ["CandidateGate", "CandidatePolicy"]


class CandidatePolicy(enum.StrEnum):
    """Which candidates pass."""

    ALL = "all"
    NO_HOST = "no-host"
    RELAY_ONLY = "relay-only"


_PASS: Mapping[CandidatePolicy, frozenset[str]] = MappingProxyType(
    {CandidatePolicy.NO_HOST: TYPES - {"host"}, CandidatePolicy.RELAY_ONLY: frozenset({"relay"})}
)
_WORDS = {
    CandidatePolicy.NO_HOST: "no host candidates pass here",
    CandidatePolicy.RELAY_ONLY: "only relay candidates pass here; gather with iceTransportPolicy 'relay'",
}


class CandidateGate:
    """A decoder (`gateway.line.Decode`) in front of another. For any policy but `ALL`, which needs none."""

    def __init__(self, decode: Decode, policy: CandidatePolicy, metrics: Metrics) -> None:
        self._decode = decode
        self._pass = _PASS[policy]
        self._words = _WORDS[policy]
        self._metrics = metrics

    def decode(self, form: Format, data: bytes) -> Message:
        """Read one message, as the decoder behind does. One whose candidates may not pass comes back as a `BadMessage` without a fault."""
        message = self._decode(form, data)
        if not isinstance(message, Relay) or message.type == "message":
            return message
        kind = self._barred(message)
        if kind is None:
            return message
        self._metrics.increment("candidates_dropped", kind)
        if kind != UNREADABLE:
            says = f"payload: has a candidate of type {kind}; {self._words}"
        elif message.type == "candidate":
            says = f"payload: no candidate that can be read (RFC 8839 section 5.1); {self._words}"
        else:
            says = f"payload: has a candidate line that cannot be read (RFC 8839 section 5.1); {self._words}"
        return BadMessage(ErrorCode.NOT_ALLOWED, says, message.reference(), fault=False)

    def _barred(self, message: Relay) -> str | None:
        """The type of a candidate that may not pass; None when all may."""
        payload = message.payload
        trickled = message.type == "candidate"
        if payload is None or (not trickled and not may_carry_candidates(payload)):
            return None
        value = read_payload(message.format, payload)
        types = set(candidate_types(value))
        if not types and trickled and not is_end_of_candidates(value):
            return UNREADABLE
        return min(types - self._pass, default=None)
