"""The pages say what the code does: codes, frames, keys and defaults, paths, links, commands. Whoever changes one changes the other."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest

from actors.events import ErrorEvent, Format, Profile
from actors.messages import BadMessage
from actors.reasons import CLOSES, ERRORS, CloseCode, ErrorCode, LeaveReason
from gateway.config import Config, keys_of
from gateway.config_text import toml
from gateway.wire import Decoder, WireLimits, encode
from tests.integration.client import Client
from tests.integration.server import Server
from tests.parts import require_part
from tests.shown import CLIENT_TYPES, event_of
from tests.sources import ROOT, read

PAGES = {path.relative_to(ROOT).as_posix(): path.read_text() for pattern in ("*.md", "docs/**/*.md") for path in ROOT.glob(pattern)}
README, PROTOCOL = PAGES["README.md"], PAGES["docs/protocol.md"]
DECODER = Decoder(WireLimits())

PROMISES = (
    "at most once",
    "first in, first out for each sender and receiver",
    "every accepted message is delivered or answered with an error",
    "a slow, dead or hostile connection costs a bounded amount",
    "identity is stamped by the server",
    "shutdown closes every socket with a code",
)
V2_TYPES = {"welcome", "ack", "goaway", "peer_list"}
SERVER_TYPES = {"peer_list", "peer_joined", "peer_left", "error", "offer", "answer", "candidate", "message"}


# --- Reading a page ---


def blocks(page: str, info: str) -> list[str]:
    """The fenced blocks that are marked with `info`."""
    return [match[2] for match in re.finditer(r"^```(.*)\n((?s:.*?))^```$", page, re.MULTILINE) if match[1] == info]


def frames(page: str, info: str) -> list[str]:
    return [line for block in blocks(page, info) for line in block.splitlines()]


def section(page: str, heading: str) -> str:
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of the tables in a text, without their heads."""
    bodies = [takewhile(lambda line: line.startswith("|"), table.splitlines()[1:]) for table in text.split("\n|--")[1:]]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for body in bodies for line in body]


# --- Codes ---


def test_the_error_codes_are_those_of_the_server() -> None:
    told = [cells[:3] for cells in rows(section(PROTOCOL, "Error codes"))]
    assert told == [[code.value, words.says, "yes" if words.temporary else "no"] for code, words in ERRORS.items()]


def test_the_close_codes_are_those_of_the_server() -> None:
    told = [cells[:3] for cells in rows(section(PROTOCOL, "Close codes"))]
    assert told == [[str(code.value), words.says, words.reconnect] for code, words in CLOSES.items()]


def test_the_reasons_of_peer_left_are_those_of_the_server() -> None:
    told = [cells[0] for cells in rows(section(PROTOCOL, "Server to client").partition("Why a peer left")[2])]
    assert told == [reason.value for reason in LeaveReason]


def test_what_is_marked_as_not_sent_is_what_no_code_names() -> None:
    code = "".join(file.text for file in read("actors", "gateway") if file.path.name != "reasons.py")
    named = set(re.findall(r"(?:ErrorCode|CloseCode|LeaveReason)\.[A-Z_0-9]+", code))
    judged = {int(number) for number in re.findall(r"ProtocolError\((\d+)", code)}
    every = (*ErrorCode, *CloseCode, *LeaveReason)
    unsent = {str(each.value) for each in every if f"{type(each).__name__}.{each.name}" not in named and each.value not in judged}
    tables = "".join(section(PROTOCOL, heading) for heading in ("Server to client", "Close codes", "Error codes"))
    assert {cells[0] for cells in rows(tables) if "*not sent today*" in cells[-1]} == unsent


# --- Frames ---


def error_for(line: str) -> str:
    """What the server answers to a frame that it does not take."""
    bad = DECODER.decode(Format.JSON, line.encode())
    assert isinstance(bad, BadMessage), line
    return encode(ErrorEvent(bad.code, bad.says, ERRORS[bad.code].temporary, bad.about), Format.JSON).decode()


TAKEN = [
    *frames(PROTOCOL, "json client"),
    *frames(PROTOCOL, "json v2 client"),
    *(line for line in frames(README, "sh") if line.startswith("{")),
]


@pytest.mark.parametrize("line", TAKEN)
def test_every_frame_that_a_client_is_told_to_send_is_taken(line: str) -> None:
    assert not isinstance(DECODER.decode(Format.JSON, line.encode()), BadMessage)


@pytest.mark.parametrize("line", frames(PROTOCOL, "json server"))
def test_every_frame_of_the_server_is_as_the_server_writes_it(line: str) -> None:
    assert encode(event_of(line), Format.JSON).decode() == line


