"""Progress: how far the negotiation between two peers got, as one word. Pure."""

from collections.abc import Mapping

from gateway.operator.autopsy import Passage, Trace

__all__ = ["links", "offered_last", "progress", "was_refused"]

_NEVER = float("-inf")


def progress(a: Trace, b: Trace) -> str:
    """What is between two peers, of what each sent to the other.

    `none`: no offer. `offer`: one that is not answered. `answer`: answered, and one side or both have sent no candidates. `candidates`:
    answered, and both have. `refused`: the last offer or its answer did not get through.
    """
    offers, answers = (a, b) if offered_last(a) >= offered_last(b) else (b, a)
    offer, answer = offers.passages["offer"], answers.passages["answer"]
    if not offer.count and offer.refusal is None:
        return "none"
    if was_refused(offer) or (was_refused(answer) and answer.refused_at >= offer.at):
        return "refused"
    if not answer.count or answer.at < offer.at:
        return "offer"
    return "candidates" if a.candidates and b.candidates else "answer"


def links(traces: Mapping[tuple[str, str], Trace]) -> list[dict[str, str]]:
    """The progress of each pair in `traces`, which are by sender and receiver; in the order of their names."""
    pairs = sorted({(source, target) if source < target else (target, source) for source, target in traces})
    nothing = Trace()
    return [{"a": a, "b": b, "state": progress(traces.get((a, b), nothing), traces.get((b, a), nothing))} for a, b in pairs]


def offered_last(sent: Trace) -> float:
    """When, on the monotonic clock, the last offer was sent, whatever came of it; minus infinity where there was none."""
    offer = sent.passages["offer"]
    return max(offer.at if offer.count else _NEVER, offer.refused_at if offer.refusal is not None else _NEVER)


def was_refused(passage: Passage) -> bool:
    """Whether the last of them did not get through."""
    return passage.refusal is not None and (not passage.count or passage.refused_at > passage.at)
