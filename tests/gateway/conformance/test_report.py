"""The table and the JSON say of each row what is demanded and what came of it."""

import json

from gateway.conformance.player import Verdict, skipped
from gateway.conformance.report import as_json, listing, table
from gateway.conformance.transcript import Transcript, read

STEPS = '[{"do": "request", "path": "/", "status": 200}]'


def row(name: str) -> Transcript:
    text = f'{{"about": [], "rows": [{{"name": "{name}", "demands": "It is so.", "rule": "Envelope", "steps": {STEPS}}}]}}'
    return read("f", text.encode())[0]


VERDICTS = [Verdict(row("good"), "passed"), Verdict(row("bad-one"), "failed", 1, "404, not 200"), skipped(row("other"), "too slow")]


def test_the_table_has_a_line_for_each_row_and_says_what_was_seen_instead() -> None:
    assert table(VERDICTS).splitlines() == [
        "pass  good     It is so.",
        "FAIL  bad-one  It is so.",
        "      step 1 of 1: 404, not 200",
        "skip  other    It is so.",
        "      too slow",
        "3 rows: 1 passed, 1 failed, 1 skipped",
    ]


def test_the_json_has_everything() -> None:
    told = json.loads(as_json(VERDICTS, {"id_length": 128}))
    assert told["limits"] == {"id_length": 128}
    assert told["rows"][1] == {
        "row": "bad-one",
        "profile": "v1",
        "rule": "Envelope",
        "demands": "It is so.",
        "outcome": "failed",
        "step": 1,
        "seen": "404, not 200",
    }


def test_the_listing_says_where_the_contract_demands_it() -> None:
    assert listing([row("good")]) == "v1  good  It is so. [Envelope]"
    assert listing([]) == ""
