"""Picture: the comparison as bars, one chart for each figure."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure as Canvas

from tests.bench.rounds import COLUMNS, Standing

__all__ = ["draw"]


def draw(standings: Sequence[Standing], path: Path) -> None:
    """A bar for each median, with a line from the least to the most."""
    canvas = Canvas(figsize=(3.2 * len(COLUMNS), 0.4 * len(standings) + 1.6), layout="constrained")
    charts = canvas.subplots(1, len(COLUMNS), sharey=True)
    for chart, column in zip(charts, COLUMNS, strict=True):
        for place, standing in enumerate(standings):
            figure = standing.figures.get(column.title)
            if figure is not None:
                spread = [[figure.value - figure.least], [figure.most - figure.value]]
                chart.barh(place, figure.value, xerr=spread, color="tab:orange" if place == 0 else "tab:blue")
        chart.set_title(column.title, fontsize="small")
        chart.set_xlabel(column.unit)
    charts[0].set_yticks(range(len(standings)), [standing.name for standing in standings])
    charts[0].invert_yaxis()
    # Without the time and the random names that an SVG has, so that a new run changes in git what has changed.
    with rc_context({"svg.hashsalt": "signal"}):
        canvas.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
