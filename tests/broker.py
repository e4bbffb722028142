"""A Broker of real actors on stand-ins, its clients, and how what they hear is written down in a test."""

import enum

from actors.allowance import Rate
from actors.conduct import ConductRules
from actors.directory import Directory
from actors.events import Ack, ErrorEvent, Event, Format, GoAway, Message, PeerJoined, PeerLeft, PeerList, Profile, Relayed, Welcome
from actors.grant import EVERYTHING, Grant
from actors.liveness import LivenessRules
from actors.messages import Heartbeat, Leave, Lost, Pong, Register, Relay
from actors.pairing import HoldRules
from actors.peer_rules import PeerRules
from actors.peer_v2 import PEERS
from actors.ports import Backplane, Witness
from actors.reasons import CloseCode, LeaveReason
from actors.resume import ResumeRules
from actors.rules import GroupRules, OnDuplicate, TenantRules
from actors.runtime import BrokerRef, Runtime
from actors.terms import Terms
from gateway.backplane.memory import MemoryBackplane
from tests.doubles import ManualClock, NotingSupervisor, PlainMetrics, RecordingOutbox, StepScheduler, actor_of

LIVENESS = LivenessRules(ping_interval=25, expire_after=60, close_after=600, register_timeout=10)
CONDUCT = ConductRules(messages=Rate(1000, 10_000), size=Rate(1e6, 1e9), registers=Rate(1000, 1000), errors=100, early=64)
HOLD = HoldRules(messages=64, size=131_072, seconds=1.0)
TENANTS = ("", "t", "acme", "other")
RESUME = ResumeRules(window=30, messages=64, size=65_536)
PEER_RULES = PeerRules(LIVENESS, CONDUCT, HOLD, RESUME)
GROUP_RULES = GroupRules(peers=100, on_duplicate=OnDuplicate.CHALLENGE, challenge_timeout=1)


class Said(enum.Enum):
    """How the events read in a test: `(LIST, "a", "b")`, `(JOINED, "a")`, `(LEFT, "a", "lost")`, `(ERROR, "unknown_peer", "b")`.

    To a v2 client also `(WELCOME,)`, `(ACK, "7", "queued")` and `(GOAWAY, 2000, 1000)`.
    """

    LIST = "peer_list"
    JOINED = "peer_joined"
    LEFT = "peer_left"
    ERROR = "error"
    WELCOME = "welcome"
    ACK = "ack"
    GOAWAY = "goaway"


LIST, JOINED, LEFT, ERROR, WELCOME, ACK, GOAWAY = Said


def read(event: Event) -> tuple[object, ...]:
    """An event as a test writes it down. A relayed one reads `("offer", "a", b"payload")`."""
    match event:
        case PeerList(peers):
            return (LIST, *(peer.id for peer in peers))
        case PeerJoined(peer):
            return (JOINED, peer.id)
        case PeerLeft(peer, reason):
            return (LEFT, peer.id, reason.value)
        case ErrorEvent(code, reference=reference):
            return (ERROR, code.value, reference.target_id)
        case Relayed(kind, source_id, payload=payload):
            return (kind, source_id, payload)
    return _read_v2(event)


def _read_v2(event: Welcome | Ack | GoAway) -> tuple[object, ...]:
    match event:
        case Welcome():
            return (WELCOME,)
        case Ack(id_, status):
            return (ACK, id_, status.value)
        case GoAway(_, deadline_ms, reconnect_after_ms):
            return (GOAWAY, deadline_ms, reconnect_after_ms)


