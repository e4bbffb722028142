"""App: the composition root. Builds every part from the config, starts them in order, stops them in reverse."""

import dataclasses
import logging
import resource
import ssl
from collections.abc import Callable, Collection
from typing import Any, ClassVar, cast

import gevent
from gevent.event import Event
from gevent.ssl import SSLContext

from actors.audit import Audit
from actors.directory import Directory
from actors.events import Profile
from actors.peer_v2 import PEERS
from actors.rules import NewTenantRules
from actors.runtime import BrokerRef, Runtime
from actors.supervision import ActorFailed, Drain
from actors.terms import Terms
from gateway.admission import Admission, Admitted
from gateway.backplane.memory import MemoryBackplane
from gateway.budget import MemoryBudget, allowed_bytes, resident_bytes, slowest
from gateway.candidate_gate import CandidateGate, CandidatePolicy
from gateway.clock import HubClock
from gateway.config import Config, ConfigError, Limits, Problem
from gateway.connection import Connection
from gateway.departure import Departure, spread_for
from gateway.doorkeeper import Doorkeeper
from gateway.frames import FrameLimits
from gateway.line import Decode, Line
from gateway.notify import Notify
from gateway.operator.address import Address
from gateway.operator.autopsy import Autopsy
from gateway.operator.client import Client
from gateway.operator.guard import Guard
from gateway.operator.listener import RULES, OperatorServer
from gateway.operator.metrics import Counts
from gateway.operator.node import Node
from gateway.operator.routes import OperatorRoutes
from gateway.outbox import Encode, Socket
from gateway.pages import demo_pages
from gateway.proxies import Proxies
from gateway.pulse import Alarm, Pulse
from gateway.quota import Quota
from gateway.reload import Reload, Reloaded, put_out
from gateway.routes import Routes
from gateway.rules import admission_rules, capacity_of, door_rules, handshake_rules, tenants_of
from gateway.scheduler import TURN_MESSAGES, HubScheduler
from gateway.shedding import Shedding
from gateway.state import state_of
from gateway.subprotocol import PLAIN, Subprotocol
from gateway.takeover import Takeover
from gateway.tenants import Tenants
from gateway.throttle import Throttle
from gateway.upgrade import UpgradeServer
from gateway.wire import Decoder, WireLimits, encode

__all__ = ["App", "tls_context"]

logger = logging.getLogger("gateway")
audit = Audit("gateway")

DRAIN_MARGIN = 1.0
"""Seconds beyond `limits.close_timeout` that a drain waits at least: the last connection begins to close a little after the drain does."""


