"""Grant: what a token lets its connection do. Pure; time is an argument.

It is decided before the connection exists and holds for as long as it lives: a new token needs a new connection.
"""

import enum
from typing import NamedTuple

__all__ = ["EVERYTHING", "Cap", "Grant"]

_ANY = "*"


class Cap(enum.StrEnum):
    """What a connection may be capable of (`docs/protocol.md`: Authentication and tenants)."""

    RELAY = "relay"
    LIST = "list"
    BROADCAST = "broadcast"


class Grant(NamedTuple):
    """The rights of one connection.

    Attributes:
        groups: the groups that it may join: names, and beginnings of names that end in ``*``.
        peer_id: the one id that it may register, None for any.
        caps: ``relay`` to send offers, answers, candidates and messages to one peer, ``broadcast`` to send a message to the whole group,
            ``list`` to be told who is there.
        expires: when the connection ends, in seconds since the epoch; None for never.

    """

    groups: tuple[str, ...] = (_ANY,)
    peer_id: str | None = None
    caps: frozenset[Cap] = frozenset(Cap)
    expires: float | None = None

    def may_join(self, group_id: str, peer_id: str) -> bool:
        """Whether a register for this id in this group is within the grant."""
        return self.outside(group_id, peer_id) is None

    def outside(self, group_id: str, peer_id: str) -> str | None:
        """The field of a register that is not within the grant, ``group_id`` or ``peer_id``; None when it may join."""
        if not any(_fits(group_id, name) for name in self.groups):
            return "group_id"
        return None if self.peer_id is None or self.peer_id == peer_id else "peer_id"

    def lacks(self, target_id: str | None) -> Cap | None:
        """The capability that a message to `target_id`, None for the whole group, takes and that is not there."""
        needed = Cap.BROADCAST if target_id is None else Cap.RELAY
        return None if needed in self.caps else needed

    @property
    def speaks_freely(self) -> bool:
        """Whether `lacks` never finds anything."""
        return self.caps >= {Cap.RELAY, Cap.BROADCAST}


def _fits(group_id: str, name: str) -> bool:
    return group_id.startswith(name[:-1]) if name.endswith(_ANY) else group_id == name


EVERYTHING = Grant()
"""What a connection has that no token limits."""
