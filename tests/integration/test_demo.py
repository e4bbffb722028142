"""The demo in real browser tabs: two find each other, talk, and see what passed; where the key does not ask for it there is none."""

import hashlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from gateway.pages import demo_pages
from tests.integration.browser import Browser, Tab, browse
from tests.integration.client import Client
from tests.integration.server import Server
from tests.parts import require_part

DEMO = {"server.demo": "true"}
HOSTILE = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>"

WAIT = """((selector, text) => new Promise((resolve) => {
  const look = () => {
    const found = [...document.querySelectorAll(selector)].find((each) => each.textContent.includes(text));
    if (found) {
      watcher.disconnect();
      resolve(found.textContent);
    }
  };
  const watcher = new MutationObserver(look);
  watcher.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  look();
}))"""

SUBMIT = """(async (form, values) => {
  for (const [id, value] of Object.entries(values)) {
    document.getElementById(id).value = value;
  }
  document.getElementById(form).requestSubmit();
  return true;
})"""

# What a failed wait tells of the page.
STORY = "Object.defineProperty(globalThis, 'story', { get: () => [document.body.innerText] }) && true"

Tabs = Callable[..., list[Tab]]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browse(require_part("chromium-headless-shell"), tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture
def server(share: Callable[..., Server]) -> Server:
    return share(DEMO)


@pytest.fixture
def tabs(browser: Browser, server: Server, group: str) -> Iterator[Tabs]:
    """Opens so many tabs of the demo in one room."""
    opened: list[Tab] = []

    def open_all(count: int) -> list[Tab]:
        for _ in range(count):
            opened.append(browser.open(f"http://127.0.0.1:{server.port}/demo?{urlencode({'room': group})}"))
            opened[-1].value(STORY)
            wait(opened[-1], "#status", "Joined")
        return opened

    yield open_all
    for tab in opened:
        tab.close()


def wait(tab: Tab, selector: str, text: str = "") -> str:
    """Wait until an element that fits the selector has this in its text, which is given whole."""
    tab.begin(WAIT, selector, text)
    return str(tab.result())


def submit(tab: Tab, form: str, **values: str) -> None:
    tab.begin(SUBMIT, form, values)
    assert tab.result()


def name_of(tab: Tab) -> str:
    return str(tab.value("document.querySelector('#name').value"))


def steps(tab: Tab) -> list[str]:
    """What a screen reader reads of the picture."""
    told: list[str] = tab.value("[...document.querySelectorAll('#picture [role=listitem]')].map((row) => row.getAttribute('aria-label'))")
    return told


def meet(tabs: Tabs, count: int = 2) -> list[Tab]:
    opened = tabs(count)
    for tab in opened:
        for other in opened:
            if other is not tab:
                wait(tab, "#people .connected", name_of(other))
    return opened


def test_two_tabs_find_each_other_and_what_one_says_the_other_hears(tabs: Tabs) -> None:
    early, late = meet(tabs)
    submit(late, "chat", words="hello")
    assert wait(early, "#log .theirs", "hello") == f"{name_of(late)}hello"
    submit(early, "chat", words="and back")
    assert wait(late, "#log .theirs", "and back") == f"{name_of(early)}and back"


def test_three_tabs_are_a_mesh_and_each_hears_each(tabs: Tabs) -> None:
    three = meet(tabs, 3)
    for tab in three:
        submit(tab, "chat", words=f"from {name_of(tab)}")
    for tab in three:
        for other in three:
            if other is not tab:
                wait(tab, "#log .theirs", f"from {name_of(other)}")


def test_the_picture_shows_what_passed_in_its_order(tabs: Tabs) -> None:
    early, late = meet(tabs)
    submit(late, "chat", words="hello")
    wait(early, "#log .theirs", "hello")
    you, other = "you", name_of(early)
    told = [step for step in steps(late) if not step.startswith("candidate")]
    assert told == [
        "register, from you to server",
        "welcome, from server to you",
        "peer_list (1), from server to you",
        f"offer, from {you} to {other}",
        f"answer, from {other} to {you}",
        f"connected, from {you} to {other}",
        f"chat, from {you} to {other}",
    ]
    told = [step.partition(",")[0] for step in steps(early) if not step.startswith("candidate")]
    assert told == ["register", "welcome", "peer_list (0)", "peer_joined", "offer", "answer", "connected", "chat"]
    assert any(step.startswith("candidate") for step in steps(early))


@pytest.mark.parametrize("size", [0, 1, 3_000_001])
def test_a_file_arrives_as_it_was_sent_and_both_ends_can_tell(tabs: Tabs, tmp_path: Path, size: int) -> None:
    early, late = meet(tabs)
    file = tmp_path / "some file.bin"
    file.write_bytes(random.Random(size).randbytes(size))
    late.choose("#file", file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert "intact" in wait(early, "#log li", digest)
    assert "intact" in wait(late, "#log li", digest)
    assert early.value("document.querySelector('#log a').download") == file.name


def test_a_file_that_is_too_large_is_refused_in_words_before_a_byte_of_it_is_read(tabs: Tabs, tmp_path: Path) -> None:
    _, late = meet(tabs)
    file = tmp_path / "huge.bin"
    with file.open("wb") as sparse:
        sparse.truncate(256_000_001)
    late.choose("#file", file)
    assert "at most 256 MB can be sent" in wait(late, "#log .bad", "huge.bin")


def test_hostile_names_and_words_are_shown_as_text_and_do_not_run(server: Server, tabs: Tabs, group: str) -> None:
    early, late = tabs(2)
    submit(late, "place")
    wait(late, "#join", "Join")
    submit(late, "place", name=HOSTILE)
    wait(early, "#people .connected", HOSTILE)
    wait(late, "#people .connected")
    submit(late, "chat", words=HOSTILE)
    assert wait(early, "#log .theirs") == HOSTILE * 2
    server.connect(Client).register(f"{HOSTILE}2", group)
    wait(early, "#people li", f"{HOSTILE}2")
    for tab in (early, late):
        assert tab.value("document.querySelectorAll('img, body script').length") == 0
        assert tab.value("document.title") == "PSync Signal: demo"


def test_who_leaves_is_gone_from_the_others_and_may_come_back_under_another_name(tabs: Tabs) -> None:
    early, late = meet(tabs)
    submit(late, "place")
    assert wait(late, "#status", "left") == "You have left."
    wait(early, "#log .news", f"{name_of(late)} has left.")
    assert early.value("document.querySelectorAll('#people li').length") == 0
    submit(late, "place", name="somebody else")
    wait(early, "#people .connected", "somebody else")


def test_a_name_that_is_taken_is_told_and_another_can_be_chosen(tabs: Tabs) -> None:
    early, late = meet(tabs)
    submit(late, "place")
    wait(late, "#join", "Join")
    submit(late, "place", name=name_of(early))
    assert "Not in the room" in wait(late, "#status.bad")
    assert not late.value("document.querySelector('#name').disabled")


def test_nothing_but_this_server_is_asked_for_anything(server: Server, tabs: Tabs) -> None:
    (tab,) = tabs(1)
    origin = f"http://127.0.0.1:{server.port}/"
    asked = tab.value("performance.getEntriesByType('resource').map(({ name }) => name)")
    assert {name.removeprefix(origin[:-1]) for name in asked} >= {"/demo/demo.js", "/demo/demo.css", "/demo/client/client.js"}
    assert [name for name in asked if not name.startswith(origin)] == []


def test_on_a_phone_nothing_is_wider_than_the_screen(tabs: Tabs) -> None:
    for tab in meet(tabs):
        tab.show(375, 812, "dark")
        assert tab.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_every_input_has_a_label_and_every_id_is_there_once(tabs: Tabs) -> None:
    (tab,) = tabs(1)
    assert tab.value("[...document.querySelectorAll('input')].filter(({ labels }) => !labels.length).length") == 0
    ids = tab.value("[...document.querySelectorAll('[id]')].map(({ id }) => id)")
    assert len(ids) == len(set(ids))


def test_the_log_names_the_address_of_the_demo_before_that_of_the_server(server: Server) -> None:
    told = [line for line in server.lines() if "the demo is at" in line or "listening on" in line]
    assert f"the demo is at http://127.0.0.1:{server.port}/demo" in told[0]
    assert f"listening on ws://127.0.0.1:{server.port}/ws" in told[1]


def test_the_root_leads_to_the_demo(server: Server) -> None:
    answer = server.request("GET", "/")
    assert (answer.status, answer.headers["location"]) == (302, "/demo")
    assert server.request("GET", "/demo?room=x").status == 200


@pytest.mark.parametrize("path", ["/demo/../routes.py", "/demo/..%2fdemo.html", "/demo/client/README.md", "/demo/client/", "/demo/none.js"])
def test_no_path_leads_out_of_what_is_served(server: Server, path: str) -> None:
    assert server.request("GET", path).status == 404


def test_without_the_key_there_is_no_demo(share: Callable[..., Server]) -> None:
    server = share()
    unknown = server.request("GET", "/nothing")
    for path in demo_pages():
        answer = server.request("GET", path)
        assert (answer.status, answer.body) == (404, unknown.body)
