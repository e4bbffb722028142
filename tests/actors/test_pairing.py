from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.events import Format, Relayed
from actors.pairing import Pairing
from tests.broker import HOLD

if TYPE_CHECKING:
    from actors.runtime import BrokerRef

NOBODY = cast("BrokerRef", object())


def said(kind: str, payload: str = "", source_id: str = "a") -> Relayed:
    return Relayed(kind, source_id, "b", payload.encode(), Format.JSON, NOBODY)


def words(messages: list[Relayed]) -> list[str]:
    return [message.type + (message.payload or b"").decode() for message in messages]


def pass_or_hold(pairing: Pairing, message: Relayed, at: float) -> list[Relayed]:
    """What is to be handed over when this comes."""
    message = replace(message, at=at)
    return [message] if pairing.passes(message) else pairing.hold(message)


def after_offer() -> Pairing:
    pairing = Pairing(HOLD)
    assert words(pass_or_hold(pairing, said("offer"), 0)) == ["offer"]
    return pairing


def test_candidates_without_an_offer_pass() -> None:
    assert words(pass_or_hold(Pairing(HOLD), said("candidate"), 0)) == ["candidate"]


def test_a_candidate_waits_for_the_answer_to_the_offer_before_it() -> None:
    pairing = after_offer()
    assert pass_or_hold(pairing, said("candidate", "1"), 0) == []
    assert pass_or_hold(pairing, said("candidate", "2"), 0) == []
    assert words(pairing.release("a")) == ["candidate1", "candidate2"]
    assert words(pass_or_hold(pairing, said("candidate", "3"), 0)) == ["candidate3"]


def test_other_senders_are_not_held() -> None:
    pairing = after_offer()
    assert pass_or_hold(pairing, said("candidate"), 0) == []
    assert words(pass_or_hold(pairing, said("candidate", source_id="c"), 0)) == ["candidate"]
    assert pairing.release("c") == []


def test_what_comes_before_the_first_candidate_passes_and_what_follows_it_waits_behind() -> None:
    pairing = after_offer()
    assert words(pass_or_hold(pairing, said("message"), 0)) == ["message"]
    for kind in ("candidate", "message", "answer"):
        assert pass_or_hold(pairing, said(kind), 0) == []
    assert words(pairing.release("a")) == ["candidate", "message", "answer"]


def test_one_frame_more_than_may_be_held_lets_all_pass() -> None:
    pairing = after_offer()
    for number in range(HOLD.messages):
        assert pass_or_hold(pairing, said("candidate", str(number)), 0) == []
    passed = pass_or_hold(pairing, said("candidate", "last"), 0)
    assert len(passed) == HOLD.messages + 1
    assert words(passed)[-1] == "candidatelast"
    assert words(pass_or_hold(pairing, said("candidate"), 0)) == ["candidate"]


