"""The README's way from a key to two peers of one tenant, and a third of another that is refused: run as it stands."""

import re
import socket
import subprocess
import sys
from pathlib import Path

from tests.integration.line import PATIENCE
from tests.integration.server import quiet_environ
from tests.sources import ROOT

# The server that the commands leave in the background is ended with the shell, whatever became of the rest.
ENDING = "trap 'kill %1 && wait %1' EXIT\nset -e\n"


def commands() -> str:
    section = (ROOT / "README.md").read_text().partition("\n## Host it for others\n")[2].partition("\n## ")[0]
    (shown,) = re.findall(r"^```bash\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return str(shown)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def test_a_host_has_two_tenants_apart_in_five_commands(tmp_path: Path) -> None:
    shown, port = commands(), free_port()
    assert len(re.findall(r"^(?:for .*)?\.venv/bin/python|^for ", shown, re.MULTILINE)) == 5
    script = ENDING + shown.replace(".venv/bin/python", sys.executable).replace(":8080/", f":{port}/")
    script = script.replace("--set auth.mode=token", f"--set auth.mode=token --port {port}")
    environ = quiet_environ(PYTHONPATH=str(ROOT))
    told = subprocess.run(
        ["/bin/bash", "-m", "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=4 * PATIENCE, check=False
    )
    assert told.returncode == 0, told.stderr
    delivered, refused = told.stdout.splitlines()
    assert delivered == "bob to alice: delivered"
    assert re.match(r"carol: 40[13]", refused)
    assert (tmp_path / "acme.pem").stat().st_mode & 0o077 == 0
