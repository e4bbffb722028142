"""What holds for the groups of each tenant, and the messages that change it while they run."""

import enum
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

from actors.events import Message

__all__ = ["GroupRules", "NewGroupRules", "NewTenantRules", "OnDuplicate", "TenantRules"]


class OnDuplicate(enum.StrEnum):
    """What happens when a second connection registers an id that has an owner (`docs/protocol.md`: The same peer id again)."""

    CHALLENGE = "challenge"
    NEWEST = "newest"
    REJECT = "reject"


class GroupRules(NamedTuple):
    """`peers` bounds the members of a group; `challenge_timeout` is in seconds."""

    peers: int
    on_duplicate: OnDuplicate
    challenge_timeout: float


class TenantRules(NamedTuple):
    """`groups` bounds a tenant's groups, `peers` the peers in all of them; `group` holds for each."""

    groups: int
    peers: int
    group: GroupRules


class NewTenantRules(Message, frozen=True, gc=False):
    """To the Directory: all tenants that there are from here on, by name, and what holds for each."""

    lifecycle: ClassVar[bool] = True
    tenants: Mapping[str, TenantRules]


class NewGroupRules(Message, frozen=True, gc=False):
    """To a GroupActor: what holds from here on. Nobody who is in has to leave: a bound that was lowered holds for whoever comes next."""

    lifecycle: ClassVar[bool] = True
    rules: GroupRules
