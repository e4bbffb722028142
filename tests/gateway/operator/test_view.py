"""The one list that a console looks at."""

from typing import Any

import pytest

from gateway.operator.call import Fault, Page
from gateway.operator.inquiry import Unanswered
from gateway.operator.listings import Listings
from gateway.operator.view import MOST, View
from tests.gateway.operator.office import DeadDirectory, Office


@pytest.fixture
def office() -> Office:
    return Office()


def look(office: Office, **query: str) -> tuple[str, dict[str, Any]]:
    return View.read(query).look(Listings(office.node), office.autopsy, office.broker.clock.now)


def test_without_a_tenant_it_is_the_tenants(office: Office) -> None:
    name, listed = look(office)
    assert (name, [each["tenant"] for each in listed["tenants"]]) == ("tenants", ["-", "acme"])


def test_without_a_group_it_is_the_groups_a_page_at_a_time(office: Office) -> None:
    for number in range(MOST + 1):
        office.broker.join("a", group_id=f"g{number:02}")
    name, first = look(office, tenant="-")
    assert (name, len(first["groups"]), first["next"]) == ("groups", MOST, f"g{MOST - 1:02}")
    assert look(office, tenant="-", after=first["next"])[1] == {"groups": [{"group": f"g{MOST:02}", "peers": 1}], "next": None}


def test_of_a_group_it_is_the_peers_and_what_is_between_them(office: Office) -> None:
    _, b, c = office.broker.join("a", "b", "c")
    b.relay("offer", "a", b"{}")
    c.relay("offer", "b", b"{}")
    name, listed = look(office, tenant="-", group="g")
    assert (name, [peer["peer"] for peer in listed["peers"]]) == ("peers", ["a", "b", "c"])
    assert listed["links"] == [{"a": "a", "b": "b", "state": "offer"}, {"a": "b", "b": "c", "state": "offer"}]
    assert look(office, tenant="-", group="g", search="c")[1]["links"] == []


def test_nothing_of_a_peer_changes_by_itself(office: Office) -> None:
    office.broker.join("a")
    before = look(office, tenant="-", group="g")
    office.broker.pass_time(7)
    assert look(office, tenant="-", group="g") == before


def test_a_place_that_there_is_not_is_gone_and_no_fault(office: Office) -> None:
    assert look(office, tenant="other")[1] == {"groups": [], "next": None, "gone": True}
    assert look(office, tenant="-", group="g")[1] == {"peers": [], "next": None, "links": [], "gone": True}


def test_a_group_without_its_tenant_is_refused() -> None:
    with pytest.raises(Fault, match="the default one is called -"):
        View.read({"group": "g"})
    assert View.read({"tenant": "-", "after": "a", "search": "s"}) == View("-", "", Page("a", MOST, "s"))


def test_actors_that_do_not_answer_are_a_fault() -> None:
    with pytest.raises(Unanswered):
        look(Office(DeadDirectory()), tenant="-", group="g")
