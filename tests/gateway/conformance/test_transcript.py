"""The rows are read strictly, and those that come with the package can all be played."""

import json
import re
import tomllib
from typing import Any, get_args

import pytest

from gateway.conformance import transcript
from gateway.conformance.facts import LIMITS, Facts
from gateway.conformance.steps import Join, Receive, Request, Send, Spoken
from gateway.conformance.transcript import Transcript, Wrong, load, read
from tests.sources import ROOT

ROWS = load()


def file(*steps: dict[str, Any], **more: object) -> bytes:
    row = {"name": "r", "demands": "d", "rule": "Envelope", "steps": list(steps), **more}
    return json.dumps({"about": [], "rows": [row]}).encode()


def refused(*steps: dict[str, Any], **more: object) -> str:
    with pytest.raises(Wrong) as error:
        read("f.json", file(*steps, **more))
    return str(error.value)


def test_steps_are_read_with_their_defaults() -> None:
    (row,) = read("f.json", file({"do": "join", "who": "a"}, {"do": "send", "who": "a", "text": "x"}))
    join, send = row.steps
    assert isinstance(join, Join)
    assert (join.group, join.format, join.pongs) == ("$group", "json", True)
    assert isinstance(send, Send)
    assert (send.text, bytes(send.json), send.times) == ("x", b"", 1)
    assert (row.profile, row.slow, row.token, row.on_duplicate) == ("v1", False, False, None)


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([{"do": "dance", "who": "a"}], "f.json: Invalid value 'dance'"),
        ([{"do": "join", "who": "a", "nmae": "x"}], "unknown field `nmae`"),
        ([{"do": "ping", "who": "a"}], "f.json: r: step 1: a is not connected"),
        ([{"do": "join", "who": "a"}, {"do": "connect", "who": "a"}], "f.json: r: step 2: a is connected already"),
        ([{"do": "join", "who": "a"}, {"do": "send", "who": "a"}], "step 2: send needs one of json, text, msgpack and hex"),
        ([{"do": "join", "who": "a"}, {"do": "send", "who": "a", "text": "", "hex": ""}], "step 2: send needs one of"),
        (
            [{"do": "join", "who": "a"}, {"do": "send", "who": "a", "text": [{"repeat": "x", "times": {"limit": "bytes"}}]}],
            "step 2: no limit is called bytes; there are message_bytes",
        ),
        ([{"do": "join", "who": "a"}, {"do": "closed", "who": "a", "code": 1000, "within": {"limit": "age"}}], "no limit is called age"),
    ],
)
def test_what_cannot_be_played_is_refused_with_its_place(steps: list[dict[str, Any]], says: str) -> None:
    assert says in refused(*steps)


def test_two_rows_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcript, "read", lambda name, data: read(name, file()))
    with pytest.raises(Wrong, match="rows of the same name: r"):
        load()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_names_a_section_of_the_protocol_and_demands_something(row: Transcript) -> None:
    assert f"\n## {row.rule}\n" in (ROOT / "docs" / "protocol.md").read_text()
    assert row.demands.endswith(".")
    assert any(not isinstance(step, Send) for step in row.steps)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_text_of_a_row_can_be_written_out(row: Transcript) -> None:
    facts = Facts(LIMITS, "/ws", "t0ken")
    for step in row.steps:
        if isinstance(step, Join | Receive):
            for name in step.keep:
                facts.keep(name, "kept")
        if isinstance(step, Request):
            assert "$" not in "".join(facts.text(text) for text in (step.path, *step.headers.values()))
        if isinstance(step, Send | Receive):
            texts = (step.text if isinstance(step, Send) else step.contains, bytes(step.json).decode(), bytes(step.msgpack).decode())
            assert "$" not in "".join(facts.text(text) for text in texts if text)


def test_an_installed_server_has_the_rows_too() -> None:
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["gateway.conformance"]
    folder = ROOT / "gateway" / "conformance"
    assert {path for pattern in packed for path in folder.glob(pattern)} >= set((folder / "transcripts").iterdir())


def test_the_format_has_a_page_that_names_every_step_and_every_field() -> None:
    page = (ROOT / "gateway" / "conformance" / "transcripts" / "README.md").read_text()
    kinds = (*get_args(Spoken), Request, Transcript)
    named = set(re.findall(r"`([a-z_]+)`", page))
    for kind in kinds:
        wanted = {kind.__name__.lower(), *kind.__struct_fields__} - {"transcript"}
        assert wanted <= named, f"{kind.__name__}: {sorted(wanted - named)} not on the page"
