"""From nothing to a client that is in: the commands make a key, the server takes the lines that they print, and a token opens it."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.client import Client
from tests.integration.line import PATIENCE
from tests.integration.server import Server, command, quiet_environ
from tests.sources import ROOT


def run(*arguments: str) -> str:
    """What a command prints when it succeeds."""
    done = subprocess.run(command(*arguments), cwd=ROOT, env=quiet_environ(), capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("algorithm", ["HS256", "EdDSA", "ES256", "RS256"])
def test_a_new_key_signs_a_token_that_opens_the_server(serve: Callable[..., Server], tmp_path: Path, algorithm: str) -> None:
    key, config, folder = tmp_path / "acme.key", tmp_path / "psync.toml", tmp_path / "tenants"
    config.write_text(run("keys", "new", "--algorithm", algorithm, "--tenant", "acme", "--out", str(key)))
    signer = [] if algorithm == "HS256" else ["--private-key", str(key)]
    token = run("token", "--config", str(config), "--tenant", "acme", "--group", "home", "--peer", "laptop", *signer).strip()

    folder.mkdir()
    (folder / "acme.toml").write_text(config.read_text().replace("tenants.acme.", ""))
    server = serve({"auth.mode": "token", "server.tenants_dir": folder})
    client = server.connect(Client, f"/ws?token={token}")
    assert client.register("laptop", "home") == []
    assert "other users may read" not in server.log()
