"""What an autopsy comes to."""

from actors.reasons import ErrorCode
from gateway.operator.autopsy import Trace
from gateway.operator.finding import Side, finding

NOW = 1000.0


def side(peer_id: str, *, silent: float | None = 1.0, away: bool = False, **sent: tuple[float, ErrorCode | None]) -> Side:
    """A peer that sent this: when, and why it did not get through."""
    trace = Trace()
    for kind, (ago, refusal) in sent.items():
        passage = trace.passages[kind]
        if refusal is None:
            passage.count, passage.at = 1, NOW - ago
        else:
            passage.refusal, passage.refused_at = refusal, NOW - ago
    return Side(peer_id, silent, away, {"profile": "v1"}, trace)


def says(a: Side, b: Side) -> str:
    told = finding(a, b, NOW)["says"]
    assert told == finding(b, a, NOW)["says"] or "; a sent" in told or "neither" in told
    return str(told)


def test_peers_that_have_not_begun() -> None:
    assert says(side("a"), side("b")) == "neither has sent the other an offer"
    assert says(side("a"), side("b", silent=None)) == "neither has sent the other an offer; b is not in the group"


def test_an_offer_that_is_not_answered() -> None:
    offered = side("a", offer=(41, None))
    assert says(offered, side("b", silent=43)) == "b got the offer of a 41 s ago and has not answered; it was last heard of 43 s ago"
    assert says(offered, side("b", silent=70, away=True)).endswith("it was last heard of 70 s ago and is away")
    assert says(offered, side("b", silent=None)).endswith("and has not answered; b is not in the group")


def test_an_answer_to_an_earlier_offer_is_none_to_this_one() -> None:
    assert "has not answered" in says(side("a", offer=(10, None)), side("b", answer=(20, None)))


def test_an_offer_that_did_not_get_through() -> None:
    told = says(side("a", offer=(5, ErrorCode.PEER_AWAY)), side("b"))
    assert told == "the last offer of a, 5 s ago, did not get through: peer_away"


def test_an_offer_that_got_through_after_one_that_did_not() -> None:
    offered = side("a", offer=(5, None))
    passage = offered.sent.passages["offer"]
    passage.refusal, passage.refused_at = ErrorCode.UNKNOWN_PEER, NOW - 9
    assert "b got the offer of a 5 s ago" in says(offered, side("b"))


def test_an_answer_that_did_not_get_through() -> None:
    told = says(side("a", silent=None, offer=(5, None)), side("b", answer=(4, ErrorCode.UNKNOWN_PEER)))
    assert told == "b got the offer of a 5 s ago, and its answer did not get through: unknown_peer; a is not in the group"


def test_peers_that_have_both_spoken_are_told_with_their_candidates() -> None:
    a, b = side("a", offer=(5, None)), side("b", answer=(4, None))
    a.sent.candidates.update(host=2, srflx=1)
    assert says(a, b) == "b got the offer of a 5 s ago and answered 4 s ago; a sent candidates: 2 host, 1 srflx, b sent candidates: none"


def test_of_two_offers_the_last_one_counts() -> None:
    assert says(side("a", offer=(9, None)), side("b", offer=(3, None))).startswith("a got the offer of b 3 s ago")


def test_all_that_is_known_is_told_in_numbers() -> None:
    a = side("a", silent=0.5, offer=(5, None), candidate=(2, ErrorCode.SLOW_PEER))
    a.sent.candidates["host"] = 1
    shown = finding(a, side("b", silent=None), NOW)["peers"]
    nothing = {"delivered": 0, "ago_ms": None, "refused": None, "refused_ago_ms": None}
    assert shown[0] == {
        "peer": "a",
        "present": True,
        "away": False,
        "silent_ms": 500,
        "profile": "v1",
        "sent": {
            "offer": {"delivered": 1, "ago_ms": 5000, "refused": None, "refused_ago_ms": None},
            "answer": nothing,
            "candidate": {"delivered": 0, "ago_ms": None, "refused": "slow_peer", "refused_ago_ms": 2000},
            "candidate_types": {"host": 1},
        },
    }
    assert (shown[1]["present"], shown[1]["silent_ms"]) == (False, None)
