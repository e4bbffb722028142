"""Real WebRTC peers find each other through the server: they open data channels and send bytes both ways."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.browser import Browser, Tab, browse
from tests.integration.server import Server
from tests.integration.site import site
from tests.parts import require_part

BYTES = 2**20
HERE = Path(__file__).parent

Result = dict[str, Any]


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    """The address of the page, which has an origin of its own."""
    with site(HERE) as origin:
        yield f"{origin}/rtc_page.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browse(require_part("chromium-headless-shell"), tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def open_tab(browser: Browser, page: str) -> Iterator[Callable[[], Tab]]:
    """Opens tabs that show the page; closes them after the test, with all their connections."""
    tabs: list[Tab] = []

    def open_one() -> Tab:
        tabs.append(browser.open(page))
        return tabs[-1]

    yield open_one
    for tab in tabs:
        tab.close()


def address(server: Server) -> str:
    return f"ws://127.0.0.1:{server.port}/ws"


def assert_exchanged(results: dict[str, Result]) -> None:
    """Everyone has from everyone else what that one sent, no two sent the same, and of any two one has offered."""
    assert len({result["sent"] for result in results.values()}) == len(results)
    for name, result in results.items():
        assert result["received"] == {other: results[other]["sent"] for other in results if other != name}
    offers = sorted(sorted([name, other]) for name, result in results.items() for other in result["offered"])
    assert offers == [list(pair) for pair in itertools.combinations(sorted(results), 2)]


def test_two_aiortc_processes_open_a_channel_and_send_bytes_both_ways(
    share: Callable[..., Server], aiortc: Callable[..., Callable[[], Result]], group: str
) -> None:
    server = share()
    peers = {name: aiortc(address(server), name, group, 1, BYTES) for name in ("a", "b")}
    assert_exchanged({name: result() for name, result in peers.items()})


def test_two_tabs_of_a_browser_open_a_channel_and_send_bytes_both_ways(
    share: Callable[..., Server], open_tab: Callable[[], Tab], page: str, group: str
) -> None:
    server = share({"server.allowed_origins": page.removesuffix("/rtc_page.html")})
    tabs = {name: open_tab() for name in ("a", "b")}
    for name, tab in tabs.items():
        tab.begin("exchange", address(server), name, group, 1, BYTES)
    assert_exchanged({name: tab.result() for name, tab in tabs.items()})


def test_a_tab_opens_a_channel_to_a_process_and_both_send(
    share: Callable[..., Server], open_tab: Callable[[], Tab], aiortc: Callable[..., Callable[[], Result]], group: str
) -> None:
    server, tab = share(), open_tab()
    process = aiortc(address(server), "process", group, 1, BYTES)
    server.wait_for_connections(1)
    tab.begin("exchange", address(server), "tab", group, 1, BYTES)
    assert_exchanged({"process": process(), "tab": tab.result()})


def test_a_process_opens_a_channel_to_a_tab_and_both_send(
    share: Callable[..., Server], open_tab: Callable[[], Tab], aiortc: Callable[..., Callable[[], Result]], group: str
) -> None:
    server, tab = share(), open_tab()
    tab.begin("exchange", address(server), "tab", group, 1, BYTES)
    server.wait_for_connections(1)
    process = aiortc(address(server), "process", group, 1, BYTES)
    assert_exchanged({"process": process(), "tab": tab.result()})


def test_three_of_both_kinds_are_linked_each_with_each(
    share: Callable[..., Server], open_tab: Callable[[], Tab], aiortc: Callable[..., Callable[[], Result]], group: str
) -> None:
    server = share()
    tabs = {name: open_tab() for name in ("tab-1", "tab-2")}
    process = aiortc(address(server), "process", group, 2, BYTES // 4)
    for name, tab in tabs.items():
        tab.begin("exchange", address(server), name, group, 2, BYTES // 4)
    assert_exchanged({"process": process(), **{name: tab.result() for name, tab in tabs.items()}})
