"""The operator's listener of a real server: metrics, probes, API; what changes something, and who may."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.integration.client import Client
from tests.integration.line import PATIENCE
from tests.integration.server import CLOSE_TIMEOUT, Server, command, quiet_environ
from tests.sources import ROOT

OPERATED = {"operator.listen": "127.0.0.1:0", "limits.close_timeout": CLOSE_TIMEOUT}
TOKEN = "an operator's secret"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def server(share: Callable[..., Server]) -> Server:
    return share(OPERATED)


def ask(server: Server, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
    answer = server.operate(method, f"/api/v1/{path}", headers)
    assert answer.status in {200, 202}, answer.body
    return json.loads(answer.body)


def metrics(server: Server) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every sample, by name and label values."""
    families = text_string_to_metric_families(server.operate("GET", "/metrics").body)
    return {(sample.name, tuple(sample.labels.values())): sample.value for family in families for sample in family.samples}


def pair(server: Server, group: str) -> tuple[Client, Client]:
    first, second = server.connect(Client), server.connect(Client)
    first.register("first", group)
    second.register("second", group)
    first.hear("peer_joined")
    return first, second


def test_metrics_tell_of_what_passed(serve: Callable[..., Server], group: str) -> None:
    server = serve(OPERATED)
    first, second = pair(server, group)
    for number in range(130):
        second.say("message", "first", number)
        first.hear("message")
    second.say("offer", "nobody", {})
    second.refused("unknown_peer")
    told = metrics(server)
    assert told["psync_signal_connections", ()] == told["psync_signal_peers", ()] == told["psync_signal_tenant_peers", ("-",)] == 2
    assert told["psync_signal_relays_total", ("message",)] == told["psync_signal_deliveries_total", ("message",)] == 130
    assert told["psync_signal_relays_total", ("offer",)] == 1
    assert told["psync_signal_errors_total", ("unknown_peer",)] == 1
    assert told["psync_signal_relay_latency_seconds_count", ()] == 2
    assert told["psync_signal_relay_latency_seconds_sum", ()] < 2
    assert told["psync_signal_hub_lag_seconds_count", ()] >= 1
    assert told["process_resident_memory_bytes", ()] == pytest.approx(server.resident_kib() * 1024, rel=0.2)
    assert told["process_open_fds", ()] >= 2


def test_groups_and_peers_are_listed_whatever_they_are_called(server: Server, group: str) -> None:
    name = f"{group}/ü?#%2F"
    client = server.connect(Client)
    client.register("a b/ü&x=", name)
    (listed,) = ask(server, f"tenants/-/groups/{quote(name, safe='')}/peers")["peers"]
    assert (listed["peer"], listed["away"], listed["profile"], listed["outbox_bytes"]) == ("a b/ü&x=", False, "v1", 0)
    assert listed["sequence"] > 0
    assert listed["address"].startswith("127.0.0.1:")
    before = f"after={quote(name[:-1])}&limit=1"
    assert ask(server, f"tenants/-/groups?{before}")["groups"] == [{"group": name, "peers": 1}]


def test_a_peer_that_is_removed_is_told_so_and_the_others_see_it(server: Server, group: str) -> None:
    first, second = pair(server, group)
    path = f"tenants/-/groups/{quote(group, safe='')}/peers/second"
    assert ask(server, path, "DELETE", JSON) == {"removed": 1}
    left = first.hear("peer_left")
    assert (left.peer, left.payload["reason"]) == ("second", "kicked")
    assert second.closed().code == 4410
    assert server.operate("DELETE", f"/api/v1/{path}", JSON).status == 404


def test_a_whole_group_can_be_removed(server: Server, group: str) -> None:
    clients = pair(server, group)
    assert ask(server, f"tenants/-/groups/{quote(group, safe='')}", "DELETE", JSON) == {"removed": 2}
    for client in clients:
        assert client.closed().code == 4410