@pytest.mark.parametrize("line", frames(PROTOCOL, "json v2 server"))
def test_every_frame_for_a_v2_client_is_as_the_server_writes_it(line: str) -> None:
    assert encode(event_of(line), Format.JSON, Profile.V2).decode() == line


def test_every_type_that_v2_has_alone_has_an_example() -> None:
    shown = {json.loads(line)["type"] for line in frames(PROTOCOL, "json v2 server")}
    assert shown >= V2_TYPES


def test_every_type_has_an_example_in_each_direction_in_which_it_goes() -> None:
    assert {json.loads(line)["type"] for line in frames(PROTOCOL, "json client")} == CLIENT_TYPES
    assert {json.loads(line)["type"] for line in frames(PROTOCOL, "json server")} == SERVER_TYPES


def test_the_words_of_an_error_are_those_of_its_code_or_the_answer_to_a_refused_example() -> None:
    answers = [error_for(line) for line in frames(PROTOCOL, "json refused")]
    assert answers
    assert set(answers) <= set(frames(PROTOCOL, "json server"))
    for line in set(frames(PROTOCOL, "json server")) - set(answers):
        event = event_of(line)
        assert not isinstance(event, ErrorEvent) or event.says == ERRORS[event.code].says


def test_the_messagepack_examples_say_what_the_first_json_examples_say() -> None:
    (client,), (server,) = frames(PROTOCOL, "hex client"), frames(PROTOCOL, "hex server")
    packed = DECODER.decode(Format.MSGPACK, bytes.fromhex(client))
    assert packed == DECODER.decode(Format.JSON, frames(PROTOCOL, "json client")[0].encode())
    assert encode(event_of(frames(PROTOCOL, "json server")[0]), Format.MSGPACK).hex() == server


# --- Promises, keys and defaults ---


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_is_made_in_these_words(promise: str) -> None:
    assert promise in " ".join(section(PROTOCOL, "Guarantees").split()).lower()


def test_the_limits_are_those_of_the_config() -> None:
    defaults = {key.name: toml(key.default) for key in keys_of(Config)}
    told = {cells[2]: cells[1] for cells in rows(section(PROTOCOL, "Limits"))}
    assert told
    assert told == {name: defaults.get(name, "no such key") for name in told}


def config_table() -> str:
    """Every key and its default, one row for each section and unit."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for key in keys_of(Config):
        entry = f"`{key.path[-1]}`, no default" if key.required else f"`{key.path[-1]} = {toml(key.default)}`"
        grouped.setdefault((".".join(key.path[:-1]), key.unit), []).append(entry)
    lines, above = ["| Section | Unit | Keys and defaults |", "|---|---|---|"], ""
    for (name, unit), entries in grouped.items():
        lines.append(f"| {f'`[{name}]`' if name != above else ''} | {unit} | {' · '.join(entries)} |")
        above = name
    return "\n".join(lines)


def test_the_config_table_of_the_readme_is_that_of_the_config() -> None:
    table = config_table()
    assert f"\n\n{table}\n\n" in README, f"README.md, Configure it: put this in the place of the table that is there:\n\n{table}"


# --- Paths, links, headings ---


def paths_named(page: str) -> set[str]:
    """The files and folders of this checkout that a page names in code marks."""
    return set(re.findall(r"`((?:actors|conf|docs|gateway|tests|tools)/[\w./-]*)`", page))


def slugs(page: str) -> set[str]:
    """The anchors that a forge gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(name: str, page: str) -> Iterator[str]:
    """The relative links of a page that lead nowhere."""
    for target, anchor in re.findall(r"\]\((?![a-z]+:)([^)#]*)#?([^)]*)\)", page):
        path = (ROOT / name).parent / target if target else ROOT / name
        if not path.exists():
            yield target
        elif anchor and anchor not in slugs(path.read_text() if target else page):
            yield f"{target}#{anchor}"


def sections_named(text: str) -> set[tuple[str, str]]:
    """What a source calls a section of the protocol page, with the number of a guarantee."""
    flat = re.sub(r"\s*\n[\s#]*", " ", text)
    return set(re.findall(r"`docs/protocol\.md`{1,2}: ([A-Z][A-Za-z ]*[a-z])(?:, (\d))?", flat))


def is_there(heading: str, number: str) -> bool:
    text = section(PROTOCOL, heading)
    return bool(text) and (not number or f"\n{number}. **" in text)


@pytest.mark.parametrize("name", PAGES)
def test_every_relative_link_leads_somewhere(name: str) -> None:
    assert list(broken_links(name, PAGES[name])) == []


