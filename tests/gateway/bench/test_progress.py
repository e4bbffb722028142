import io

from gateway.bench.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_in_a_file_one_line_says_what_has_begun() -> None:
    stream = io.StringIO()
    with Progress("relay", stream) as progress:
        progress.tell("half of it")
    assert stream.getvalue() == "relay\n"


def test_on_a_terminal_there_is_one_line_and_none_is_left() -> None:
    stream = Terminal()
    with Progress("relay", stream) as progress:
        progress.tell("half of it")
    assert stream.getvalue() == "\r\x1b[Krelay: starting\r\x1b[Krelay: half of it\r\x1b[K"