def test_bytes_are_bounded_for_all_senders_together_and_what_goes_beyond_lets_its_sender_pass() -> None:
    pairing, half = after_offer(), "x" * (HOLD.size // 2)
    pass_or_hold(pairing, said("offer", source_id="c"), 0)
    assert pass_or_hold(pairing, said("candidate", half), 0) == []
    assert pass_or_hold(pairing, said("candidate", half, "c"), 0) == []
    assert words(pass_or_hold(pairing, said("candidate", "1", "c"), 0)) == [f"candidate{half}", "candidate1"]
    assert pass_or_hold(pairing, said("candidate", half), 0) == []
    assert len(pass_or_hold(pairing, said("candidate", "2"), 0)) == 3


ENDS: dict[str, Callable[[Pairing], list[Relayed]]] = {
    "the answer": lambda pairing: pairing.release("a"),
    "the sender leaves": lambda pairing: pairing.forget("a"),
    "the time is over": lambda pairing: pairing.expire(HOLD.seconds),
    "the peer leaves": Pairing.clear,
}


@pytest.mark.parametrize("end", ENDS)
def test_what_is_let_go_makes_room(end: str) -> None:
    pairing = Pairing(HOLD)
    for _ in range(3):
        pass_or_hold(pairing, said("offer"), 0)
        assert pass_or_hold(pairing, said("candidate", "x" * HOLD.size), 0) == []
        assert len(ENDS[end](pairing)) == 1


def test_what_is_held_passes_after_its_time() -> None:
    pairing = after_offer()
    pass_or_hold(pairing, said("candidate", "1"), 5)
    pass_or_hold(pairing, said("candidate", "2"), 5.9)
    assert pairing.next_deadline() == 5 + HOLD.seconds
    assert pairing.expire(5.99) == []
    assert words(pairing.expire(6)) == ["candidate1", "candidate2"]
    assert pairing.next_deadline() is None


def test_only_those_expire_whose_time_has_come() -> None:
    pairing = after_offer()
    pass_or_hold(pairing, said("offer", source_id="c"), 0)
    pass_or_hold(pairing, said("candidate", "1"), 0)
    pass_or_hold(pairing, said("candidate", "2", source_id="c"), 0.5)
    assert words(pairing.expire(1)) == ["candidate1"]
    assert pairing.next_deadline() == 1.5


def test_candidates_of_a_second_offer_wait_for_the_second_answer_within_the_same_second() -> None:
    pairing = after_offer()
    for number, kind in enumerate(["candidate", "offer", "message", "candidate"]):
        assert pass_or_hold(pairing, said(kind, str(number)), 0.5) == []
    assert words(pairing.release("a")) == ["candidate0", "offer1", "message2"]
    assert pairing.next_deadline() == 0.5 + HOLD.seconds
    assert words(pairing.release("a")) == ["candidate3"]


def test_all_offers_pass_when_the_time_is_up() -> None:
    pairing = after_offer()
    kinds = ["candidate", "offer", "candidate", "offer", "candidate"]
    for number, kind in enumerate(kinds):
        pass_or_hold(pairing, said(kind, str(number)), 0)
    assert words(pairing.expire(1)) == [kind + str(number) for number, kind in enumerate(kinds)]
    assert pairing.next_deadline() is None


def test_a_sender_that_left_has_no_open_offer() -> None:
    pairing = after_offer()
    pass_or_hold(pairing, said("candidate"), 0)
    assert words(pairing.forget("a")) == ["candidate"]
    assert pairing.forget("a") == []
    assert words(pass_or_hold(pairing, said("candidate"), 0)) == ["candidate"]


def test_a_peer_that_goes_gives_back_everything() -> None:
    pairing = after_offer()
    pass_or_hold(pairing, said("offer", source_id="c"), 0)
    pass_or_hold(pairing, said("candidate", "1"), 0)
    pass_or_hold(pairing, said("candidate", "2", source_id="c"), 0)
    assert words(pairing.clear()) == ["candidate1", "candidate2"]
    assert pairing.clear() == []
    assert pairing.next_deadline() is None


STEPS = st.one_of(
    st.tuples(st.sampled_from(["offer", "candidate", "message"]), st.sampled_from("ac")),
    st.tuples(st.sampled_from(["release", "forget", "expire"]), st.sampled_from("ac")),
)


@given(st.lists(STEPS, max_size=200))
def test_whatever_happens_each_frame_passes_once_in_the_order_of_its_sender_and_in_time(steps: list[tuple[str, str]]) -> None:
    pairing, now = Pairing(HOLD), 0.0
    sent: dict[str, list[str]] = {"a": [], "c": []}
    passed: list[Relayed] = []
    for number, (step, source_id) in enumerate(steps):
        now += 0.1
        if step in ("release", "forget"):
            passed += pairing.release(source_id) if step == "release" else pairing.forget(source_id)
        elif step != "expire":
            sent[source_id].append(step + str(number))
            passed += pass_or_hold(pairing, said(step, str(number), source_id), now)
        passed += pairing.expire(now)
        deadline = pairing.next_deadline()
        assert deadline is None or now < deadline <= now + HOLD.seconds
    passed += pairing.clear()
    assert {source_id: words([frame for frame in passed if frame.source_id == source_id]) for source_id in sent} == sent
