from gateway.bench.result import Cost, Latency, Result
from tests.bench.rounds import COLUMNS, Figure, standings


def relay(cost: float, fault: str = "") -> dict[str, Result]:
    return {"relay 1": Result(scenario="relay", about="", unit="relay", cost=Cost(cost, 0.0), fault=fault)}


def test_a_figure_is_the_median_of_the_rounds_with_its_spread_and_its_ratio_to_the_first() -> None:
    ours, theirs = standings({"ours": [relay(9), relay(10), relay(30)], "theirs": [relay(20), relay(40), relay(19)]})
    title = COLUMNS[0].title
    assert ours.figures == {title: Figure(10, 9, 30, 1.0)}
    assert theirs.figures == {title: Figure(20, 19, 40, 2.0)}


def test_a_latency_that_others_have_made_does_not_count() -> None:
    def loop(p99: float, noise: float) -> dict[str, Result]:
        return {"open": Result(scenario="open", about="", unit="relay", latency=Latency(1, p99, 3, 4), noise=noise)}

    ours, theirs = standings({"ours": [loop(900, 0.5)], "theirs": [loop(300, 0.0), loop(900, 0.2), loop(400, 0.1)]})
    assert ours.figures == {}
    assert theirs.figures == {COLUMNS[2].title: Figure(350, 300, 400, None)}


def test_each_column_reads_its_own_figure() -> None:
    loop = Result(scenario="relay", about="", unit="relay", cost=Cost(1, 2), latency=Latency(1, 50, 3, 4))
    rest = Result(scenario="idle", about="", unit="connection", cost=Cost(100, 50), connection_bytes=4_700)
    [only] = standings({"ours": [{"relay 1": loop, "relay 16": loop, "open": loop, "idle": rest}]})
    assert [only.figures[column.title].value for column in COLUMNS] == [3, 3, 50, 150, 4.7]


def test_a_round_that_failed_is_told_and_does_not_count() -> None:
    [only] = standings({"ours": [relay(9), relay(1000, "2 were lost")]})
    assert only.figures[COLUMNS[0].title] == Figure(9, 9, 9, 1.0)
    assert only.faults == ["relay 1: 2 were lost"]


def test_what_nobody_knows_has_no_figure() -> None:
    [only] = standings({"ours": [{"relay 1": Result(scenario="relay", about="", unit="relay")}]})
    assert only.figures == {}
