"""What the Directory, the supervisor of all groups, is told, and what a GroupActor that failed leaves behind."""

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from actors.events import Message
from actors.messages import Depart, GroupKey, GroupRef, Join

if TYPE_CHECKING:
    from actors.membership import Member

__all__ = ["ActorFailed", "Drain", "Forward", "GroupEmpty", "Testament", "Vacated"]


class Forward(Message, frozen=True, gc=False):
    """Pass `message` on to the actor of the group `key`. A `Join` starts the group if need be."""

    lifecycle: ClassVar[bool] = True
    key: GroupKey
    message: Join | Depart


class Drain(Message, frozen=True, gc=False):
    """The node is going down: no more joins."""

    lifecycle: ClassVar[bool] = True


class GroupEmpty(Message, frozen=True, gc=False):
    """The group has no members after `joins` joins; the Directory ends it unless more are on their way."""

    lifecycle: ClassVar[bool] = True
    key: GroupKey
    group: GroupRef
    joins: int


class Vacated(Message, frozen=True, gc=False):
    """A place in the group that was asked for is free again: its peer has left, or was refused."""

    lifecycle: ClassVar[bool] = True
    key: GroupKey
    group: GroupRef


class ActorFailed(Message, frozen=True, gc=False):
    """An actor has crashed on `poison` (None when it was no message) and ended. `unread` is what it had not yet handled, oldest first."""

    lifecycle: ClassVar[bool] = True
    actor: GroupRef
    name: str
    error: str
    poison: Message | None
    unread: tuple[Message, ...]
    testament: Any


class Testament(NamedTuple):
    """What a failed GroupActor leaves to its successor: its members in the order of their joins, and the joins that it had not settled."""

    key: GroupKey
    members: tuple["Member", ...] = ()
    unsettled: tuple[Join, ...] = ()