def test_it_is_explained_how_far_two_peers_got(server: Server, group: str) -> None:
    first, second = pair(server, group)
    secret = {"sdp": "v=0 not for operators"}
    second.say("offer", "first", secret)
    first.hear("offer")
    operator = server.wait_for_line(r"operators are served on (http://127\.0\.0\.1:\d+)")[1]
    words = ["explain", "-", group, "first", "second", "--operator", operator]
    ended = subprocess.run(command(*words), cwd=ROOT, env=quiet_environ(), capture_output=True, text=True, check=True, timeout=PATIENCE)
    said = r"first got the offer of second \d+ s ago and has not answered; it was last heard of \d+ s ago\n"
    assert re.match(said, ended.stdout)
    assert "not for operators" not in ended.stdout
    first.say("answer", "second", {"sdp": "v=0"})
    second.hear("answer")
    first.say("candidate", "second", {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ relay"})
    second.hear("candidate")
    explained = ask(server, f"tenants/-/groups/{quote(group, safe='')}/explain?a=first&b=second")
    assert explained["says"].endswith("first sent candidates: 1 relay, second sent candidates: none")
    assert {(peer["profile"], peer["format"], peer["present"]) for peer in explained["peers"]} == {("v1", "json", True)}


def test_the_level_of_the_log_is_changed(serve: Callable[..., Server], group: str) -> None:
    server = serve(OPERATED)
    ask(server, "log-level?level=debug", "PUT", JSON)
    server.connect(Client).register("a", group)
    assert json.loads(server.wait_for_line(r'"message": "open"').string)["level"] == "debug"


def test_the_configuration_is_read_anew_or_refused_with_what_is_wrong(serve: Callable[..., Server], tmp_path: Path) -> None:
    folder = tmp_path / "tenants"
    folder.mkdir()
    server = serve({**OPERATED, "server.tenants_dir": folder})
    file = folder / "acme.toml"
    file.write_text('[[keys]]\nkid = "1"\nalgorithm = "HS256"\nsecret = "0123456789abcdef0123456789abcdef"\n')
    assert ask(server, "reload", "POST", JSON)["added"] == ["acme"]
    assert [tenant["tenant"] for tenant in ask(server, "tenants")["tenants"]] == ["-", "acme"]
    file.write_text("key = 1\n")
    refused = server.operate("POST", "/api/v1/reload", JSON)
    assert refused.status == 422
    assert "key" in json.loads(refused.body)["problems"][0]
    assert len(ask(server, "tenants")["tenants"]) == 2
    server.wait_for_line("reload refused: tenants.acme.key")
    assert len(server.faults()) == 1, "the log tells of the problem, and of nothing else"


def test_a_drain_ends_the_server_in_order(serve: Callable[..., Server], group: str) -> None:
    server = serve(OPERATED)
    client = server.connect(Client)
    client.register("a", group)
    assert ask(server, "drain", "POST", JSON) == {"status": "draining"}
    assert client.closed().code == 1012
    client.close()
    assert server.exit_code() == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example", **JSON}, 403),
        ({"Origin": "http://evil.example", **JSON}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({}, 415),
    ],
)
def test_a_web_page_cannot_end_the_server(server: Server, headers: dict[str, str], status: int) -> None:
    answer = server.operate("POST", "/api/v1/drain", headers)
    assert answer.status == status
    assert json.loads(answer.body)["error"]["field"]
    assert server.request("GET", "/readyz").status == 200


def test_with_a_token_nobody_else_gets_in_and_it_is_never_shown(serve: Callable[..., Server]) -> None:
    server = serve(OPERATED, environ={"PSYNC_OPERATOR__TOKEN": TOKEN})
    wrong = {"Authorization": "Bearer an operator's secret?"}
    for headers in ({}, wrong):
        answer = server.operate("GET", "/metrics", headers)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert TOKEN not in answer.body
    assert server.operate("GET", "/health").status == 200
    assert server.operate("PUT", "/api/v1/log-level?level=debug", {"Authorization": f"Bearer {TOKEN}"}).status == 200
    assert server.operate("GET", "/metrics", {"Authorization": f"Bearer {TOKEN}", "Host": "lb.example"}).status == 200
    assert TOKEN not in server.log()


def test_an_address_that_is_taken_ends_the_start_with_a_sentence(server: Server) -> None:
    listen = f"127.0.0.1:{server.port}"
    ended = subprocess.run(
        command("--port", "0", "--set", f"operator.listen={listen}"),
        cwd=ROOT,
        env=quiet_environ(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert ended.returncode == 1
    assert f"cannot listen on {listen}: Address already in use; choose another operator.listen" in ended.stderr
    assert "Traceback" not in ended.stderr
