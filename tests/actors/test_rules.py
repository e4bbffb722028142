"""What holds for the groups of a tenant changes while they run."""

import logging

import pytest

from actors.events import Profile
from actors.reasons import CloseCode
from actors.rules import NewTenantRules, OnDuplicate, TenantRules
from tests.broker import ERROR, GROUP_RULES, JOINED, LIST, Broker, relay
from tests.doubles import Venom

ROOMY = TenantRules(100, 100, GROUP_RULES)


def change(broker: Broker, **tenants: TenantRules) -> None:
    broker.directory.tell(NewTenantRules({"": ROOMY, **tenants}))
    broker.run()


def test_a_bound_that_is_lowered_holds_for_who_comes_next_and_puts_nobody_out() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b", tenant="t")
    change(broker, t=TenantRules(1, 2, GROUP_RULES))
    late, elsewhere = broker.connect("t").register("c"), broker.connect("t").register("d", "h")
    assert late.heard() == elsewhere.heard() == [(ERROR, "tenant_full", None)]
    ann.relay("offer", "b")
    assert bob.heard() == [("offer", "a", b"")]
    change(broker, t=ROOMY)
    assert late.register("c").heard() == [(LIST, "a", "b")]


def test_a_group_that_runs_goes_by_the_new_rules_from_there_on() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b", tenant="t")
    change(broker, t=ROOMY._replace(group=GROUP_RULES._replace(peers=2, on_duplicate=OnDuplicate.REJECT)))
    assert broker.connect("t").register("c").heard() == [(ERROR, "group_full", None)]
    assert broker.connect("t").register("a").heard() == [(ERROR, "peer_id_taken", None)]
    assert ann.heard() == bob.heard() == []
    assert broker.metrics.counts["quota_refusals", "peers_per_group"] == broker.metrics["tenant_refusals"] == 1


def test_the_audit_tells_who_was_beyond_which_quota(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "actors.audit")
    broker = Broker(GROUP_RULES._replace(peers=1), peers=2)
    broker.join("a", tenant="t")
    broker.connect("t").register("b")
    broker.join("c", tenant="t", group_id="h")
    broker.connect("t").register("d", "k")
    told = [(line.message, *(line.__dict__[name] for name in ("tenant", "reason", "group", "peer"))) for line in caplog.records]
    assert told == [("over quota", "t", "group_full", "g", "b"), ("over quota", "t", "tenant_full", "k", "d")]


def test_the_rules_of_one_tenant_are_not_those_of_another() -> None:
    broker = Broker()
    (ann,), (bob,) = broker.join("a"), broker.join("a", tenant="t")
    change(broker, t=ROOMY._replace(group=GROUP_RULES._replace(peers=1)))
    assert broker.connect("t").register("b").heard() == [(ERROR, "group_full", None)]
    assert broker.connect().register("b").heard() == [(LIST, "a")]
    assert ann.heard() == [(JOINED, "b")]
    assert bob.heard() == []


def test_nobody_joins_a_group_of_a_tenant_that_is_no_more_and_who_is_in_is_closed() -> None:
    broker = Broker()
    ann, bob = broker.join("a", "b", tenant="t")
    change(broker)
    assert ann.outbox.closed is bob.outbox.closed is CloseCode.NOT_ALLOWED
    assert ann.heard() == bob.heard() == []
    assert broker.connect("t").register("c").heard() == [(ERROR, "not_allowed", None)]
    assert (broker.metrics["groups"], broker.metrics["peers"]) == (0, 0)


def test_whoever_has_the_name_of_a_tenant_next_finds_nobody_whose_place_was_kept() -> None:
    broker = Broker()
    (ann,) = broker.join("a", tenant="t", profile=Profile.V2)
    ann.cut()
    assert broker.metrics["resumable"] == 1
    change(broker)
    assert broker.metrics["resumable"] == broker.metrics["peers"] == broker.metrics["groups"] == 0
    change(broker, t=ROOMY)
    assert broker.connect("t").register("b").heard() == [(LIST,)]


@pytest.mark.parametrize("stays", [True, False])
def test_a_group_that_fails_goes_by_the_newest_rules_and_without_a_tenant_it_is_given_up(stays: bool) -> None:
    broker = Broker()
    (ann,) = broker.join("a", tenant="t")
    tenants = {"t": ROOMY._replace(group=GROUP_RULES._replace(peers=1))} if stays else {}
    ann.peer.tell(relay("offer", Venom(ValueError("poison"))))
    broker.directory.tell(NewTenantRules({"": ROOMY, **tenants}))
    broker.run()
    assert (ann.outbox.closed is None) == stays
    assert broker.connect("t").register("b").heard() == [(ERROR, "group_full" if stays else "not_allowed", None)]
