import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.bench.crowd import Crowd
from gateway.bench.dialect import Signal
from gateway.bench.pairs import Pairs, pair
from gateway.bench.plan import MIXED, Plan
from gateway.bench.template import Unexpected
from gateway.bench.watch import Watch
from tests.gateway.bench.crooked import Nth, Tamper, crooked, honest, lost


@contextmanager
def talking(tamper: Tamper = honest, sizes: tuple[int, ...] = (300,)) -> Iterator[Pairs]:
    watch = Watch(spin=False)
    with crooked(tamper) as target, Crowd(target.address, Signal()) as crowd:
        crowd.open([place for number in range(3) for place in pair(number)])
        yield Pairs(Plan(scenario="relay", dialect=Signal(), pairs=3, sizes=sizes), crowd, watch)
    watch.close()


def counts(pairs: Pairs) -> list[int]:
    return [side.mouth.said for side in pairs.sides.values()]


def test_each_pair_has_a_group_of_its_own() -> None:
    assert pair(7) == (("pair-7-a", "pair-7"), ("pair-7-b", "pair-7"))


@pytest.mark.parametrize("sizes", [(300,), MIXED])
def test_offerers_begin_and_all_answer_until_it_is_time(sizes: tuple[int, ...]) -> None:
    with talking(sizes=sizes) as pairs:
        pairs.begin(2)
        assert counts(pairs) == [2, 0] * 3
        while len(pairs.latencies) < 100:
            pairs.answer_until(time.perf_counter() + 0.01)
        pairs.hear_the_rest()
        assert len(pairs.latencies) == sum(counts(pairs))


def test_who_only_listens_says_nothing() -> None:
    with talking() as pairs:
        pairs.begin(1)
        pairs.hear_the_rest()
        assert counts(pairs) == [1, 0] * 3
        assert len(pairs.latencies) == 3


def test_what_never_comes_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.bench.pairs.PATIENCE", 0.2)
    with talking(Nth("offer", 2, lost)) as pairs:
        pairs.begin(1)
        with pytest.raises(Unexpected, match="1 messages were lost"):
            pairs.hear_the_rest()
