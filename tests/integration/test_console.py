"""The operator's console in a real browser, on a real server with real peers."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from actors.reasons import CloseCode
from tests.integration.browser import Browser, Tab, browse
from tests.integration.client import Client
from tests.integration.server import CLOSE_TIMEOUT, Server
from tests.parts import require_part

OPERATED = {"operator.listen": "127.0.0.1:0", "limits.close_timeout": CLOSE_TIMEOUT}
TOKEN = "an operator's secret"
HOSTILE = "<img src=x onerror=\"document.title='ran'\"><script>document.title='ran'</script>"

# What the page shows is watched from within: a promise that resolves once an expression is true.
WATCH = """
Object.defineProperty(window, "story", { get: () => document.body.innerText.split("\\n") });
window.until = (test) => new Promise((done) => {
  const look = () => { if (test()) { seen.disconnect(); done(true); } };
  const seen = new MutationObserver(look);
  seen.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  look();
});
true
"""
ROWS = "[...document.querySelectorAll('#rows tr td:first-child')].map((cell) => cell.textContent)"


class Console:
    """The page, as somebody in front of it sees and uses it."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab
        tab.value(WATCH)

    def wait(self, expression: str) -> None:
        """Until this is true in the page."""
        self.tab.begin(f"(() => until(() => {expression}))")
        assert self.tab.result() is True

    def rows(self, *names: str) -> None:
        """Until exactly these are listed."""
        self.wait(f"JSON.stringify({ROWS}) === JSON.stringify({list(names)!r})")

    def do(self, statement: str) -> None:
        assert self.tab.value(f"(() => {{ {statement}; return true; }})()") is True

    def read(self, expression: str) -> Any:  # noqa: ANN401 - what the page says
        return self.tab.value(expression)

    def click(self, selector: str) -> None:
        self.do(f"document.querySelector({selector!r}).click()")

    def write(self, field: str, text: str) -> None:
        self.do(f"const field = document.getElementById({field!r}); field.value = {text!r}; field.dispatchEvent(new Event('input'))")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browse(require_part("chromium-headless-shell"), tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def open_console(browser: Browser) -> Iterator[Callable[..., Console]]:
    """Opens the console of a server at a place; closes it after the test."""
    opened: list[Tab] = []

    def open_at(server: Server, **place: str) -> Console:
        port = server.wait_for_line(r"operators are served on http://127\.0\.0\.1:(\d+)")[1]
        opened.append(browser.open(f"http://127.0.0.1:{port}/console#{urlencode(place)}"))
        return Console(opened[-1])

    yield open_at
    for tab in opened:
        tab.close()


@pytest.fixture
def server(share: Callable[..., Server]) -> Server:
    return share(OPERATED)


def join(server: Server, group: str, *peers: str) -> list[Client]:
    clients = [server.connect(Client) for _ in peers]
    for client, peer in zip(clients, peers, strict=True):
        client.register(peer, group)
    return clients


def test_the_peers_of_a_group_are_shown_and_those_that_come_and_go_without_a_reload(
    server: Server, open_console: Callable[..., Console], group: str
) -> None:
    join(server, group, "alice", "bob")
    console = open_console(server, tenant="-", group=group)
    console.rows("alice", "bob")
    console.do("document.marked = true")
    (carol,) = join(server, group, "carol")
    console.rows("alice", "bob", "carol")
    carol.close()
    console.rows("alice", "bob")
    assert console.read("document.marked") is True
    console.wait("document.getElementById('state').textContent === 'accepting'")
    console.wait("document.getElementById('figure-peers').textContent.match(/[0-9]/)")


def test_the_graph_shows_how_far_a_pair_got_and_the_pair_is_explained(
    server: Server, open_console: Callable[..., Console], group: str
) -> None:
    alice, bob = join(server, group, "alice", "bob")
    console = open_console(server, tenant="-", group=group)
    console.wait("document.querySelector('#graph line.none')")
    alice.hear("peer_joined")
    bob.say("offer", "alice", {"sdp": "v=0"})
    console.wait("document.querySelector('#graph line.offer')")
    alice.hear("offer")
    alice.say("answer", "bob", {"sdp": "v=0"})
    console.wait("document.querySelector('#graph line.answer')")
    console.click("#pairs button")
    console.wait("document.getElementById('explained').textContent.startsWith('alice got the offer of bob')")


def test_a_peer_is_kicked_after_a_question_and_the_others_see_it(server: Server, open_console: Callable[..., Console], group: str) -> None:
    alice, bob = join(server, group, "alice", "bob")
    alice.hear("peer_joined")
    console = open_console(server, tenant="-", group=group)
    console.rows("alice", "bob")
    console.click("#rows tr:last-child button")
    console.wait("document.getElementById('confirm').open")
    console.click("#confirm button[value=no]")
    console.wait("!document.getElementById('confirm').open")
    bob.say("message", "alice", "still here")
    alice.hear("message")
    console.click("#rows tr:last-child button")
    console.wait("document.getElementById('confirm').open")
    console.click("#yes")
    left = alice.hear("peer_left")
    assert (left.peer, left.payload["reason"]) == ("bob", "kicked")
    assert bob.closed().code == CloseCode.KICKED
    console.rows("alice")


def test_a_hostile_id_is_text_and_never_runs(server: Server, open_console: Callable[..., Console], group: str) -> None:
    alice, hostile = join(server, group, "alice", HOSTILE)
    alice.hear("peer_joined")
    hostile.say("offer", "alice", {})
    alice.hear("offer")
    console = open_console(server, tenant="-", group=group)
    console.wait(f"{ROWS}.includes({HOSTILE!r})")
    console.wait("document.querySelectorAll('#pairs button').length === 1")
    console.click("#pairs button")
    console.wait("document.getElementById('explained').textContent.includes('<img')")
    assert console.read("document.querySelectorAll('img, main script').length") == 0
    assert console.read("document.title") == "PSync Signal console"
    # Nor would it if the page were careless.
    assert (
        console.read("(() => { try { document.body.innerHTML = '<b>'; return 'set'; } catch (error) { return error.name; } })()")
        == "TypeError"
    )


def test_groups_are_searched_and_opened(server: Server, open_console: Callable[..., Console], group: str) -> None:
    join(server, f"{group}-one", "x")
    join(server, f"{group}-two", "y")
    console = open_console(server, tenant="-")
    console.write("search", f"{group}-TWO")
    console.rows(f"{group}-two")
    console.click("#rows a")
    console.rows("y")


def test_a_long_list_comes_in_pages(server: Server, open_console: Callable[..., Console], group: str) -> None:
    names = [f"peer-{number:02}" for number in range(27)]
    join(server, group, *names)
    console = open_console(server, tenant="-", group=group)
    console.rows(*names[:25])
    console.click("#next")
    console.rows(*names[25:])
    console.click("#first")
    console.rows(*names[:25])


def test_a_token_is_asked_for_until_it_is_the_one(serve: Callable[..., Server], open_console: Callable[..., Console], group: str) -> None:
    server = serve(OPERATED, environ={"PSYNC_OPERATOR__TOKEN": TOKEN})
    join(server, group, "alice")
    console = open_console(server, tenant="-", group=group)
    console.wait("document.getElementById('ask').open")
    assert console.read(f"{ROWS}.length") == 0
    console.write("token", "wrong")
    console.click("#ask button")
    console.wait("document.getElementById('ask').open && document.getElementById('wrong').textContent !== ''")
    console.write("token", TOKEN)
    console.click("#ask button")
    console.rows("alice")
    assert console.read("location.href.includes('secret') || document.cookie !== '' || localStorage.length > 0") is False
    assert TOKEN not in server.log()


def test_a_server_that_drains_ends_its_streams_and_is_not_held_up(
    serve: Callable[..., Server], open_console: Callable[..., Console]
) -> None:
    server = serve(OPERATED)
    console = open_console(server)
    console.rows("- (default)")
    console.click("#drain")
    console.click("#yes")
    assert server.exit_code() == 0
    console.wait("document.getElementById('state').textContent === 'reconnecting'")