@pytest.mark.parametrize(
    "page", [README, PAGES["docs/architecture.md"], PAGES["docs/security.md"]], ids=["readme", "architecture", "security"]
)
def test_every_path_that_is_named_exists(page: str) -> None:
    named = paths_named(page)
    assert named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_section_that_a_source_refers_to_exists() -> None:
    named = {(str(file.path), name) for file in read("actors", "gateway", "tools") for name in sections_named(file.text)}
    assert len({name for _, name in named}) > 5
    assert [f"{path}: {name}" for path, name in sorted(named) if not is_there(*name)] == []


# --- Commands ---


def command_fault(line: str) -> str | None:
    """Why a command of the README cannot be typed as it stands."""
    try:
        program, *arguments = shlex.split(line, comments=True)
    except ValueError as error:
        return f"{line}: {error}"
    if program == "make":
        targets = re.findall(r"^([a-z ]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        return None if set(arguments) <= set(" ".join(targets).split()) else f"{line}: no such target"
    if program not in {"python", ".venv/bin/python"} or arguments[:1] != ["-m"]:
        return f"{line}: a program that this test does not know"
    return _module_fault(line, arguments[1], arguments[2:])


def _module_fault(line: str, module: str, arguments: list[str]) -> str | None:
    run = subprocess.run([sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, check=False)
    unknown = [option for option in arguments if option.startswith("-") and option not in run.stdout]
    absent = [path for path in arguments if "/" in path and "://" not in path and not (ROOT / path).exists()]
    return f"{line}: {module} {unknown or absent or run.stderr}" if run.returncode or unknown or absent else None


@pytest.mark.parametrize("line", sorted({line for line in frames(README, "sh") if not line.startswith("{")}))
def test_every_command_of_the_readme_can_be_typed(line: str) -> None:
    assert command_fault(line) is None


@pytest.mark.parametrize(
    "line", ["make lunch", "python -m gateway --confg x", "python -m gateway --config conf/no.toml", "make 'run", "rm -r"]
)
def test_a_command_that_cannot_be_typed_is_found(line: str) -> None:
    assert command_fault(line)


def test_a_broken_link_a_missing_section_and_a_missing_path_are_found() -> None:
    page = "# A b\n[a](#a-b) [b](#b) [c](README.md) [d](docs/none.md) [e](docs/protocol.md#limits) [f](docs/protocol.md#none) [g](https://x.org/y)"
    assert list(broken_links("README.md", page)) == ["#b", "docs/none.md", "docs/protocol.md#none"]
    source = "(``docs/protocol.md``: Close\n    codes). `docs/protocol.md`: Guarantees, 9. `docs/protocol.md`: Kitchen)"
    assert sorted(name for name in sections_named(source) if not is_there(*name)) == [("Guarantees", "9"), ("Kitchen", "")]
    assert paths_named("`actors/none.py`, `conf/`, `none.py`") == {"actors/none.py", "conf/"}


# --- The client in JavaScript ---


def test_the_javascript_client_gives_up_on_the_codes_that_are_final() -> None:
    (final,) = re.findall(r"FINAL = new Set\((.*)\)", PROTOCOL)
    assert json.loads(final) == [code.value for code, words in CLOSES.items() if words.reconnect == "no"]


def test_the_javascript_client_runs_in_a_browser_offers_to_who_was_there_and_answers_who_comes(tmp_path: Path) -> None:
    server, quiet = Server(), subprocess.DEVNULL
    script = "\n".join(["const sdp = 'v=0';", *blocks(PROTOCOL, "js")]).replace(":8080", f":{server.port}")
    page = tmp_path / "page.html"
    page.write_text(f"<script type=module>{script}</script>")
    flags = ["--no-sandbox", "--remote-debugging-port=0", f"--user-data-dir={tmp_path}", page.as_uri()]
    try:
        command = [str(require_part("chromium-headless-shell")), *flags]
        early, late = server.connect(Client), server.connect(Client)
        early.register("early", "room")
        with subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True) as browser:
            try:
                assert early.hear("peer_joined").peer == "me"
                assert early.hear("offer").payload == {"type": "offer", "sdp": "v=0"}
                assert [peer["id"] for peer in late.register("late", "room")] == ["early", "me"]
                late.say("offer", "me", {"type": "offer", "sdp": "v=0"})
                assert late.hear("answer").payload == {"type": "answer", "sdp": "v=0"}
            finally:
                os.killpg(browser.pid, signal.SIGKILL)  # Debian's command is a script, and outlived by what it starts
        server.stop()
        server.check()
    finally:
        server.kill()
