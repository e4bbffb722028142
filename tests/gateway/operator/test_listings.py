"""What there is, in pages."""

import pytest

from actors.messages import GroupKey
from gateway.operator.call import Page
from gateway.operator.listings import Listings, shown_client
from tests.gateway.operator.office import Office


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def listings(office: Office) -> Listings:
    return Listings(office.node)


def test_tenants_come_in_pages_and_can_be_searched(office: Office, listings: Listings) -> None:
    office.broker.join("a", tenant="other")
    shown = listings.tenants_page(Page(most=2))
    assert ([each["tenant"] for each in shown["tenants"]], shown["next"]) == (["-", "acme"], "acme")
    assert [each["tenant"] for each in listings.tenants_page(Page(after="acme"))["tenants"]] == ["other"]
    assert [each["tenant"] for each in listings.tenants_page(Page(search="AC"))["tenants"]] == ["acme"]


def test_groups_are_searched_and_there_are_none_of_a_tenant_that_there_is_not(office: Office, listings: Listings) -> None:
    for group in ("Home", "homely", "x"):
        office.broker.join("a", group_id=group)
    assert listings.groups("", Page(search="home")) == {
        "groups": [{"group": "Home", "peers": 1}, {"group": "homely", "peers": 1}],
        "next": None,
    }
    assert listings.groups("other", Page()) is None


def test_peers_are_listed_with_their_clients(office: Office, listings: Listings) -> None:
    office.broker.join("a", "b")
    office.broker.pass_time(2)
    listed = listings.peers(GroupKey("", "g"), Page(search="b"))
    (peer,) = listed["peers"]
    assert (peer["peer"], peer["age_ms"], peer["profile"], peer["outbox_bytes"]) == ("b", 2000, "v1", 7)


def test_a_peer_without_a_connection_has_no_client(office: Office) -> None:
    (a,) = office.broker.join("a")
    assert shown_client(office.node, a.peer) == {"profile": "v1", "format": "json", "outbox_bytes": 7}
    office.clients.clear()
    assert shown_client(office.node, a.peer) == {}
