"""The JavaScript client with stand-ins for its surroundings, in the browser that is there for the other tests anyway (tests/clients/js)."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.reasons import CLOSES
from tests.integration.browser import Tab, browse
from tests.integration.site import site
from tests.parts import require_part
from tests.sources import ROOT

CLIENT = ROOT / "clients" / "js"
HERE = Path(__file__).parent / "js"
SCRIPTS = sorted(HERE.glob("test_*.js"))
NAMES = [(script.stem, name) for script in SCRIPTS for name in re.findall(r'^test\("(.+)", ', script.read_text(), re.MULTILINE)]
MAX_LINES = 350


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with (
        site(ROOT) as origin,
        browse(require_part("chromium-headless-shell"), tmp_path_factory.mktemp("profile")) as browser,
    ):
        yield browser.open(f"{origin}/tests/clients/js/page.html")


@pytest.mark.parametrize(("script", "name"), NAMES)
def test_client(tab: Tab, script: str, name: str) -> None:
    tab.begin("run", name)
    assert tab.result() == "passed"


def test_every_module_has_a_script_of_tests_and_every_test_is_found() -> None:
    modules = {path.stem for path in CLIENT.glob("*.js")} - {"client", "platform", "signal_error"}
    assert {script.stem.removeprefix("test_") for script in SCRIPTS} == modules
    assert {script for script, _ in NAMES} == {script.stem for script in SCRIPTS}
    assert sum(len(re.findall(r"\btest\(", script.read_text())) for script in SCRIPTS) == len(NAMES) == len({name for _, name in NAMES})


def test_what_follows_on_a_close_code_is_what_the_server_means_by_it(tab: Tab) -> None:
    told = tab.value("client.RECONNECT")
    assert told == {str(code.value): words.reconnect for code, words in CLOSES.items()}


def test_no_module_is_overgrown() -> None:
    assert [path.name for path in CLIENT.glob("*.js") if len(path.read_text().splitlines()) > MAX_LINES] == []


# --- The package ---


def declared(name: str) -> set[str]:
    """The members of a class that client.d.ts declares."""
    text = (CLIENT / "client.d.ts").read_text()
    (body,) = re.findall(rf"^export class {name} .*?\{{\n(.*?)^\}}", text, re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^  (?:readonly |static |get |\*)?(\w+)[?(:<]", body, re.MULTILINE)) - {"constructor", "addEventListener"}


def test_the_types_declare_all_that_is_exported_and_no_more(tab: Tab) -> None:
    exported = set(tab.value("Object.keys(client)"))
    assert exported == set(re.findall(r"^export (?:class|const) (\w+)", (CLIENT / "client.d.ts").read_text(), re.MULTILINE))
    for name, made in {
        "Signal": "new client.Signal('ws://x', {peerId: 'a', groupId: 'b'})",
        "SignalError": "new client.SignalError('a', 'b')",
        "Mesh": "new client.Mesh(new EventTarget())",
    }.items():
        own = f"Object.keys({made}).concat(Object.getOwnPropertyNames(client.{name}.prototype))"
        assert set(tab.value(own)) - {"constructor"} == declared(name), name


def test_the_package_ships_every_module_and_names_no_other_one() -> None:
    package = json.loads((CLIENT / "package.json").read_text())
    modules = {path.name for path in CLIENT.glob("*.js")}
    assert {name for name in package["files"] if name.endswith(".js")} == modules
    assert all((CLIENT / name).is_file() for name in package["files"])
    assert "dependencies" not in package
    for path in CLIENT.glob("*.js"):
        assert set(re.findall(r' from "\./(.+)";', path.read_text())) <= modules
        assert len(re.findall(r"^(?:import|export \{).* from ", path.read_text(), re.MULTILINE)) == path.read_text().count(' from "./')
    assert (CLIENT / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
