"""Whose tenant or group is full, and who takes its own place back all the same: it needs no other."""

import pytest

from actors.events import PeerList, Profile
from actors.messages import Register
from actors.rules import NewGroupRules, OnDuplicate
from tests.actors.lane import place_of
from tests.broker import ERROR, GROUP_RULES, JOINED, LEFT, LIST, Broker, Caller, tell_group

V2 = Profile.V2
FULL = [(ERROR, "tenant_full", None)]


def full_house(group_peers: int = 100) -> tuple[Broker, Caller, Caller, str]:
    """A tenant with room for two peers, who are there; and the session of the second."""
    broker = Broker(GROUP_RULES._replace(peers=group_peers), peers=2)
    (ann,) = broker.join("a")
    bob = broker.connect(profile=V2).register("b")
    session = place_of(bob).session
    ann.heard()
    return broker, ann, bob, session


def newcomer(broker: Broker) -> Caller:
    caller = broker.connect(profile=V2)
    caller.heard()
    return caller


def resumed(caller: Caller) -> list[bool]:
    return [event.resumed for event in caller.told() if isinstance(event, PeerList)]


@pytest.mark.parametrize("group_peers", [100, 2], ids=["full tenant", "full group in a full tenant"])
@pytest.mark.parametrize("is_cut", [True, False], ids=["cut", "still there"])
def test_a_place_is_taken_back_where_there_is_none_left(group_peers: int, is_cut: bool) -> None:
    broker, ann, bob, session = full_house(group_peers)
    if is_cut:
        bob.cut()
    for _ in range(3):
        assert resumed(newcomer(broker).register("b", session=session)) == [True]
    assert ann.heard() == []
    assert broker.metrics["quota_refusals"] == 0
    assert newcomer(broker).register("c").heard() == FULL, "each place is counted once"
    ann.lost()
    assert newcomer(broker).register("c").heard() == [(LIST, "b")], "and no more are counted than there are"


def test_one_that_is_away_has_its_place_still() -> None:
    broker, ann, _, session = full_house()
    for _ in range(6):
        broker.pass_time(10)
        ann.pong()
    assert ann.heard() == [(LEFT, "b", "away")]
    assert newcomer(broker).register("b", session=session).heard() == [(LIST, "a")]
    assert ann.heard() == [(JOINED, "b")]
    assert newcomer(broker).register("c").heard() == FULL


@pytest.mark.parametrize("peer_id", ["a", "b", "c"])
def test_a_claim_that_is_not_good_is_refused_as_if_it_were_none(peer_id: str) -> None:
    broker, ann, _, session = full_house()
    claim = session if peer_id != "b" else "0" * 32
    for _ in range(3):
        assert newcomer(broker).register(peer_id, session=claim).heard() == FULL, "no contest, and no place"
    assert newcomer(broker).register("b", "elsewhere", session=session).heard() == FULL
    assert ann.heard() == []
    assert ann.outbox.pings == 0
    assert broker.metrics.counts["quota_refusals", "peers_per_tenant"] == broker.metrics["tenant_refusals"] == 4
    ann.lost()
    assert newcomer(broker).register("c").heard() == [(LIST, "b")], "nothing is counted of those that were refused"


def test_a_claim_whose_window_is_over_is_refused() -> None:
    broker, _, bob, session = full_house()
    bob.cut()
    broker.pass_time(30)
    (late,) = broker.join("c")
    assert newcomer(broker).register("b", session=session).heard() == FULL
    late.lost()
    assert newcomer(broker).register("b", session=session).heard() == [(LIST, "a")]


def test_a_v1_client_has_no_claim() -> None:
    broker, _, _, session = full_house()
    stranger = broker.connect()
    stranger.says(Register("b", "g", session=session))
    assert stranger.heard() == FULL


@pytest.mark.parametrize("policy", [OnDuplicate.NEWEST, OnDuplicate.CHALLENGE])
def test_who_comes_in_the_stead_of_another_needs_no_place_in_a_group_whose_bound_was_lowered(policy: OnDuplicate) -> None:
    broker = Broker(GROUP_RULES._replace(on_duplicate=policy))
    ann, bob = broker.join("a", "b")
    tell_group(ann, NewGroupRules(GROUP_RULES._replace(on_duplicate=policy, peers=1)))
    twin = broker.connect().register("b")
    broker.pass_time(1)
    assert twin.heard() == [(LIST, "a")]
    left = "replaced" if policy is OnDuplicate.NEWEST else "lost"
    assert ann.heard() == [(LEFT, "b", left), (JOINED, "b")]
    assert bob.outbox.closed is not None or policy is OnDuplicate.NEWEST
    assert broker.connect().register("c").heard() == [(ERROR, "group_full", None)]
