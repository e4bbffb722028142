"""Pages: the console as a browser gets it: a page, a style sheet and a script in `pages/` beside this module, all of them constant.

They are for everyone: a browser sends no token with an address that is typed. What they show they ask the API for, with the token.
"""

from importlib.resources import files

from gateway.answer import Answer

__all__ = ["PAGES", "read_pages"]

SCRIPT = "text/javascript; charset=utf-8"

PAGES = {
    "/console": ("console.html", "text/html; charset=utf-8"),
    "/console.css": ("console.css", "text/css; charset=utf-8"),
    **{f"/{name}": (name, SCRIPT) for name in ("console.js", "api.js", "drawing.js", "rows.js", "stream.js")},
}
"""The file and the content type of each path."""

_MAY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    # No text becomes markup (W3C Trusted Types): the ids of peers are written by strangers.
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
)

POLICY = "; ".join(_MAY)
"""What the page may do: nothing but load these files and ask this listener; and nobody may frame it, to have a click land on it."""

HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


def read_pages() -> dict[str, Answer]:
    """The answer for each path."""
    folder = files("gateway.operator") / "pages"
    return {path: Answer("200 OK", (folder / name).read_text("utf-8"), kind, HEADERS) for path, (name, kind) in PAGES.items()}
