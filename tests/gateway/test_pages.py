"""The pages: what is served of them, by which paths and with which headers, and what is said when they are not there."""

import shutil
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from gateway.answer import Answer
from gateway.pages import MOST_BYTES, PAGES, PagesFault, demo_pages
from tests.sources import ROOT

CLIENT = ROOT / "clients" / "js"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pages of one's own, to break."""
    return Path(shutil.copytree(PAGES, tmp_path / "pages"))


def test_the_demo_is_its_page_its_parts_and_the_whole_client_and_nothing_else() -> None:
    own = {f"/demo/{path.name}" for path in (PAGES / "demo").iterdir() if path.is_file()}
    client = {f"/demo/client/{path.name}" for path in CLIENT.glob("*.js")}
    assert set(demo_pages()) == {"/", "/demo", *own, *client}


def test_each_is_served_as_it_lies_there() -> None:
    pages = demo_pages()
    assert pages["/demo"].body == (PAGES / "demo.html").read_text("utf-8")
    assert pages["/demo/client/client.js"].body == (CLIENT / "client.js").read_text("utf-8")


@pytest.mark.parametrize(("path", "kind"), [("/demo", "text/html"), ("/demo/demo.css", "text/css"), ("/demo/demo.js", "text/javascript")])
def test_each_says_what_it_is(path: str, kind: str) -> None:
    assert demo_pages()[path].kind == f"{kind}; charset=utf-8"


def test_no_page_may_run_what_does_not_come_from_this_server() -> None:
    pages = {path: page for path, page in demo_pages().items() if path != "/"}
    for page in pages.values():
        headers = dict(page.headers)
        policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_nothing_in_the_pages_makes_html_of_text() -> None:
    script = "".join(path.read_text("utf-8") for path in (PAGES / "demo").glob("*.js"))
    assert [
        name for name in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(") if name in script
    ] == []


def test_the_root_leads_to_the_demo() -> None:
    assert demo_pages()["/"] == Answer("302 Found", "the demo is at /demo\n", headers=(("Location", "/demo"),))


def test_every_file_that_is_served_is_packed_into_the_wheel() -> None:
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]["gateway.operator"]
    files = ["pages/demo.html", *(f"pages{path}" for path in demo_pages() if path.startswith("/demo/"))]
    assert [
        name for name in files if not any(fnmatch(name, pattern) and name.count("/") == pattern.count("/") for pattern in patterns)
    ] == []


def test_the_client_is_no_copy() -> None:
    assert (PAGES / "demo" / "client").resolve() == CLIENT


def test_a_page_that_is_missing_is_named(folder: Path) -> None:
    (folder / "demo.html").unlink()
    with pytest.raises(PagesFault, match=r"demo\.html cannot be read \(No such file or directory\)"):
        demo_pages(folder)


def test_a_client_that_is_missing_is_told(folder: Path) -> None:
    shutil.rmtree(folder / "demo" / "client")
    with pytest.raises(PagesFault, match=r"lacks the client, clients/js of the checkout"):
        demo_pages(folder)


def test_pages_may_have_so_many_bytes_together_and_no_more(folder: Path) -> None:
    size = sum(len(page.body.encode()) for path, page in demo_pages(folder).items() if path != "/")
    (folder / "demo" / "more.js").write_text(" " * (MOST_BYTES - size))
    assert "/demo/more.js" in demo_pages(folder)
    (folder / "demo" / "more.js").write_text(" " * (MOST_BYTES - size + 1))
    with pytest.raises(PagesFault, match=f"{MOST_BYTES + 1} bytes together, more than {MOST_BYTES}"):
        demo_pages(folder)
