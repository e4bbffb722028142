"""The judge, as people run it: our server keeps every row, and of a naive one it tells exactly which rows it does not keep."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.conformance.transcript import load
from tests.integration.server import CLOSE_TIMEOUT, Server, quiet_environ
from tests.integration.tenancy import Tenancy
from tests.sources import ROOT

ROWS = {row.name: row for row in load()}

# What a server keeps that believes its clients, relays by one table of ids and answers no errors. It stands on a WebSocket library, so the
# rows on frames are not its own merit.
KEPT_BY_THE_NAIVE = {
    *("joins", "one-initiator", "isolation-of-lists", "relays", "target-alone", "broadcast", "to-oneself", "order"),
    *("source-doubled", "payload-null-and-absent", "white-space", "heartbeat"),
    *("ping", "fragments", "unmasked", "reserved-bits", "reserved-opcode", "fragment-of-nothing"),
    *("largest-message", "declared-too-big", "close-answered"),
}

PATIENCE = 1.0
"""Seconds that the naive server may take; it answers at once, or never."""

SHARDS = 6
"""Naive servers side by side, each with a part of the rows: nearly all of the time is spent waiting for answers that do not come."""


def judge(url: str, file: Path, *arguments: str) -> tuple[int, dict[str, str], str]:
    """Run the command; its exit code, the outcome of each row, and what it printed."""
    command = [sys.executable, "-m", "gateway", "conformance", url, "--json", str(file), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=quiet_environ(), capture_output=True, text=True, check=False)
    assert file.exists(), done.stderr
    return done.returncode, {row["row"]: row["outcome"] for row in json.loads(file.read_text())["rows"]}, done.stdout


@contextmanager
def naive() -> Iterator[str]:
    """A naive server, in a process of its own."""
    command = [sys.executable, "-m", "tests.integration.naive_server"]
    with subprocess.Popen(command, cwd=ROOT, env=quiet_environ(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"ws://127.0.0.1:{int(process.stdout.readline())}/ws"
        finally:
            process.kill()


@pytest.mark.parametrize("on_duplicate", ["challenge", "newest", "reject"])
def test_our_server_keeps_every_row(share: Callable[..., Server], tmp_path: Path, on_duplicate: str) -> None:
    quick = {"limits.close_timeout": CLOSE_TIMEOUT, "limits.register_timeout": 1.0, "resume.window": 3.0}
    server = share({**quick, "group.on_duplicate": on_duplicate})
    limits = ("--limit", "register_timeout=1", "--limit", "resume_window=3")
    told = ("--slow", *limits, "--on-duplicate", on_duplicate, "--together", "8", "--patience", "10")
    chosen = () if on_duplicate == "challenge" else ("--only", "namesake-*", "--only", "v2-replaced")
    code, outcomes, shown = judge(f"ws://127.0.0.1:{server.port}/ws", tmp_path / "told.json", *told, *chosen)
    assert (code, [line for line in shown.splitlines() if line.startswith("FAIL")]) == (0, []), shown
    skipped = {name for name, outcome in outcomes.items() if outcome == "skipped"}
    assert skipped == {name for name in outcomes if ROWS[name].on_duplicate not in {None, on_duplicate} or ROWS[name].token}
    assert len(outcomes) == (len(ROWS) if not chosen else 5)


def test_our_server_keeps_the_rows_of_tokens_and_all_others_for_whoever_has_one(serve: Callable[..., Server], tmp_path: Path) -> None:
    tenancy = Tenancy(tmp_path / "tenants")
    tenancy.write("acme", "old")
    server = serve({"auth.mode": "token", "server.tenants_dir": tenancy.folder, "limits.close_timeout": CLOSE_TIMEOUT})
    token = tenancy.token(groups=["conformance-*"])
    told = ("--token", token, "--together", "8", "--patience", "10")
    code, outcomes, shown = judge(f"ws://127.0.0.1:{server.port}/t/acme/ws", tmp_path / "told.json", *told)
    assert code == 0, shown
    assert {outcomes[name] for name, row in ROWS.items() if row.token} == {"passed"}
    assert token not in shown


def test_of_a_naive_server_it_tells_row_by_row_what_it_does_not_keep(tmp_path: Path) -> None:
    names = [
        name
        for name, row in ROWS.items()
        if row.profile == "v1" and row.on_duplicate in {None, "challenge"} and not row.slow and not row.token
    ]

    def shard(number: int) -> tuple[int, dict[str, str], str]:
        only = [word for name in names[number::SHARDS] for word in ("--only", name)]
        with naive() as url:
            return judge(url, tmp_path / f"{number}.json", "--patience", str(PATIENCE), *only)

    with ThreadPoolExecutor(SHARDS) as pool:
        parts = list(pool.map(shard, range(SHARDS)))
    assert {code for code, _, _ in parts} == {1}
    kept = {name for _, outcomes, _ in parts for name, outcome in outcomes.items() if outcome == "passed"}
    failed = {name for _, outcomes, _ in parts for name, outcome in outcomes.items() if outcome == "failed"}
    assert kept == KEPT_BY_THE_NAIVE
    assert failed == set(names) - kept
    shown = "".join(text for _, _, text in parts)
    assert "FAIL  source-spoofed" in shown
    assert '"peers":null' in shown
