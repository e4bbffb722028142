"""Nothing crosses tenants: whatever others do, a client is told, byte for byte, what it would be told if its tenant were alone.

Tenants share group names, peer ids and message types on purpose. Beside the one server that all are on, each tenant has a server of its
own, where its clients do the very same; the two must never differ.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from actors.events import Format, Relayed
from actors.messages import Close, Heartbeat, Leave, Lost, Register
from actors.reasons import CloseCode, ErrorCode, LeaveReason
from actors.rules import NewTenantRules, OnDuplicate, TenantRules
from gateway.wire import encode
from tests.broker import GROUP_RULES, LIST, Broker, Caller, relay

NAMES = ("", "acme", "other")
IDS, GROUPS = st.sampled_from("abc"), st.sampled_from("gh")
KINDS = st.sampled_from(["offer", "answer", "candidate", "message"])
WHO = st.integers(0, 8)


def told(caller: Caller) -> list[bytes]:
    """What a client reads from its connection."""
    return [encode(event, Format.JSON) for event in caller.told()]


def rules(policy: OnDuplicate, peers: int) -> TenantRules:
    return TenantRules(groups=2, peers=peers, group=GROUP_RULES._replace(on_duplicate=policy))


class Tenants(RuleBasedStateMachine):
    """Clients of three tenants on one server, and each of them once more where its tenant is alone."""

    @initialize(policy=st.sampled_from(OnDuplicate))
    def begin(self, policy: OnDuplicate) -> None:
        self.policy = policy
        self.bounds = dict.fromkeys(NAMES, rules(policy, 4))
        self.shared = Broker()
        self.alone = {name: Broker() for name in NAMES}
        self.clients: list[tuple[Caller, Caller]] = []
        self.change_rules(NAMES[0], 4)

    @rule(name=st.sampled_from(NAMES), peers=st.integers(1, 4))
    def change_rules(self, name: str, peers: int) -> None:
        """One tenant has another quota from here on; on the shared server all are told anew."""
        self.bounds[name] = rules(self.policy, peers)
        for broker in (self.shared, *self.alone.values()):
            broker.directory.tell(NewTenantRules(dict(self.bounds)))
            broker.run()

    @precondition(lambda self: len(self.clients) < 9)
    @rule(name=st.sampled_from(NAMES), peer_id=IDS, group_id=GROUPS)
    def connect(self, name: str, peer_id: str, group_id: str) -> None:
        self.clients.append((self.shared.connect(name), self.alone[name].connect(name)))
        self.register(len(self.clients) - 1, peer_id, group_id)

    @precondition(lambda self: self.clients)
    @rule(who=WHO, peer_id=IDS, group_id=GROUPS)
    def register(self, who: int, peer_id: str, group_id: str) -> None:
        for caller in self.client(who):
            caller.says(Register(peer_id, group_id, b'{"name":"%s"}' % peer_id.encode()))

    @precondition(lambda self: self.clients)
    @rule(who=WHO, kind=KINDS, to=IDS, payload=st.sampled_from([b"1", b"2"]))
    def relay(self, who: int, kind: str, to: str, payload: bytes) -> None:
        for caller in self.client(who):
            caller.says(relay(kind, to, payload, id="7"))

    @precondition(lambda self: self.clients)
    @rule(who=WHO)
    def broadcast(self, who: int) -> None:
        for caller in self.client(who):
            caller.says(relay("message", None, b"3"))

    @precondition(lambda self: self.clients)
    @rule(who=WHO, message=st.sampled_from([Leave(), Heartbeat(), Close(CloseCode.KICKED, LeaveReason.KICKED)]))
    def say(self, who: int, message: Leave) -> None:
        for caller in self.client(who):
            caller.says(message)

    @precondition(lambda self: self.clients)
    @rule(who=WHO)
    def go(self, who: int) -> None:
        for caller in self.clients.pop(who % len(self.clients)):
            caller.peer.post(Lost())
            caller.broker.run()

    @rule(seconds=st.sampled_from([0.5, 1.1, 61]))
    def pass_time(self, seconds: float) -> None:
        for broker in (self.shared, *self.alone.values()):
            broker.pass_time(seconds)

    @invariant()
    def nobody_can_tell_that_others_are_there(self) -> None:
        for shared, alone in getattr(self, "clients", []):
            assert told(shared) == told(alone)
            assert (shared.outbox.closed, shared.outbox.pings) == (alone.outbox.closed, alone.outbox.pings)

    def client(self, who: int) -> tuple[Caller, Caller]:
        return self.clients[who % len(self.clients)]


Tenants.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestIsolation = Tenants.TestCase


def test_a_peer_of_another_tenant_is_answered_as_one_that_nobody_is() -> None:
    broker = Broker()
    broker.join("b", tenant="other")
    (ann,) = broker.join("a", tenant="acme")
    for kind in ("offer", "answer", "candidate", "message"):
        ann.says(relay(kind, "b", b"1", id="7"))
        (foreign,) = told(ann)
        assert b'"unknown_peer"' in foreign
        ann.says(relay(kind, "x", b"1", id="7"))
        assert told(ann) == [foreign.replace(b'"target_id":"b"', b'"target_id":"x"')]


def test_a_client_that_claims_the_id_of_another_tenants_peer_gets_its_own() -> None:
    broker = Broker()
    (theirs,), (ours,) = broker.join("a", tenant="acme"), broker.join("a", tenant="other")
    late = broker.connect("other").register("b")
    assert late.heard() == [(LIST, "a")]
    late.relay("offer", "a", b"1")
    assert [event.payload for event in ours.told() if isinstance(event, Relayed)] == [b"1"]
    assert theirs.heard() == []
    assert broker.metrics.counts["errors", ErrorCode.PEER_ID_TAKEN] == 0
