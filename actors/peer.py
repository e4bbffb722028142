"""PeerActor: one connection's life, from the accept to the last byte. Its states are drawn in `actors.seat`.

What its client says is handled in `actors.speaker`; here is what the client is told, and what becomes of its place in the group.
"""

from actors.events import PeerJoined, PeerLeft, PeerList, Reference, Relayed, Undeliverable
from actors.messages import (
    Departed,
    Evicted,
    GroupLost,
    HoldExpired,
    Joined,
    JoinRefused,
    Restored,
    Revived,
)
from actors.ownership import Challenge
from actors.reasons import CloseCode, ErrorCode, LeaveReason
from actors.runtime import handles
from actors.seat import State
from actors.speaker import Speaker

__all__ = ["PeerActor"]

# To look a member up in its enum costs 0.1 us in Python 3.11, five times in each relay.
_NEW, _JOINING, _JOINED, _LEAVING, _GONE = State


class PeerActor(Speaker):
    """Stands between one client and its group. This one speaks v1; `actors.peer_v2` has the other."""

    @handles(Relayed)
    def deliver(self, message: Relayed) -> None:
        """Another peer's message for this client; at once, or behind the answer that it must not overtake."""
        if self._state is _JOINED:
            self._delivery.deliver(message)
        else:
            message.target_gone()

    @handles(HoldExpired)
    def hold_expired(self, _message: HoldExpired) -> None:
        """No answer came in time: let the candidates pass."""
        if self._state is _JOINED:
            self._delivery.expire(self._clock.monotonic())

    @handles(Joined)
    def joined(self, message: Joined) -> None:
        """The client's list: its first frame after a register."""
        if message.key != self._seat.key or self._state in (_NEW, _GONE):
            return
        self._client.outbox.send(self._list(message))
        if self._state is _JOINING:
            self._state = _JOINED
            self._seat.take(message.group, message.key)
            self._watch.joined()
            self._catch_up()

    @handles(Revived)
    def revived(self, message: Revived) -> None:
        """The client was away and is back: it knows nothing of who came and went meanwhile."""
        if message.key == self._seat.key and self._state is _JOINED:
            self._delivery.give_back()
            self._client.outbox.send(self._list(message))

    def _list(self, message: Joined | Revived) -> PeerList:
        return PeerList(message.peers, ice_servers=self._seat.ice_servers(self._clock.wall()))

    @handles(JoinRefused)
    def join_refused(self, message: JoinRefused) -> None:
        """The client stays unregistered. It is JOINED already when the group's actor failed in the middle of letting it in."""
        if message.key == self._seat.key and self._state in (_JOINING, _JOINED):
            self._client.error(message.code, message.reference)
            self._delivery.give_back()
            self._state = _NEW
            self._catch_up()

    @handles(PeerJoined, PeerLeft)
    def told(self, message: PeerJoined | PeerLeft) -> None:
        """Someone came or went. What was held for one that went is handed over first: nothing of it may come after."""
        if self._state is _JOINED:
            if isinstance(message, PeerLeft):
                self._delivery.left(message.peer.id)
            self._client.outbox.send(message)

    @handles(Undeliverable)
    def undeliverable(self, message: Undeliverable) -> None:
        """A message of this client did not get through."""
        if self._state is not _GONE:
            self._delivery.failed(message)

    @handles(Departed)
    def departed(self, message: Departed) -> None:
        """The old group is done with this peer: go on with what the client asked for since."""
        if message.key == self._seat.key and self._state is _LEAVING:
            self._state = _NEW
            register, self._next = self._next, None
            if register is None:
                self._catch_up()
            else:
                self._state = _JOINING
                self._seat.ask(register)

    @handles(Challenge)
    def challenged(self, message: Challenge) -> None:
        """Someone else wants this id: ask the client for a sign of life."""
        if self._state is _JOINED:
            self._watch.challenge(message.nonce)

    @handles(Evicted)
    def evicted(self, message: Evicted) -> None:
        """The id has a new owner. A ghost is closed; a v1 client that was replaced stays open: closing would make a live namesake deaf."""
        if message.key != self._seat.key or self._state is not _JOINED:
            return
        self._delivery.give_back()
        self._state = _NEW
        if message.reason is LeaveReason.REPLACED:
            self._client.error(ErrorCode.REPLACED, Reference())
        else:
            self._close(CloseCode.REPLACED, message.reason, "no answer to a ping, and another connection has this peer_id")

    @handles(Restored)
    def restored(self, message: Restored) -> None:
        """The group has a new actor, and this peer its old place in it."""
        if message.key == self._seat.key and self._state is _JOINED:
            self._seat.take(message.group, message.key)
            self._watch.restored()
            self._client.error(ErrorCode.INTERNAL, Reference(), "the group was restarted; a message sent just now may be lost")

    @handles(GroupLost)
    def group_lost(self, message: GroupLost) -> None:
        """The group is beyond help."""
        if message.key == self._seat.key and self._state is _JOINED:
            self._close(CloseCode.SERVER_FAULT, LeaveReason.LOST)
