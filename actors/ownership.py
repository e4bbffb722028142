"""What actors tell each other about who owns a place: challenges (`actors.contest`), and handovers (`actors.resumable`)."""

from typing import ClassVar

from actors.events import Message
from actors.messages import GroupKey, Joined, PeerRef
from actors.reasons import ErrorCode

__all__ = ["Alive", "Challenge", "ChallengeExpired", "Superseded", "WindowOver"]


class Challenge(Message, frozen=True, gc=False):
    """To a PeerActor, from its group: another connection wants its id. Show that you live; `nonce` comes back in `Alive`."""

    lifecycle: ClassVar[bool] = True
    nonce: int


class Alive(Message, frozen=True, gc=False):
    """To a GroupActor: a challenged peer was heard of."""

    lifecycle: ClassVar[bool] = True
    peer: PeerRef
    peer_id: str
    nonce: int


class ChallengeExpired(Message, frozen=True, gc=False):
    """To a GroupActor, from its timer: a challenged peer has had its time."""

    lifecycle: ClassVar[bool] = True
    peer_id: str
    nonce: int


class WindowOver(Message, frozen=True, gc=False):
    """To a PeerActor, from its timer: a client whose connection was lost has had its time to come back."""

    lifecycle: ClassVar[bool] = True


class Superseded(Message, frozen=True, gc=False):
    """To a PeerActor, from its group: another connection has shown its session, and owns its place.

    `heir` is waiting for `joined`, with what was kept for the client in its `queue`.
    """

    lifecycle: ClassVar[bool] = True
    heir: PeerRef
    joined: Joined

    def unhandled(self, key: GroupKey, code: ErrorCode) -> None:
        """Nothing was kept; the heir must not wait."""
        if not self.heir.post(self.joined):
            self.joined.unhandled(key, code)