class App:
    """A running server. `exit_code` is what its process ends with: 0, or 70 for a fault that nothing here could mend.

    What it serves is the broker, by `codec` and `attend`; another application of the same sockets overrides the two, and `risk`.

    Attributes:
        tenants: those whose clients may connect.

    """

    risk: ClassVar[str] = "can join any group whose name they guess"
    """What anyone can do who reaches it; the end of a sentence."""

    def __init__(
        self,
        config: Config,
        tls: SSLContext | None = None,
        alarm: Alarm | None = None,
        read: Callable[[], Config] | None = None,
        notify: Notify | None = None,
    ) -> None:
        """Build everything. `read` reads the configuration anew, for `reload`; without it that changes nothing."""
        self._config = config
        self._notify = notify or Notify({}, 0)
        self._connections: dict[Connection, Admitted] = {}
        self._departure: Departure | None = None
        self._stop = Event()
        self._empty = Event()
        self.exit_code = 0
        self.metrics = Counts()
        loop = gevent.get_hub().loop
        clock = HubClock()
        self._scheduler = HubScheduler(loop, clock)
        self._pulse = Pulse(loop, clock, alarm, self.metrics)
        self._autopsy = Autopsy(clock.monotonic, self.metrics)
        witness = self._autopsy if config.operator.listen else None
        mailbox, is_tight = config.limits.mailbox, lambda: self._admission.tight
        self._runtime = Runtime(self._scheduler, clock, self.metrics, mailbox, TURN_MESSAGES, witness, is_tight)
        self._line = _line(config, loop, self._scheduler, clock, self.metrics, self.codec(config.limits))
        self.tenants = Tenants(tenants_of(config, self._line_for, Tenants(())))
        self._directory = Directory.start(self._runtime, self.tenants.group_rules(), MemoryBackplane(), cast("BrokerRef", self))
        self.capacity = capacity_of(config.limits, _raise_descriptor_limit())
        doorkeeper = Doorkeeper(self.tenants, door_rules(config), clock, self.metrics)
        self._admission: Admission = Admission(admission_rules(config, self.capacity), doorkeeper.judge, self.metrics)
        self._reload = Reload(config, read or (lambda: config), self._adopt, self.metrics)
        memory = config.limits.memory_bytes or allowed_bytes()
        self._budget = MemoryBudget(memory, self._scheduler.timer, resident_bytes, self._shed, self._admission)
        self._shedding = Shedding(self._scheduler.at_turn_end, self.metrics)
        self._server = UpgradeServer(
            (config.server.host, config.server.port),
            Routes(self.readiness, demo_pages() if config.server.demo else {}),
            admission=self._admission,
            proxies=Proxies(config.server.trusted_proxies, self.metrics, announced=config.server.proxy_protocol),
            accept=self.accept,
            rules=handshake_rules(config, self.capacity),
            metrics=self.metrics,
            tls=tls,
        )
        self.operator = self._operator_server()
        self._takeover = Takeover([self._server, self.operator] if config.server.reuse_port else [])

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, once it has started."""
        return str(self._server.server_host), int(self._server.server_port or 0)

    def start(self) -> None:
        """Listen.

        Raises:
            OSError, UnicodeError: the address cannot be had, or is none.
            CannotListen: so it is with the operator's.

        """
        if self.operator is not None:
            self.operator.start()
        self._server.start()
        self._takeover.begin()
        self._pulse.start()
        self._budget.check()

    def run(self) -> int:
        """Serve until `stop`, then drain. Returns the exit code of the process."""
        self._stop.wait()
        try:
            self._takeover.hand_over()
            self._drain()
        finally:
            self._server.stop(timeout=self._config.limits.close_timeout)
            self._budget.stop()
            self._pulse.stop()
            if self.operator is not None:
                # Last: it tells the state of a drain.
                self.operator.stop(timeout=self._config.limits.close_timeout)
        return self.exit_code

    def stop(self) -> None:
        """Begin to end. May be called before `run`, more than once, and from a signal handler."""
        self._stop.set()

    def accept(self, socket: Socket, data: bytes, admitted: Admitted, subprotocol: Subprotocol = PLAIN) -> None:
        """Take over a socket that was upgraded."""
        connection = Connection(socket, admitted.address, admitted.tenant.line, self._ended, subprotocol)
        peer = self.attend(connection, admitted)
        who = {"address": admitted.address, "connection": connection.id, "peer": admitted.grant.peer_id or ""}
        audit.tell("connection admitted", tenant=admitted.tenant.name, **who)
        self._connections[connection] = admitted
        connection.open(peer, data)
        if self.tenants.find(admitted.tenant.name) is None:
            # Admitted before a reload, and the list of whom to put out was made before it got here.
            put_out([connection])
        if self._departure is not None:
            # Admitted before the drain, and the list of whom to tell was made before it got here.
            self._departure.turn_away(connection)

    def codec(self, limits: Limits) -> tuple[Decode, Encode]:
        """How the contents of frames become messages to the actor of a connection, and its events become contents of frames."""
        wire = WireLimits(
            json_depth=limits.json_depth, elements=limits.elements, id_length=limits.id_length, metadata_bytes=limits.metadata_bytes
        )
        return Decoder(wire).decode, encode

    def attend(self, connection: Connection, admitted: Admitted) -> BrokerRef:
        """Start the actor of a connection."""
        tenant, profile = admitted.tenant, connection.subprotocol.profile
        connection_id = connection.id if profile is Profile.V2 else ""
        terms = Terms(tenant.name, connection.address, profile, connection_id, admitted.grant, tenant.ice)
        return PEERS[profile].start(self._runtime, self._directory, connection.outbox, terms, tenant.peer_rules)

    def _line_for(self, limits: Limits, quota: Quota | None, candidates: CandidatePolicy) -> Line:
        """What the connections of a tenant share (`gateway.rules.LineFor`)."""
        decode = self.codec(limits)[0]
        return dataclasses.replace(
            self._line,
            decode=decode if candidates is CandidatePolicy.ALL else CandidateGate(decode, candidates, self.metrics).decode,
            frames=FrameLimits(message_bytes=limits.message_bytes, fragments=limits.fragments),
            outbox_bytes=limits.outbox_bytes,
            message_timeout=limits.message_timeout,
            quota=quota,
        )

    def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Whether new clients are welcome, and the state in words (`docs/protocol.md`: Endpoints)."""
        draining = self._admission.draining
        return not draining, {"status": "draining" if draining else "accepting", "connections": len(self._connections)}

    def post(self, failure: ActorFailed) -> bool:
        """The Directory has failed: nothing above it can mend that, so the process ends in order and is started anew by what runs it."""
        logger.critical("the directory failed: %s", failure.error)
        self.exit_code = 70  # EX_SOFTWARE
        self.stop()
        return True

    def reload(self) -> Reloaded:
        """Read the configuration anew, and take what may change while the server runs: all of it, or nothing when anything is wrong.

        Open connections go on as they began; those of a tenant that is no more are closed with 4403.
        """
        with self._notify.reloading():
            return self._reload.run()

    def _adopt(self, config: Config) -> None:
        self.tenants.replace(tenants_of(config, self._line_for, self.tenants))
        self._directory.post(NewTenantRules(self.tenants.group_rules()))
        put_out([connection for connection, admitted in self._connections.items() if self.tenants.find(admitted.tenant.name) is None])
        self.metrics.keep("tenant", {tenant.name for tenant in self.tenants})

    def tell_state(self) -> None:
        """Log what there is of everything. At 20,000 connections the hub stands still for it, for some tenths of a second."""
        logger.info("state", extra=state_of(len(self._connections), self.metrics))

    def _operator_server(self) -> OperatorServer | None:
        operator = self._config.operator
        if not operator.listen:
            return None
        node = Node(
            metrics=self.metrics,
            directory=self._directory,
            readiness=self.readiness,
            connections=lambda: [(each.peer, each.outbox) for each in self._connections if each.peer is not None],
            waiting_actors=self._scheduler.waiting,
            connections_limit=self.capacity.connections,
            memory_tight=lambda: self._admission.tight,
            tenants=lambda: {tenant.name: self._admission.open_of(tenant.name) for tenant in self.tenants},
            clients=self._clients,
            autopsy=self._autopsy,
            monotonic=self._runtime.clock.monotonic,
            stop=self.stop,
            reload=self.reload,
        )
        address = Address.read(operator.listen)
        # With a throttle of its own: clients that guess must not keep an operator out.
        throttle = Throttle(door_rules(self._config).failures, self.metrics)
        guard = Guard(address, operator.token, throttle, self._runtime.clock)
        return OperatorServer(address, OperatorRoutes(node, guard), self.metrics, RULES._replace(reuse_port=self._config.server.reuse_port))

    def _clients(self, peers: Collection[BrokerRef]) -> dict[BrokerRef, Client]:
        return {each.peer: Client.of(each) for each in self._connections if each.peer is not None and each.peer in peers}

    def _shed(self, excess: int) -> None:
        """Close those for whom most waits, about `excess` bytes together, unless the last that were chosen are still being closed."""
        if not self._shedding.under_way:
            self._shedding.begin(slowest([connection.outbox for connection in self._connections], excess))

    def _ended(self, connection: Connection) -> None:
        self._admission.release(self._connections.pop(connection))
        if not self._connections and self._admission.draining:
            self._empty.set()

    def _drain(self) -> None:
        """Every socket gets a close code. Bounded by `drain.timeout`, but not to less than the close handshakes take."""
        logger.info("draining", extra={"connections": len(self._connections)})
        self._notify.stopping(f"draining {len(self._connections)} connections")
        self._admission.drain()
        self._directory.post(Drain())
        drain, ending = self._config.drain, self._config.limits.close_timeout + DRAIN_MARGIN
        clock, begun = self._runtime.clock, self._runtime.clock.monotonic()
        longest = max(0.0, drain.timeout - ending)
        spread = spread_for(len(self._connections), drain.reconnect_spread)
        self._departure = Departure(self._connections, self._empty, clock, spread=spread, longest=longest)
        self._departure.run()
        left = max(drain.timeout - (clock.monotonic() - begun), ending)
        if self._connections and not self._empty.wait(left):
            logger.warning("drain.timeout is over; the rest are cut", extra={"connections": len(self._connections)})
            for connection in list(self._connections):
                connection.end()
        logger.info("drained")


