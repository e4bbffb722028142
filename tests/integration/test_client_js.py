"""The JavaScript client in real browser tabs, on the real server: a mesh, and what becomes of it when connections break."""

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors.reasons import CloseCode
from tests.integration.browser import Browser, Tab, browse
from tests.integration.cable import Cable
from tests.integration.client import Client
from tests.integration.server import Server
from tests.integration.site import site
from tests.parts import require_part
from tests.sources import ROOT

Tabs = Callable[..., dict[str, Tab]]


@pytest.fixture(scope="module")
def page() -> Iterator[str]:
    with site(ROOT) as origin:
        yield f"{origin}/tests/integration/mesh_page.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browse(require_part("chromium-headless-shell"), tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def tabs(browser: Browser, page: str, group: str) -> Iterator[Tabs]:
    """Opens tabs by the ids of their peers, each with the port by which it joins the group; closes them after the test."""
    opened: list[Tab] = []

    def open_all(**ports: int) -> dict[str, Tab]:
        named = {peer: browser.open(page) for peer in ports}
        opened.extend(named.values())
        for peer, tab in named.items():
            tab.begin("join", f"ws://127.0.0.1:{ports[peer]}/ws", peer, group)
        for tab in named.values():
            assert tab.result() == "joined"
        return named

    yield open_all
    for tab in opened:
        tab.close()


@pytest.fixture
def wire() -> Iterator[Callable[[int], Cable]]:
    """Lays cables to a server."""
    laid: list[Cable] = []

    def lay(port: int) -> Cable:
        laid.append(Cable(port))
        return laid[-1]

    yield lay
    for each in laid:
        each.close()


def told(tab: Tab, *names: str) -> list[Any]:
    """What a tab's signal has told under some names: `[name, whom, what]`."""
    return [entry for entry in tab.value("told") if entry[0] in names]


def wait_for(tab: Tab, name: str, times: int = 1) -> None:
    """Wait until a tab's signal has told something so often."""
    tab.begin("heard", name, times)
    tab.result()


def assert_meshed(tabs: dict[str, Tab]) -> None:
    """Wait until each has a link with each, and bytes have gone through it both ways as they were sent."""
    for tab in tabs.values():
        tab.begin("meshed", len(tabs) - 1)
    digests = {peer: tab.result() for peer, tab in tabs.items()}
    for peer, digest in digests.items():
        others = {other for other in tabs if other != peer}
        assert {other: digest["received"][other] for other in others} == {other: digests[other]["sent"][peer] for other in others}


def channels(tabs: dict[str, Tab]) -> dict[str, dict[str, int]]:
    """How many channels each tab has had with whom."""
    return {peer: tab.value("channels") for peer, tab in tabs.items()}


def test_ten_tabs_become_a_full_mesh_and_each_link_carries_bytes_both_ways(share: Callable[..., Server], tabs: Tabs) -> None:
    server = share()
    ten = tabs(**{f"tab-{number}": server.port for number in range(10)})
    assert_meshed(ten)
    assert sum(sum(had.values()) for had in channels(ten).values()) == 2 * 45


def test_a_tab_that_is_cut_off_for_a_moment_resumes_and_nobody_notices(
    share: Callable[..., Server], tabs: Tabs, wire: Callable[[int], Cable]
) -> None:
    server = share()
    cut = wire(server.port)
    three = tabs(a=server.port, b=server.port, c=cut.port)
    assert_meshed(three)
    before = channels(three)
    cut.cut()
    wait_for(three["c"], "reconnecting")
    for number in range(3):
        three["a"].begin("say", "c", number)
        assert three["a"].result() == "queued"
    three["c"].begin("say", "a", "said without a connection")
    cut.mend()
    assert three["c"].result() == "delivered"
    wait_for(three["c"], "message", 3)
    assert told(three["c"], "resumed", "message") == [["resumed", None, None], *(["message", "a", number] for number in range(3))]
    assert told(three["c"], "open") == [["open", None, None]]
    for peer in "ab":
        assert [name for name, who, _ in told(three[peer], "peerjoined", "peerleft") if who == "c"] in ([], ["peerjoined"])
    assert channels(three) == before
    assert_meshed(three)


