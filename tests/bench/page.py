"""Page: the comparison as Markdown, and its place in docs/performance.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.rounds import COLUMNS, Figure, Standing

__all__ = ["BEGIN", "END", "table", "write"]

BEGIN = "<!-- make bench ARGS=--write puts its table here -->"
END = "<!-- end of the table -->"


def table(standings: Sequence[Standing], absent: Mapping[str, str], about: Sequence[str]) -> str:
    """Medians, in brackets the least and the most, and how many times ours; below, what is missing and why."""
    heads = ["server", *(f"{column.title}, {column.unit}" for column in COLUMNS)]
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * len(COLUMNS)}"]
    for standing in standings:
        cells = [_cell(standing.figures.get(column.title)) for column in COLUMNS]
        lines.append(f"| {standing.name} | {' | '.join(cells)} |")
    notes = [f"- {line}" for line in about]
    notes += [f"- {name} is left out: {why}" for name, why in absent.items()]
    notes += [f"- {standing.name} failed: {fault}" for standing in standings for fault in standing.faults]
    return "\n".join([*lines, "", *notes])


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    digits = 0 if figure.value >= 100 else 1
    value, least, most = (f"{number:,.{digits}f}" for number in (figure.value, figure.least, figure.most))
    spread = "" if figure.least == figure.most else f" ({least} to {most})"
    return f"{value}{spread}" + ("" if figure.ratio is None else f", x{figure.ratio:.2f}")


def write(page: Path, text: str) -> None:
    """Put the table between the markers of a page.

    Raises:
        ValueError: the page does not have each marker once, in this order.

    """
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in after or END in after:
        raise ValueError(f"{page.name} does not have its two markers, each once")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")
