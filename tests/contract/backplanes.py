"""The backplanes that have to pass the contract: one line for each."""

from collections.abc import Callable

from actors.ports import Backplane
from gateway.backplane.memory import MemoryBackplane

__all__ = ["BACKPLANES"]

BACKPLANES: dict[str, Callable[[], Backplane]] = {"memory": MemoryBackplane}
