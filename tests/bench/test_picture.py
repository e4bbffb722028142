from pathlib import Path

from tests.bench.picture import draw
from tests.bench.rounds import COLUMNS, Figure, Standing


def test_a_picture_names_every_server_and_every_figure(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    draw([Standing("ours", {COLUMNS[0].title: Figure(9.5, 9.0, 12.0, 1.0)}), Standing("nobody", {})], path)
    text = path.read_text()
    assert all(f"<!-- {words} -->" in text for words in ("ours", "nobody", *(column.title for column in COLUMNS)))
