"""What each call of the operator's API does."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import gevent
import pytest

from actors.reasons import CloseCode
from gateway.answer import Answer
from gateway.operator.api import ROUTES, Api
from gateway.operator.call import Fault
from gateway.operator.events import Stream
from gateway.reload import Reloaded
from tests.gateway.operator.office import Office, SilentDirectory

PEERS = ("tenants", "-", "groups", "g", "peers")


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def level() -> Iterator[None]:
    root = logging.getLogger()
    before = root.level
    yield
    root.setLevel(before)


def answered(office: Office, method: str, *segments: str, query: str = "") -> Answer:
    answer = Api(office.node).answer(method, segments, query, "192.0.2.1")
    assert isinstance(answer, Answer)
    return answer


def call(office: Office, method: str, *segments: str, query: str = "") -> Any:  # noqa: ANN401 - JSON
    return json.loads(answered(office, method, *segments, query=query).body)


def fault(office: Office, method: str, *segments: str, query: str = "") -> Fault:
    with pytest.raises(Fault) as caught:
        call(office, method, *segments, query=query)
    return caught.value


def test_a_node_tells_its_state_and_how_much_there_is(office: Office) -> None:
    office.node.metrics.increment("peers", by=5)
    assert call(office, "GET", "nodes") == {
        "nodes": [{"status": "accepting", "connections": 2, "peers": 5, "groups": 0, "connections_limit": 100}]
    }


def test_tenants_are_listed_by_name_those_without_groups_and_those_that_are_no_more_too(office: Office) -> None:
    office.broker.join("a", tenant="t")
    office.broker.join("a", "b")
    assert call(office, "GET", "tenants") == {
        "tenants": [
            {"tenant": "-", "connections": 2, "groups": 1, "peers": 2},
            {"tenant": "acme", "connections": 1, "groups": 0, "peers": 0},
            {"tenant": "t", "connections": 0, "groups": 1, "peers": 1},
        ]
    }


def test_the_groups_of_a_tenant_that_there_is_not_are_404(office: Office) -> None:
    refused = fault(office, "GET", "tenants", "other", "groups")
    assert (refused.status, refused.field) == ("404 Not Found", "tenant")


def test_groups_are_listed_in_pages(office: Office) -> None:
    for group_id in ("b", "a", "c"):
        office.broker.join("x", group_id=group_id)
    first = call(office, "GET", "tenants", "-", "groups", query="limit=2")
    assert first == {"groups": [{"group": "a", "peers": 1}, {"group": "b", "peers": 1}], "next": "b"}
    assert call(office, "GET", "tenants", "-", "groups", query="limit=2&after=b") == {"groups": [{"group": "c", "peers": 1}], "next": None}
    assert call(office, "GET", "tenants", "acme", "groups") == {"groups": [], "next": None}


def test_peers_are_listed_with_what_their_group_knows(office: Office) -> None:
    office.broker.join("a")
    office.broker.pass_time(1.5)
    assert call(office, "GET", *PEERS) == {
        "peers": [
            {
                "peer": "a",
                "address": "192.0.2.1:5",
                "away": False,
                "silent_ms": 1500,
                "age_ms": 1500,
                "sequence": 1,
                "profile": "v1",
                "format": "json",
                "outbox_bytes": 7,
            }
        ],
        "next": None,
    }


def test_head_is_answered_as_get(office: Office) -> None:
    assert call(office, "HEAD", "tenants") == call(office, "GET", "tenants")


def test_a_peer_is_removed_and_it_is_logged_by_whom(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    a, b = office.broker.join("a", "b")
    with caplog.at_level(logging.INFO, "gateway.audit"):
        assert call(office, "DELETE", *PEERS, "a") == {"removed": 1}
    assert (a.outbox.closed, b.outbox.closed) == (CloseCode.KICKED, None)
    (record,) = caplog.records
    assert record.getMessage() == "removed"
    said = {"operator": "192.0.2.1", "tenant": "", "reason": "operator", "group": "g", "peer": "a"}
    assert said.items() <= vars(record).items()


def test_all_peers_of_a_group_are_removed(office: Office) -> None:
    members = office.broker.join("a", "b")
    assert call(office, "DELETE", "tenants", "-", "groups", "g") == {"removed": 2}
    assert [member.outbox.closed for member in members] == [CloseCode.KICKED] * 2


def test_a_group_or_a_peer_that_there_is_not_is_404(office: Office) -> None:
    office.broker.join("a")
    assert (fault(office, "DELETE", *PEERS, "b").status, fault(office, "DELETE", *PEERS, "b").field) == ("404 Not Found", "peer")
    for method, segments in (("GET", ("peers",)), ("DELETE", ()), ("DELETE", ("peers", "a"))):
        refused = fault(office, method, "tenants", "-", "groups", "other", *segments)
        assert (refused.status, refused.field) == ("404 Not Found", "group")


def test_a_call_for_events_is_a_stream_of_what_it_asks_for(office: Office) -> None:
    stream = Api(office.node).answer("GET", ("events",), "tenant=-&group=g", "192.0.2.1")
    assert isinstance(stream, Stream)
    assert fault(office, "GET", "events", query="group=g").field == "tenant"


def test_what_passed_between_two_peers_is_explained(office: Office) -> None:
    _, b = office.broker.join("a", "b")
    b.relay("offer", "a", b"{}")
    office.broker.pass_time(41)
    told = call(office, "GET", "tenants", "-", "groups", "g", "explain", query="a=a&b=b")
    assert told["says"] == "a got the offer of b 41 s ago and has not answered; it was last heard of 41 s ago"
    assert [peer["peer"] for peer in told["peers"]] == ["a", "b"]
    assert told["peers"][0]["address"] == "192.0.2.1:5"
    assert (told["peers"][0]["profile"], told["peers"][0]["format"]) == ("v1", "json")
    assert told["peers"][1]["sent"]["offer"]["delivered"] == 1


def test_what_passed_is_explained_when_the_group_has_ended(office: Office) -> None:
    members = office.broker.join("a", "b")
    members[1].relay("offer", "a", b"{}")
    for member in members:
        member.lost()
    told = call(office, "GET", "tenants", "-", "groups", "g", "explain", query="a=a&b=b")
    assert told["says"] == "a got the offer of b 0 s ago and has not answered; a is not in the group"


@pytest.mark.parametrize(("query", "field"), [("", "a"), ("a=x", "b"), ("a=&b=x", "a")])
def test_without_two_peers_there_is_nothing_to_explain(office: Office, query: str, field: str) -> None:
    refused = fault(office, "GET", "tenants", "-", "groups", "g", "explain", query=query)
    assert (refused.status, refused.field) == ("400 Bad Request", field)


def test_a_drain_begins_as_by_sigterm(office: Office) -> None:
    answer = answered(office, "POST", "drain")
    assert answer.status == "202 Accepted"
    assert office.stops == 1


def test_a_reload_says_what_has_come_of_it(office: Office) -> None:
    told = {"outcome": "done", "problems": [], "restart": [], "added": ["acme"], "changed": [], "removed": []}
    assert call(office, "POST", "reload") == told


def test_a_reload_that_is_refused_says_why(office: Office) -> None:
    office.reloaded = Reloaded("refused", ("limits.errors: expected an integer",))
    answer = answered(office, "POST", "reload")
    assert answer.status == "422 Unprocessable Content"
    assert json.loads(answer.body)["problems"] == ["limits.errors: expected an integer"]


def test_a_request_that_ends_does_not_end_its_reload(office: Office) -> None:
    request = gevent.spawn(call, office, "POST", "reload")
    gevent.sleep(0)
    request.kill()
    gevent.sleep(0)
    gevent.sleep(0)
    assert office.reloads == 1


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("name", ["debug", "info", "warning", "error"])
def test_the_level_of_the_log_can_be_changed(office: Office, name: str) -> None:
    assert call(office, "PUT", "log-level", query=f"level={name}") == {"level": name}
    assert logging.getLogger().level == getattr(logging, name.upper())


@pytest.mark.parametrize("query", ["", "level=", "level=DEBUG", "level=notset"])
def test_a_level_that_there_is_not_is_refused(office: Office, query: str) -> None:
    before = logging.getLogger().level
    refused = fault(office, "PUT", "log-level", query=query)
    assert (refused.status, refused.field) == ("400 Bad Request", "level")
    assert logging.getLogger().level == before


@pytest.mark.parametrize(
    "segments", [(), ("",), ("nodes", ""), ("tenants", "", "groups"), ("tenants", "-", "groups", ""), ("x",), ("tenants", "{}", "x")]
)
def test_what_is_no_call_is_404_and_those_that_are_get_named(office: Office, segments: tuple[str, ...]) -> None:
    refused = fault(office, "GET", *segments)
    assert refused.status == "404 Not Found"
    assert all(route.path in refused.says for route in ROUTES)


def test_another_method_is_405_and_says_which_are_taken(office: Office) -> None:
    refused = fault(office, "POST", *PEERS)
    assert (refused.status, refused.headers) == ("405 Method Not Allowed", (("Allow", "GET"),))
    assert fault(office, "GET", "drain").headers == (("Allow", "POST"),)


def test_a_parameter_that_a_call_does_not_know_is_refused(office: Office) -> None:
    assert fault(office, "GET", "nodes", query="after=a").field == "after"


def test_without_an_answer_of_the_actors_it_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.operator.inquiry.ask.__defaults__", (0.01,))
    refused = fault(Office(SilentDirectory()), "GET", "tenants")
    assert refused.status == "503 Service Unavailable"
    assert refused.headers == (("Retry-After", "1"),)
