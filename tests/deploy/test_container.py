"""Dockerfile and compose.yaml: what they copy is enough to serve, what they name is there, and the server takes their settings.

There is no container engine that a test could count on; so the files are read, and what they say is done with the programs at hand.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config import Config, keys_of, load
from tests.deploy.files import DEPLOY
from tests.deploy.image import IMAGE
from tests.integration.server import Server, quiet_environ
from tests.parts import require_part
from tests.sources import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROD = load(ROOT / "conf" / "prod.toml", {}, {})
GIVEN = {
    "PSYNC_OPERATOR__TOKEN": "the-token-of-operators-in-this-test",
    "PSYNC_ICE__SECRET": "the-secret-of-the-turn-server-in-this-test",
    "TURN_ADDRESS": "192.0.2.1",
    "GRAFANA_PASSWORD": "the-password-of-this-test",
}
"""What compose.yaml wants from whoever runs it."""


def interpolated(text: str) -> str:
    """As Docker Compose puts in what it is given."""
    return re.sub(r"\$\{(\w+)(?::\?[^}]*)?\}", lambda match: GIVEN[match[1]], text)


# --- Dockerfile ---


def test_what_the_image_holds_of_the_checkout_is_enough_to_serve(tmp_path: Path) -> None:
    IMAGE.lay_out(tmp_path)
    program, *arguments = IMAGE.entrypoint
    assert program == "python"
    command = [sys.executable, *arguments, "check-config", *IMAGE.command]
    run = subprocess.run(command, cwd=tmp_path, env=quiet_environ(**IMAGE.environ), capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    demo = [sys.executable, "-c", "from gateway.pages import demo_pages; print(*demo_pages())"]
    pages = subprocess.run(demo, cwd=tmp_path, env=quiet_environ(), capture_output=True, text=True, check=True)
    assert "/demo/client/client.js" in pages.stdout.split()
    everything = "import gateway.cli, gateway.keeper.command, gateway.bench.command, gateway.conformance.command"
    subprocess.run([sys.executable, "-c", everything], cwd=tmp_path, env=quiet_environ(), check=True)


def test_the_health_check_tells_a_server_that_serves_from_one_that_does_not(serve: Callable[..., Server]) -> None:
    assert IMAGE.port == PROD.server.port
    server = serve(arguments=[*IMAGE.command, "--port=0", "--set=operator.listen="])
    program, option, code = IMAGE.healthcheck
    assert program == "python"
    assert f":{IMAGE.port}/" in code
    check = [sys.executable, option, code.replace(f":{IMAGE.port}/", f":{server.port}/")]
    assert subprocess.run(check, check=False).returncode == 0
    server.stop()
    assert subprocess.run(check, stderr=subprocess.DEVNULL, check=False).returncode != 0


def test_the_image_is_of_a_named_release_runs_as_nobody_and_is_ended_by_a_signal_that_drains() -> None:
    assert len(set(IMAGE.stages)) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", IMAGE.stages[0])
    assert IMAGE.words["USER"] == "65534:65534"
    assert IMAGE.words["STOPSIGNAL"] == "SIGTERM"
    assert "--require-hashes" in (DEPLOY / "Dockerfile").read_text()


def test_only_what_is_copied_reaches_the_engine_that_builds_the_image() -> None:
    first, *lines = [line for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert first == "*"
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert sent == {source.rstrip("/") for source in IMAGE.copied} | {"requirements.lock"}


# --- compose.yaml ---


def test_the_server_takes_the_settings_that_compose_gives_it(serve: Callable[..., Server]) -> None:
    service = SERVICES["signal"]
    settings = {name for name in IMAGE.environ if name.startswith("PSYNC_")}
    assert set(service["environment"]) | settings <= {key.variable for key in keys_of(Config)}
    environ = {name: interpolated(value) for name, value in service["environment"].items()}
    shown = subprocess.run(
        [sys.executable, "-m", "gateway", "show-config", *IMAGE.command],
        cwd=ROOT,
        env=quiet_environ(**IMAGE.environ, **environ),
        capture_output=True,
        text=True,
        check=True,
    )
    config = tomllib.loads(shown.stdout)
    assert config["ice"]["turn_urls"] == [f"turn:192.0.2.1:3478?transport={transport}" for transport in ("udp", "tcp")]
    (network,) = COMPOSE["networks"]["default"]["ipam"]["config"]
    assert config["server"]["trusted_proxies"] == [network["gateway"]]
    server = serve(arguments=[*IMAGE.command, "--host=127.0.0.1", "--port=0", "--set=operator.listen=127.0.0.1:0"], environ=environ)
    assert server.operate("GET", "/metrics").status == 401
    bearer = {"Authorization": f"Bearer {GIVEN['PSYNC_OPERATOR__TOKEN']}"}
    assert server.operate("GET", "/metrics", bearer).status == 200


def test_prometheus_asks_where_the_server_listens_with_the_token_that_it_wants() -> None:
    (job,) = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())["scrape_configs"]
    port = SERVICES["signal"]["environment"]["PSYNC_OPERATOR__LISTEN"].rpartition(":")[2]
    assert job["static_configs"] == [{"targets": [f"signal:{port}"]}]
    (secret,) = SERVICES["prometheus"]["secrets"]
    assert job["authorization"]["credentials_file"] == f"/run/secrets/{secret}"
    assert COMPOSE["secrets"][secret]["environment"] == "PSYNC_OPERATOR__TOKEN"


def test_every_file_and_every_part_that_compose_names_is_there() -> None:
    build = SERVICES["signal"]["build"]
    context = (DEPLOY / build["context"]).resolve()
    assert context == ROOT
    assert (context / build["dockerfile"]).is_file()
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    assert [name for name in mounted if name.startswith(".") and not (DEPLOY / name).is_file()] == []
    assert {name for name in mounted if not name.startswith(".")} == set(COMPOSE["volumes"])
    sources = {config["source"] for service in SERVICES.values() for config in service.get("configs", [])}
    assert sources == set(COMPOSE["configs"])
    for config in COMPOSE["configs"].values():
        assert yaml.safe_load(config["content"])["apiVersion"] == 1


def test_every_image_is_a_named_release_and_every_port_is_of_this_machine_alone() -> None:
    for service in SERVICES.values():
        assert re.fullmatch(r"[\w/-]+:(local|v?\d+\.\d+\.\d+)", service["image"])
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    (published,) = SERVICES["signal"]["ports"]
    assert published == f"127.0.0.1:{PROD.server.port}:{IMAGE.port}"


def test_a_server_in_a_container_has_time_to_drain_and_room_for_every_connection() -> None:
    service = SERVICES["signal"]
    assert int(service["stop_grace_period"].removesuffix("s")) > PROD.drain.timeout + 2 * PROD.limits.close_timeout
    assert service["ulimits"]["nofile"] > 2 * PROD.limits.connections


def test_coturn_knows_every_option_that_it_is_given() -> None:
    told = subprocess.run([require_part("turnserver"), "--help"], capture_output=True, text=True, check=False)
    options = {word.partition("=")[0] for word in map(interpolated, SERVICES["turn"]["command"])}
    assert options
    assert options - set(re.findall(r"--[\w-]+", told.stdout + told.stderr)) == set()


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_what_compose_wants_is_asked_for_by_name_when_it_is_not_given(name: str) -> None:
    assert re.search(rf"\$\{{{name}:\?[^}}]+\}}", (DEPLOY / "compose.yaml").read_text())
