"""kubernetes.yaml: what it says of the server is what the server does; no cluster is at hand to ask."""

from collections.abc import Callable
from typing import Any

import yaml

from gateway.config import Config, keys_of, load
from gateway.routes import PROBES
from tests.deploy.files import DEPLOY
from tests.deploy.image import IMAGE
from tests.integration.server import Server
from tests.sources import ROOT

OBJECTS: list[dict[str, Any]] = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
(DEPLOYMENT,) = (each for each in OBJECTS if each["kind"] == "Deployment")
POD: dict[str, Any] = DEPLOYMENT["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]
ENVIRON = {each["name"]: each["value"] for each in CONTAINER["env"]}
PROD = load(ROOT / "conf" / "prod.toml", {}, {})


def test_the_server_takes_the_arguments_and_settings_that_it_is_given(serve: Callable[..., Server]) -> None:
    assert CONTAINER["args"] == IMAGE.command
    assert set(ENVIRON) <= {key.variable for key in keys_of(Config)}
    arguments = [*CONTAINER["args"], "--host=127.0.0.1", "--port=0", "--set=operator.listen=127.0.0.1:0"]
    server = serve(arguments=arguments, environ={**ENVIRON, "PSYNC_OPERATOR__TOKEN": "the-token-of-this-test-which-is-long"})
    for kind in ("livenessProbe", "readinessProbe"):
        path = CONTAINER[kind]["httpGet"]["path"]
        assert path in PROBES
        assert server.request("GET", path, {"Host": "10.1.2.3:8080"}).status == 200


def test_what_is_alive_is_not_killed_for_a_drain_and_what_drains_gets_nobody_new() -> None:
    assert PROBES[CONTAINER["livenessProbe"]["httpGet"]["path"]] == "health"
    assert PROBES[CONTAINER["readinessProbe"]["httpGet"]["path"]] == "ready"


def test_there_is_time_to_be_forgotten_by_the_nodes_and_then_to_drain() -> None:
    program, seconds = CONTAINER["lifecycle"]["preStop"]["exec"]["command"]
    assert program == "sleep"
    ending = PROD.drain.timeout + 2 * PROD.limits.close_timeout
    assert POD["terminationGracePeriodSeconds"] > int(seconds) + ending


def test_every_port_is_one_that_the_server_listens_on_and_that_is_reached_by_name() -> None:
    ports = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}
    operator = int(ENVIRON["PSYNC_OPERATOR__LISTEN"].rpartition(":")[2])
    assert ports == {"public": IMAGE.port, "operator": operator}
    services = [each for each in OBJECTS if each["kind"] == "Service"]
    assert [[port["targetPort"] for port in service["spec"]["ports"]] for service in services] == [["public"], ["operator"]]
    probes = {CONTAINER[kind]["httpGet"]["port"] for kind in ("livenessProbe", "readinessProbe")}
    assert probes == {"public"}


def test_everything_selects_the_pods_that_there_are() -> None:
    labels = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
    selectors = [each["spec"]["selector"] for each in OBJECTS]
    assert len(selectors) == 4
    assert all(selector.get("matchLabels", selector) == labels for selector in selectors)


def test_it_is_one_process_as_nobody_that_may_write_nothing() -> None:
    assert PROD.backplane.url == "memory://"
    assert DEPLOYMENT["spec"]["replicas"] == 1
    user, group = map(int, IMAGE.words["USER"].split(":"))
    security = POD["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"], security["runAsNonRoot"]) == (user, group, True)
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(CONTAINER["resources"]["limits"]) == {"memory"}
