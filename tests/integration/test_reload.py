"""A running server reads its configuration anew on SIGHUP."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integration.client import Client
from tests.integration.line import HANDSHAKE
from tests.integration.server import Server

KEY = '[[keys]]\nkid = "1"\nalgorithm = "HS256"\nsecret = "correct horse battery staple, said the donkey"\n'


def reload(server: Server, outcome: str = "reloaded") -> dict[str, Any]:
    """Ask for it; the line of the log that tells the outcome."""
    since = len(server.lines())
    server.signal(signal.SIGHUP)
    line: dict[str, Any] = json.loads(server.wait_for_line(outcome, since).string)
    return line


def test_tenants_come_change_and_go_while_connections_stay(serve: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(KEY)
    server = serve({"server.tenants_dir": tmp_path})
    client = server.connect(Client)
    client.register("me", "home")
    assert reload(server)["changed"] == ""

    (tmp_path / "acme.toml").write_text(f"[limits]\nerrors = 7\n{KEY}")
    (tmp_path / "other.toml").write_text(KEY)
    told = reload(server)
    assert (told["added"], told["changed"], told["removed"]) == ("other", "acme", "")

    (tmp_path / "acme.toml").unlink()
    assert reload(server)["removed"] == "acme"
    client.say("message", "me", "still here")
    assert client.hear("message").payload == "still here"
    assert server.count("reloads", "done") == 3


def test_a_broken_file_changes_nothing_and_all_of_it_is_told(serve: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(KEY)
    server = serve({"server.tenants_dir": tmp_path})
    (tmp_path / "acme.toml").write_text(f"[limits]\nerrors = 0\n{KEY}")
    (tmp_path / "other.toml").write_text("x = [")
    since = len(server.lines())
    reload(server, "reload refused: .*other.toml")
    assert any("acme.toml" in line and "tenants.acme.limits.errors" in line for line in server.lines(since))
    assert server.count("reloads", "refused") == 1
    assert len(server.faults()) == 2

    (tmp_path / "acme.toml").write_text(KEY)
    (tmp_path / "other.toml").write_text(KEY)
    assert reload(server)["added"] == "other"


def test_a_tenant_that_there_is_not_is_answered_as_one_that_there_is(serve: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(f'allowed_origins = ["https://a.example"]\n{KEY}')
    server = serve({"server.tenants_dir": tmp_path})
    answers = [
        server.request("GET", f"/t/{name}/ws", {**HANDSHAKE, "Origin": origin})
        for name in ("acme", "nobody")
        for origin in ("https://a.example", "https://b.example")
    ]
    known = [(answer.status, answer.body, {key: value for key, value in answer.headers.items() if key != "date"}) for answer in answers]
    assert known == [known[0]] * 4
    assert known[0][0] == 401


def test_paths_that_name_no_tenant_are_not_found_whether_there_is_one_or_not(serve: Callable[..., Server], tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(KEY)
    server = serve({"server.tenants_dir": tmp_path})
    for path in (
        "/t/ACME/ws",
        "/t/acme",
        "/t/acme/ws/",
        "/t/../t/acme/ws",
        "/t/%2e%2e/ws",
        "/t//ws",
        "/t/a%00/ws",
        "/t/a%0a/ws",
        "/t/%ff/ws",
        "/t/%61cme/ws",
        "/t/acme%2Fws",
    ):
        assert server.request("GET", path, HANDSHAKE).status == 404, path
    assert server.request("GET", "/t/acme/ws", HANDSHAKE).status == 401
