"""MemoryBackplane: groups that live in this process alone."""

from actors.messages import GroupKey, GroupRef
from actors.reasons import GroupConflict

__all__ = ["MemoryBackplane"]


class MemoryBackplane:
    """The total order of joins as one counter for the process (`actors.ports.Backplane`)."""

    def __init__(self) -> None:
        self._owners: dict[GroupKey, GroupRef] = {}
        # Of each group its own: a v2 client is told its place, and has no business with how many join elsewhere.
        self._places: dict[GroupKey, int] = {}

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
            self._places.pop(key, None)

    def place(self, key: GroupKey) -> int:
        """The next place in the group, from 1 on."""
        place = self._places[key] = self._places.get(key, 0) + 1
        return place
