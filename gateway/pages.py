"""Pages: what a browser gets from the public port beside the WebSocket. That is the demo, where `server.demo` says so.

The files are read once, at the start: a request touches no disk and names no file, so that no path can lead out of the folder.
"""

from pathlib import Path

from gateway.answer import Answer

__all__ = ["PAGES", "PagesFault", "demo_pages"]

PAGES = Path(__file__).parent / "operator" / "pages"

KINDS = {".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
"""Files of other kinds are not served: the client in JavaScript lies beside its README and its types."""

MOST_BYTES = 1_048_576
"""Of all pages together: they stay in memory."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""A script, a style or a connection comes from this server or not at all, so that what a peer says can become neither."""

_HEADERS = (("Content-Security-Policy", _POLICY), ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"))


class PagesFault(Exception):
    """The pages cannot be served; says why."""


def demo_pages(folder: Path = PAGES) -> dict[str, Answer]:
    """The demo by its paths: `/demo`, what it needs under `/demo/`, and at `/` the way to it.

    Raises:
        PagesFault: a file is missing, or all are more than `MOST_BYTES`.

    """
    parts = (path for pattern in ("demo/*", "demo/client/*") for path in folder.glob(pattern) if path.suffix in KINDS)
    try:
        contents = {path: path.read_bytes() for path in (folder / "demo.html", *parts)}
    except OSError as error:
        raise PagesFault(f"{error.filename} cannot be read ({error.strerror})") from None
    size = sum(map(len, contents.values()))
    if size > MOST_BYTES:
        raise PagesFault(f"its files have {size} bytes together, more than {MOST_BYTES}")
    served = {f"/{path.relative_to(folder)}".removesuffix(".html"): _answer(path, content) for path, content in contents.items()}
    if "/demo/client/client.js" not in served:
        raise PagesFault(f"{folder / 'demo' / 'client'} lacks the client, clients/js of the checkout")
    return {"/": Answer("302 Found", "the demo is at /demo\n", headers=(("Location", "/demo"),)), **served}


def _answer(path: Path, content: bytes) -> Answer:
    return Answer("200 OK", content.decode(), KINDS[path.suffix], _HEADERS)
