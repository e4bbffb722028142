"""How far two peers got, in one word."""

from actors.reasons import ErrorCode
from gateway.operator.autopsy import Trace
from gateway.operator.progress import links, progress


def sent(*, at: float = 0.0, candidates: bool = False, refused: str = "", **kinds: float) -> Trace:
    """What one peer sent: when of each type, or of the type that was refused, when that was."""
    trace = Trace()
    for kind, moment in kinds.items():
        trace.passages[kind].count, trace.passages[kind].at = 1, moment
    if refused:
        trace.passages[refused].refusal, trace.passages[refused].refused_at = ErrorCode.UNKNOWN_PEER, at
    if candidates:
        trace.candidates["host"] = 1
    return trace


def test_each_step_has_its_word() -> None:
    assert progress(sent(), sent()) == "none"
    assert progress(sent(candidate=1), sent()) == "none"
    assert progress(sent(offer=1), sent()) == progress(sent(), sent(offer=1)) == "offer"
    assert progress(sent(offer=1), sent(answer=2)) == "answer"
    assert progress(sent(offer=1, candidates=True), sent(answer=2)) == "answer"
    assert progress(sent(offer=1, candidates=True), sent(answer=2, candidates=True)) == "candidates"


def test_a_new_offer_begins_anew_whoever_makes_it() -> None:
    assert progress(sent(offer=3), sent(answer=2)) == "offer"
    assert progress(sent(offer=1, candidates=True), sent(answer=2, offer=3, candidates=True)) == "offer"


def test_what_did_not_get_through_is_refused_until_something_does() -> None:
    assert progress(sent(refused="offer", at=1), sent()) == "refused"
    assert progress(sent(offer=2, refused="offer", at=1), sent()) == "offer"
    assert progress(sent(offer=1), sent(refused="answer", at=2)) == "refused"
    assert progress(sent(offer=3), sent(refused="answer", at=2)) == "offer"


def test_each_pair_has_one_link_whoever_sent_first() -> None:
    traces = {("b", "a"): sent(offer=1), ("a", "b"): sent(answer=2), ("c", "a"): sent(offer=1)}
    assert links(traces) == [{"a": "a", "b": "b", "state": "answer"}, {"a": "a", "b": "c", "state": "offer"}]
    assert links({}) == []
