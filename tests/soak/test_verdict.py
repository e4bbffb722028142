"""The rule: what is growth and what is not."""

import pytest

from tests.soak.verdict import Sample, after_warm_up, grown, plot, table, trends


def samples(rss: list[int], actors: list[int] | None = None) -> list[Sample]:
    """One a second."""
    told = actors or [81] * len(rss)
    return [Sample(float(at), 80, 400.0, 2.5, kib, 87, count) for at, (kib, count) in enumerate(zip(rss, told, strict=True), 1)]


def test_flat_figures_are_no_growth() -> None:
    assert grown(samples([35_000] * 60)) == []


def test_growth_before_the_end_of_the_warm_up_does_not_count() -> None:
    course = samples([20_000 + 1500 * min(at, 12) for at in range(1, 61)])
    assert after_warm_up(course)[0].elapsed == 12
    assert grown(course) == []


@pytest.mark.parametrize(("last", "names"), [(37_048, []), (37_049, ["rss_kib"])])
def test_more_than_the_allowance_is_growth(last: int, names: list[str]) -> None:
    assert grown(samples([35_000] * 30 + [last] * 30)) == names


def test_one_bad_second_is_none() -> None:
    assert grown(samples([35_000] * 59 + [99_000])) == []


def test_an_actor_that_stays_every_other_second_is_found() -> None:
    assert grown(samples([35_000] * 60, [81 + at // 2 for at in range(60)])) == ["actors"]


def test_too_short_a_course_is_no_verdict() -> None:
    with pytest.raises(AssertionError, match="2 samples behind the warm-up"):
        trends(samples([35_000] * 3))


def test_the_table_and_the_plot_show_what_grew() -> None:
    course = samples([35_000] * 30 + [38_000] * 30)
    assert "rss_kib          35000     38000     +3000      2048  GREW" in table(course)
    assert plot(course, "rss_kib") == f"rss_kib      {'▁' * 30}{'█' * 30}  3.5e+04 to 3.8e+04"
    assert plot(course, "descriptors") == f"descriptors  {'▁' * 60}  87 to 87"


def test_a_long_course_is_plotted_by_its_peaks() -> None:
    assert plot(samples([1] * 299 + [9] + [1] * 300), "rss_kib").count("█") == 1
