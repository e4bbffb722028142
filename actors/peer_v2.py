"""PeerV2Actor: a connection of profile v2. Its client is welcomed, knows its own place, and hears of what went well, too.

How it keeps that place over a lost connection is in `actors.resumable`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from actors.events import Ack, AckStatus, Delivered, GoAway, PeerList, Place, Profile, Welcome
from actors.messages import Evicted, Heartbeat, Joined, Leave, Revived
from actors.peer import PeerActor
from actors.peer_rules import PeerRules
from actors.ports import Outbox
from actors.reasons import CloseCode, LeaveReason
from actors.resumable import ResumablePeer
from actors.runtime import BrokerRef, Runtime, handles
from actors.seat import State
from actors.terms import Terms

__all__ = ["PEERS", "PeerV2Actor"]


class PeerV2Actor(ResumablePeer):
    """As its base, and: each message with an `id` is answered, by an error, by an ack, or a register by its list."""

    _acks: ClassVar[bool] = True

    def __init__(self, runtime: Runtime, directory: BrokerRef, outbox: Outbox, terms: Terms, rules: PeerRules) -> None:
        super().__init__(runtime, directory, outbox, terms, rules)
        self._rules = rules
        self._connection_id = terms.connection_id
        self._session = ""

    def on_start(self) -> None:
        """The welcome comes before anything that the client is told."""
        super().on_start()
        liveness = self._rules.liveness
        interval_ms, expire_ms = (round(seconds * 1000) for seconds in (liveness.ping_interval, liveness.expire_after))
        self._client.outbox.send(Welcome(self._connection_id, interval_ms, expire_ms, self._rules.limits))

    def _serve(self, message: Heartbeat | Leave) -> None:
        super()._serve(message)
        if message.id is not None:
            self._client.outbox.send(Ack(message.id, AckStatus.DELIVERED))

    def _list(self, message: Joined | Revived) -> PeerList:
        if isinstance(message, Joined) and message.session is not None:
            self._session = message.session
        own = Place(self._seat.peer_id, self._seat.key.group_id, self._session, message.sequence)
        resumed = isinstance(message, Joined) and message.resumed
        return PeerList(message.peers, own, resumed, self._seat.ice_servers(self._clock.wall()))

    @handles(Delivered)
    def delivered(self, message: Delivered) -> None:
        """A message of this client got through, or waits for a peer that may resume."""
        if self._state is not State.GONE:
            self._client.outbox.send(Ack(message.id, message.status))
            self._check_room()

    @handles(GoAway)
    def told_to_go(self, message: GoAway) -> None:
        """The server goes down: the client hears when it may come back."""
        if self._state is not State.GONE:
            self._runtime.metrics.increment("goaways")
            self._client.outbox.send(message)

    @handles(Evicted)
    def evicted(self, message: Evicted) -> None:
        """The id has a new owner: a v2 client knows that it is not to come back for it, and is closed in any case."""
        mine = message.key == self._seat.key and self._state is State.JOINED
        super().evicted(message)
        if mine and message.reason is LeaveReason.REPLACED:
            self._close(CloseCode.REPLACED, message.reason)


PEERS: Mapping[Profile, type[PeerActor]] = MappingProxyType({Profile.V1: PeerActor, Profile.V2: PeerV2Actor})
"""Who stands for a connection, by its profile."""
