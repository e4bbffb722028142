"""Finding: what an autopsy comes to, in numbers and in one sentence. Pure; time is an argument."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from gateway.operator.autopsy import Passage, Trace
from gateway.operator.progress import offered_last, was_refused

__all__ = ["Side", "finding"]


class Side(NamedTuple):
    """One of the two peers. `silent` is in seconds, None for one that is not in the group; `sent` is what it sent to the other."""

    peer_id: str
    silent: float | None
    away: bool
    client: Mapping[str, Any]
    sent: Trace


def finding(a: Side, b: Side, now: float) -> dict[str, Any]:
    """All that is known of two peers, as JSON; `says` is for people."""
    return {"says": _says(a, b, now), "peers": [_shown(a, now), _shown(b, now)]}


def _shown(side: Side, now: float) -> dict[str, Any]:
    silent_ms = None if side.silent is None else round(side.silent * 1000)
    state = {"peer": side.peer_id, "present": side.silent is not None, "away": side.away, "silent_ms": silent_ms, **side.client}
    sent = {kind: _shown_passage(passage, now) for kind, passage in side.sent.passages.items()}
    return {**state, "sent": {**sent, "candidate_types": dict(sorted(side.sent.candidates.items()))}}


def _shown_passage(passage: Passage, now: float) -> dict[str, Any]:
    refused = passage.refusal is not None
    return {
        "delivered": passage.count,
        "ago_ms": round((now - passage.at) * 1000) if passage.count else None,
        "refused": passage.refusal.value if passage.refusal is not None else None,
        "refused_ago_ms": round((now - passage.refused_at) * 1000) if refused else None,
    }


def _says(a: Side, b: Side, now: float) -> str:
    """How far they got: the last offer, its answer, the candidates."""
    offerer, answerer = (a, b) if offered_last(a.sent) >= offered_last(b.sent) else (b, a)
    offer, answer = offerer.sent.passages["offer"], answerer.sent.passages["answer"]
    if not offer.count and offer.refusal is None:
        return f"neither has sent the other an offer{_absent(a)}{_absent(b)}"
    if was_refused(offer):
        return f"the last offer of {offerer.peer_id}, {_ago(offer.refused_at, now)}, did not get through: {_why(offer)}{_absent(answerer)}"
    got = f"{answerer.peer_id} got the offer of {offerer.peer_id} {_ago(offer.at, now)}"
    if was_refused(answer) and answer.refused_at >= offer.at:
        return f"{got}, and its answer did not get through: {_why(answer)}{_absent(offerer)}"
    if not answer.count or answer.at < offer.at:
        return f"{got} and has not answered{_heard(answerer)}"
    return f"{got} and answered {_ago(answer.at, now)}; {_candidates(a)}, {_candidates(b)}"


def _why(passage: Passage) -> str:
    return passage.refusal.value if passage.refusal is not None else ""


def _ago(at: float, now: float) -> str:
    return f"{now - at:.0f} s ago"


def _absent(side: Side) -> str:
    return f"; {side.peer_id} is not in the group" if side.silent is None else ""


def _heard(side: Side) -> str:
    if side.silent is None:
        return _absent(side)
    return f"; it was last heard of {side.silent:.0f} s ago{' and is away' if side.away else ''}"


def _candidates(side: Side) -> str:
    types = ", ".join(f"{count} {name}" for name, count in sorted(side.sent.candidates.items()))
    return f"{side.peer_id} sent candidates: {types or 'none'}"
