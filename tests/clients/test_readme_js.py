"""What README.md has people paste into a page works as it stands: it is taken from there, and only its port is another one."""

import re
from pathlib import Path

from tests.integration.browser import browse
from tests.integration.server import Server
from tests.integration.site import site
from tests.parts import require_part
from tests.sources import ROOT

PATIENT = """(() => new Promise((resolve) => {
  const look = () => document.body.textContent.includes("hello") && resolve(document.body.textContent);
  new MutationObserver(look).observe(document.body, { childList: true });
  look();
}))"""


def test_two_pages_with_the_snippet_of_the_readme_say_hello_to_each_other(tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text().partition("\n### In a browser\n")[2].partition("\n### ")[0]
    (snippet,) = re.findall(r"^```html\n((?s:.*?))^```$", section, re.MULTILINE)
    assert ":8080" in snippet
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "clients").symlink_to(ROOT / "clients")
    server = Server()
    try:
        (tmp_path / "site" / "page.html").write_text(snippet.replace(":8080", f":{server.port}"))
        with (
            site(tmp_path / "site") as origin,
            browse(require_part("chromium-headless-shell"), tmp_path / "profile") as browser,
        ):
            pages = [browser.open(f"{origin}/page.html") for _ in range(2)]
            for page in pages:
                page.begin(PATIENT)
                assert page.result().endswith(": hello")
        server.stop()
        server.check()
    finally:
        server.kill()
