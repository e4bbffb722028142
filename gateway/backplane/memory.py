"""MemoryBackplane: groups that live in this process alone."""

from actors.messages import GroupKey, GroupRef
from actors.reasons import GroupConflict

__all__ = ["MemoryBackplane"]


class MemoryBackplane:
    """The total order of joins as one counter for the process (`actors.ports.Backplane`)."""

    def __init__(self) -> None:
        self._owners: dict[GroupKey, GroupRef] = {}
        self._places = 0

    def attach(self, key: GroupKey, group: GroupRef) -> None:
        """Make `group` the one owner of `key`. Raises GroupConflict when a living actor owns it."""
        owner = self._owners.get(key)
        if owner is not None and owner is not group and owner.is_alive():
            raise GroupConflict(key)
        self._owners[key] = group

    def detach(self, key: GroupKey, group: GroupRef) -> None:
        """Give `key` up."""
        if self._owners.get(key) is group:
            del self._owners[key]

    def place(self, key: GroupKey) -> int:  # noqa: ARG002 - one counter does for every group, see below
        """The next place. One counter serves all groups: places only have to grow within a group."""
        self._places += 1
        return self._places