class Caller:
    """A client that says what it is told to. Every method runs the broker until it is idle, unless `later` is set."""

    def __init__(self, broker: "Broker", peer: BrokerRef, outbox: RecordingOutbox) -> None:
        self.broker = broker
        self.peer = peer
        self.outbox = outbox

    def says(self, *messages: Message) -> None:
        """Say all of it in one go."""
        for message in messages:
            self.peer.tell(message)
        self.broker.run()

    def register(self, peer_id: str, group_id: str = "g", *, metadata: bytes | None = None, session: str | None = None) -> "Caller":
        self.says(Register(peer_id, group_id, metadata, session=session))
        return self

    def relay(self, kind: str, to: str | None, payload: bytes = b"", source_id: str | None = None) -> None:
        self.says(relay(kind, to, payload, source_id))

    def leave(self) -> None:
        self.says(Leave())

    def heartbeat(self) -> None:
        self.says(Heartbeat())

    def pong(self) -> None:
        self.says(Pong())

    def lost(self, reason: LeaveReason = LeaveReason.LOST) -> None:
        self.peer.post(Lost(reason))
        self.broker.run()

    def cut(self) -> None:
        """Its connection breaks: nothing can be written any more, and nobody has said goodbye."""
        self.outbox.closed = CloseCode.GOING_AWAY
        self.peer.post(Lost(broken=True))
        self.broker.run()

    def heard(self) -> list[tuple[object, ...]]:
        """What it was told since it was asked last."""
        events, self.outbox.events[:] = list(self.outbox.events), []
        return [read(event) for event in events]

    def told(self) -> list[Event]:
        """As `heard`, in full."""
        events, self.outbox.events[:] = list(self.outbox.events), []
        return events


class Broker:
    """All of the actors, on stand-ins."""

    def __init__(
        self,
        group: GroupRules = GROUP_RULES,
        peer: PeerRules = PEER_RULES,
        *,
        groups: int = 100,
        peers: int = 1000,
        mailbox: int = 4096,
        backplane: Backplane | None = None,
        witness: Witness | None = None,
    ) -> None:
        self.clock = ManualClock()
        self.scheduler = StepScheduler(self.clock)
        self.metrics = PlainMetrics()
        self.memory_is_tight = False
        self.runtime = Runtime(
            self.scheduler, self.clock, self.metrics, mailbox, witness=witness, memory_tight=lambda: self.memory_is_tight
        )
        self.supervisor = NotingSupervisor.start(self.runtime)
        rules = dict.fromkeys(TENANTS, TenantRules(groups, peers, group))
        self.directory = Directory.start(self.runtime, rules, backplane or MemoryBackplane(), self.supervisor)
        self._peer_rules = peer
        self._connections = 0
        self.run()

    def run(self) -> None:
        self.scheduler.run_until_idle()

    def pass_time(self, seconds: float) -> None:
        self.scheduler.advance(seconds)

    def connect(
        self, tenant: str = "", outbox: RecordingOutbox | None = None, profile: Profile = Profile.V1, grant: Grant = EVERYTHING
    ) -> Caller:
        outbox = outbox or RecordingOutbox()
        self._connections += 1
        address = f"192.0.2.{self._connections}:5"
        terms = Terms(tenant, address, profile, f"c{self._connections}", grant)
        peer = PEERS[profile].start(self.runtime, self.directory, outbox, terms, self._peer_rules)
        self.run()
        return Caller(self, peer, outbox)

    def join(self, *peer_ids: str, group_id: str = "g", tenant: str = "", profile: Profile = Profile.V1) -> list[Caller]:
        """Clients that have registered one after the other, and whose first events have been read."""
        callers = [self.connect(tenant, profile=profile).register(peer_id, group_id) for peer_id in peer_ids]
        for caller in callers:
            caller.heard()
        return callers


def relay(kind: str, to: str | None, payload: bytes = b"", source_id: str | None = None, id: str | None = None) -> Relay:  # noqa: A002 - the protocol's name
    return Relay(kind, to, payload, Format.JSON, len(payload), source_id, id)


def group_of(caller: Caller) -> BrokerRef:
    """The group that a registered client speaks to."""
    group: BrokerRef = actor_of(caller.peer)._seat._group  # noqa: SLF001 - no one else has to know it
    return group


def tell_group(caller: Caller, *messages: Message) -> None:
    """Tell the client's group what no client can say."""
    for message in messages:
        group_of(caller).tell(message)
    caller.broker.run()