def _raise_descriptor_limit() -> int:
    """Take as many descriptors as the system lets this process have; returns how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def tls_context(config: Config) -> SSLContext | None:
    """What `[server.tls]` asks for: TLS 1.2 and later, no renegotiation, which would have a write wait for a read.

    Raises:
        ConfigError: its files are not a certificate and the key to it.

    """
    tls = config.server.tls
    if tls is None:
        return None
    context = SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        # Without the callback an encrypted key would have OpenSSL ask on the terminal.
        context.load_cert_chain(tls.cert, tls.key, password=lambda: "")
    except OSError as error:  # SSLError is one
        what = f"no certificate with its key: {getattr(error, 'reason', None) or error}"
        mend = "Name a PEM certificate and the PEM key that belongs to it, not encrypted."
        raise ConfigError([Problem("server.tls", f"{tls.cert}, {tls.key}", what, mend)]) from None
    return context


def _line(
    config: Config,
    loop: Any,  # noqa: ANN401 - gevent publishes no type for its loops
    scheduler: HubScheduler,
    clock: HubClock,
    metrics: Counts,
    codec: tuple[Decode, Encode],
) -> Line:
    limits = config.limits
    return Line(
        loop=loop,
        scheduler=scheduler,
        clock=clock,
        metrics=metrics,
        decode=codec[0],
        encode=codec[1],
        frames=FrameLimits(message_bytes=limits.message_bytes, fragments=limits.fragments),
        outbox_bytes=limits.outbox_bytes,
        message_timeout=limits.message_timeout,
        close_timeout=limits.close_timeout,
    )
