"""The command line of the judge, in this process against a stand-in; `tests/integration` runs it against whole servers."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from websockets.asyncio.server import ServerConnection, serve

from gateway.conformance.command import main
from gateway.conformance.transcript import load


async def pong(connection: ServerConnection) -> None:
    """A server that answers pings, and closes with the code of its client: two rows pass, and nearly all fail."""
    await connection.wait_closed()


@pytest.fixture
def url() -> Iterator[str]:
    """A server in a thread."""
    ports: list[int] = []
    started, ended = Event(), Event()

    async def main() -> None:
        async with serve(pong, "127.0.0.1", 0, compression=None) as server:
            ports.append(server.sockets[0].getsockname()[1])
            started.set()
            await asyncio.to_thread(ended.wait)

    thread = Thread(target=lambda: asyncio.run(main()))
    thread.start()
    try:
        assert started.wait(10)
        yield f"ws://127.0.0.1:{ports[0]}/ws"
    finally:
        ended.set()
        thread.join()


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    return capsys.readouterr().err


def test_a_server_that_keeps_the_rows_is_exit_code_0(url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    assert main([url, "--only", "ping", "--only", "close-*", "--json", str(file)]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1] == "2 rows: 2 passed, 0 failed, 0 skipped"
    assert shown.err == "conformance\n"
    told = json.loads(file.read_text())
    assert [(row["row"], row["outcome"]) for row in told["rows"]] == [("ping", "passed"), ("close-answered", "passed")]
    assert told["limits"]["id_length"] == 128


def test_a_server_that_does_not_is_exit_code_1_and_told_what_was_seen(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([url, "--only", "ping", "--only", "empty-list", "--patience", "0.2", "--together", "2"]) == 1
    shown = capsys.readouterr().out
    assert re.search(r"FAIL  empty-list .*\n      step 3 of 3: a received nothing within 0\.2 s", shown)
    assert "2 rows: 1 passed, 1 failed, 0 skipped" in shown


def test_rows_that_are_slow_or_for_another_choice_are_skipped_and_said_so(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([url, "--only", "never-registers", "--only", "namesake-wins", "--only", "token-missing"]) == 0
    shown = capsys.readouterr().out
    assert "takes longer than ten seconds; --slow plays it" in shown
    assert "for servers with group.on_duplicate = newest" in shown
    assert "for servers that demand a token; --token gives one" in shown
    assert "3 rows: 0 passed, 0 failed, 3 skipped" in shown


def test_rows_of_v2_are_skipped_on_a_server_of_v1_unless_they_are_demanded(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([url, "--only", "v2-subprotocol"]) == 0
    assert "the server does not speak v2; --profile v2 demands that it does" in capsys.readouterr().out
    assert main([url, "--only", "v2-subprotocol", "--profile", "v2"]) == 1
    assert "the server chose the subprotocol None, not psync.v2.json" in capsys.readouterr().out


def test_a_limit_of_the_server_and_its_choice_can_be_told(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    slow = ["--only", "never-registers", "--slow", "--limit", "register_timeout=0.1", "--patience", "0.1"]
    assert main([url, *slow]) == 1
    assert "a received nothing within 3.1 s" in capsys.readouterr().out
    assert main([url, "--only", "namesake-wins", "--on-duplicate", "newest", "--patience", "0.1"]) == 1
    assert "1 failed, 0 skipped" in capsys.readouterr().out


def test_the_trace_shows_every_message(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([url, "--only", "empty-list", "--only", "packed-verbatim", "--patience", "0.1", "--trace"])
    told = capsys.readouterr().err
    assert re.search(r'^empty-list  a > \{"type":"register","payload":\{"peer_id":"a","group_id":"conformance-', told, re.MULTILINE)
    assert re.search(r"^packed-verbatim  a > 82a474797065", told, re.MULTILINE)


def test_a_server_that_is_not_there_is_exit_code_1(capsys: pytest.CaptureFixture[str], unused_port: Callable[[], int]) -> None:
    assert main([f"ws://127.0.0.1:{unused_port()}/ws", "--only", "ping"]) == 1
    assert "cannot reach 127.0.0.1:" in capsys.readouterr().err


@pytest.fixture
def unused_port() -> Callable[[], int]:
    def port() -> int:
        async def ask() -> int:
            async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as server:
                number: int = server.sockets[0].getsockname()[1]
                return number

        return asyncio.run(ask())

    return port


def test_all_of_it_is_done_in_time_or_given_up(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([url, "--only", "empty-list", "--patience", "30", "--seconds", "0.2"]) == 1
    assert "not done within 0.2 s; --seconds allows more" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_told_below_the_table(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([url, "--only", "ping", "--json", "/nowhere/a.json"]) == 1
    shown = capsys.readouterr()
    assert "1 passed" in shown.out
    assert "cannot write: " in shown.err


def test_an_interrupt_is_exit_code_130(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    async def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gateway.conformance.command.play", interrupted)
    assert main([url, "--only", "ping"]) == 130


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "the address of the server is missing"),
        (["http://127.0.0.1/"], "is not ws://HOST:PORT/PATH"),
        (["ws://127.0.0.1/ws", "--only", "nothing"], "no row has such a name"),
        (["ws://127.0.0.1/ws", "--limit", "size=1"], "'size=1' is not NAME=NUMBER with one of message_bytes"),
        (["ws://127.0.0.1/ws", "--limit", "id_length"], "is not NAME=NUMBER"),
        (["ws://127.0.0.1/ws", "--patience", "0"], "0 is not more than zero"),
        (["ws://127.0.0.1/ws", "--together", "17"], "invalid choice: 17"),
    ],
)
def test_a_wrong_command_line_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str], arguments: list[str], says: str) -> None:
    assert says in refused(capsys, *arguments)


def test_the_list_names_every_row_and_needs_no_server(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == [row.name for row in load()]
