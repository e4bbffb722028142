"""Files of this checkout as a web site, for the browsers of the tests."""

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from tests.integration.line import PATIENCE

__all__ = ["site"]


class _QuietHandler(SimpleHTTPRequestHandler):
    """Says nothing: what is served is no news."""

    def log_message(self, *_arguments: object) -> None:
        """Stay silent."""

    def end_headers(self) -> None:
        """Have nothing cached: a test that changes a file sees it changed."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


@contextmanager
def site(folder: Path) -> Iterator[str]:
    """Serve a folder on a port of its own; gives its origin."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_QuietHandler, directory=str(folder)))
    serving = Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        serving.join(PATIENCE)
        httpd.server_close()
