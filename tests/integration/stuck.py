"""A call that blocks the whole process, as a library does that was never told of gevent."""

from gevent.monkey import get_original

__all__ = ["STALL_SECONDS", "get_stuck"]

STALL_SECONDS = 2.0


def get_stuck() -> None:
    get_original("time", "sleep")(STALL_SECONDS)