def test_a_tab_that_is_cut_off_for_long_is_missed_and_comes_back_into_the_mesh(
    serve: Callable[..., Server], tabs: Tabs, wire: Callable[[int], Cable]
) -> None:
    server = serve({"resume.window": 0.2})
    cut = wire(server.port)
    three = tabs(a=server.port, b=server.port, c=cut.port)
    assert_meshed(three)
    before = channels(three)
    cut.cut()
    for peer in "ab":
        wait_for(three[peer], "peerleft")
        assert told(three[peer], "peerleft") == [["peerleft", "c", "lost"]]
    cut.mend()
    wait_for(three["c"], "open", 2)
    for peer in "ab":
        three[peer].begin("say", "c", "back")
        assert three[peer].result() == "delivered"
    assert told(three["c"], "resumed") == []
    assert_meshed(three)
    assert channels(three) == before, "what works is kept"


def test_a_link_that_broke_with_the_connection_is_made_anew(serve: Callable[..., Server], tabs: Tabs, wire: Callable[[int], Cable]) -> None:
    server = serve({"resume.window": 0.2})
    cut = wire(server.port)
    two = tabs(a=server.port, b=cut.port)
    assert_meshed(two)
    cut.cut()
    wait_for(two["a"], "peerleft")
    two["b"].begin("breakLinks")
    two["b"].result()
    cut.mend()
    wait_for(two["b"], "open", 2)
    assert_meshed(two)
    assert channels(two) == {"a": {"b": 2}, "b": {"a": 2}}


def test_channels_outlive_the_server_and_all_register_anew(serve: Callable[..., Server], tabs: Tabs, wire: Callable[[int], Cable]) -> None:
    server = serve({"drain.reconnect_spread": 0})
    line = wire(server.port)
    five = tabs(**{f"tab-{number}": line.port for number in range(5)})
    assert_meshed(five)
    before = channels(five)
    server.stop()
    line.mend(serve().port)
    for tab in five.values():
        wait_for(tab, "open", 2)
        assert len(told(tab, "goaway")) == 1
    for peer, tab in five.items():
        for other in five.keys() - {peer}:
            tab.begin("say", other, f"from {peer}")
            assert tab.result() == "delivered"
    assert channels(five) == before
    assert_meshed(five)


def test_a_server_that_refuses_the_handshake_is_not_stormed(
    share: Callable[..., Server], browser: Browser, page: str, wire: Callable[[int], Cable], group: str
) -> None:
    """A page is not told with which status; of all the server's refusals that of an origin needs no more than a page."""
    server = share({"server.allowed_origins": "https://elsewhere.example"})
    refused, line = server.count("refusals", "origin"), wire(server.port)
    tab = browser.open(page)
    tab.begin("join", f"ws://127.0.0.1:{line.port}/ws", "a", group, "a.b.c")
    assert tab.result() == "refused"
    assert [entry[:2] for entry in told(tab, "reconnecting", "close")] == [
        *(["reconnecting", "refused"] for _ in range(4)),
        ["close", "refused"],
    ]
    assert server.count("refusals", "origin") == refused + 5
    assert line.dials <= 2 * 5, "five handshakes, and after each a look at whether there is a server"
    tab.close()


def test_a_server_that_falls_silent_is_given_up_and_the_place_taken_back_from_the_open_connection(
    serve: Callable[..., Server], browser: Browser, page: str, group: str
) -> None:
    server = serve()
    friend, tab = server.connect(Client), browser.open(page)
    tab.begin("join", f"ws://127.0.0.1:{server.port}/ws", "tab", group, None, 20)
    assert tab.result() == "joined"
    assert [peer["id"] for peer in friend.register("friend", group)] == ["tab"]
    server.signal(signal.SIGSTOP)
    try:
        wait_for(tab, "reconnecting")
    finally:
        server.signal(signal.SIGCONT)
    wait_for(tab, "resumed")
    assert [entry[:2] for entry in told(tab, "open", "reconnecting")][:2] == [["open", None], ["reconnecting", "timeout"]]
    friend.assert_silence()
    assert server.count("closes", str(CloseCode.REPLACED.value)) == 1
    tab.close()


def test_a_tab_that_another_one_replaces_does_not_come_back(share: Callable[..., Server], tabs: Tabs, group: str) -> None:
    server = share({"group.on_duplicate": "newest"})
    tab = tabs(a=server.port)["a"]
    newest = server.connect(Client)
    newest.register("a", group)
    wait_for(tab, "close")
    assert [entry[:2] for entry in told(tab, "error", "reconnecting", "close")] == [["error", "replaced"], ["close", "disconnected"]]
