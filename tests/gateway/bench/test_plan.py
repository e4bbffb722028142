import pytest

from gateway.bench.dialect import Signal
from gateway.bench.plan import CANDIDATE_SIZE, MIXED, MOST, Plan


@pytest.mark.parametrize(("sizes", "words"), [((1200,), "1,200 characters"), (MIXED, "120 to 37,000 characters")])
def test_sizes_are_told_in_words(sizes: tuple[int, ...], words: str) -> None:
    assert Plan(scenario="relay", dialect=Signal(), sizes=sizes).sizes_in_words == words


def test_the_mix_is_mostly_candidates_and_within_bounds() -> None:
    assert sum(size <= CANDIDATE_SIZE for size in MIXED) > len(MIXED) / 2
    assert max(MIXED) <= MOST.size
    assert MIXED[0] > CANDIDATE_SIZE, "a negotiation begins with an offer"
