"""The JavaScript client in a real browser tab, on a real server that lets nobody in without a token."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.browser import Tab, browse
from tests.integration.server import Server
from tests.integration.site import site
from tests.integration.tenancy import Tenancy
from tests.parts import require_part
from tests.sources import ROOT

GUARDED = {"auth.mode": "token", "auth.leeway": 0}


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Tab]:
    program = require_part("chromium-headless-shell")
    with site(ROOT) as origin, browse(program, tmp_path / "profile") as browser:
        yield browser.open(f"{origin}/tests/integration/mesh_page.html")


@pytest.fixture
def tenancy(tmp_path: Path) -> Tenancy:
    return Tenancy(tmp_path / "tenants")


@pytest.fixture
def server(serve: Callable[..., Server], tenancy: Tenancy) -> Server:
    tenancy.write("acme", "old")
    return serve({**GUARDED, "server.tenants_dir": tenancy.folder})


def join(tab: Tab, server: Server, *tokens: str, group: str = "room") -> str:
    """How it went: `joined`, or the code of the error."""
    tab.begin("join", f"ws://127.0.0.1:{server.port}/t/acme/ws", "tab", group, tokens)
    said: str = tab.result()
    return said


def told(tab: Tab, *names: str) -> list[list[object]]:
    return [entry[:2] for entry in tab.value("told") if entry[0] in names]


def test_a_token_that_expires_is_followed_by_the_next_and_no_line_of_the_log_shows_either(
    server: Server, tenancy: Tenancy, tab: Tab
) -> None:
    tokens = tenancy.token(exp=time.time() + 2), tenancy.token()
    assert join(tab, server, *tokens) == "joined"
    tab.begin("heard", "open", 2)
    tab.result()
    assert told(tab, "open", "reconnecting", "close") == [["open", None], ["reconnecting", "disconnected"], ["open", None]]
    assert server.count("closes", "4401") == 1
    assert not any(token in server.log() for token in tokens)


def test_a_token_that_has_expired_and_is_all_there_is_ends_it(server: Server, tenancy: Tenancy, tab: Tab) -> None:
    assert join(tab, server, tenancy.token(exp=time.time() + 2)) == "joined"
    tab.begin("heard", "close")
    tab.result()
    assert told(tab, "reconnecting", "close") == [["reconnecting", "disconnected"], ["close", "token"]]


def test_a_token_of_another_key_is_refused_five_times_and_no_more(server: Server, tenancy: Tenancy, tab: Tab) -> None:
    assert join(tab, server, tenancy.token(secret="x" * 40)) == "refused"
    assert told(tab, "reconnecting", "close") == [*(["reconnecting", "refused"] for _ in range(4)), ["close", "refused"]]


def test_a_group_that_the_token_does_not_name_is_refused_once(server: Server, tenancy: Tenancy, tab: Tab) -> None:
    assert join(tab, server, tenancy.token(groups=["other"])) == "not_allowed"
    assert told(tab, "reconnecting", "close") == [["close", "not_allowed"]]
