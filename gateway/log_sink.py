"""A descriptor that takes bytes at once or not at all: what log lines are written to.

The descriptor's own blocking mode is left alone. O_NONBLOCK belongs to the open file, which standard error shares with the shell, with the
other programs of a pipeline and often with standard output; they would all get errors where they expect to wait. Instead:

- a pipe, a terminal or another character device is opened once more, non-blocking, through /proc/self/fd, which gives a mode of our own;
- a socket (the journal of systemd), which cannot be opened again, is sent to with MSG_DONTWAIT;
- where the second opening fails (no /proc, a terminal that belongs to another user), writability is asked for first;
- a regular file is written to as it is: there is no such thing as a full one, and an error is an error at once.
"""

import _socket  # gevent's socket class would set the non-blocking mode that is to be left alone
import os
import select
import stat
from collections.abc import Callable

from gevent.monkey import get_original

__all__ = ["Sink"]

_AGAIN = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Sink:
    """Takes whole lines, in order. A line of which a part was taken is finished before the next one, so that lines never mix."""

    def __init__(self, descriptor: int) -> None:
        self._give_back: Callable[[], None] = _nothing
        self._write = self._writer(descriptor)
        self._rest = b""

    def take(self, line: bytes) -> bool:
        """Write `line` now, as far as that goes without waiting. False: it is dropped, nothing of it was or will be written."""
        self._rest = self._push(self._rest)
        if self._rest:
            return False
        rest = self._push(line)
        if len(rest) == len(line):
            return False
        self._rest = rest
        return True

    def close(self) -> None:
        """Give back what was opened here; the descriptor itself stays open, for it is its owner's."""
        self._write = _refuse
        self._give_back()
        self._give_back = _nothing

    def _push(self, data: bytes) -> bytes:
        """Write what is taken at once; the rest comes back."""
        while data:
            try:
                taken = self._write(data)
            except OSError:  # full, closed by its reader, out of space: the answer is the same, and the caller counts it
                break
            if not taken:
                break
            data = data[taken:]
        return data

    def _writer(self, descriptor: int) -> Callable[[bytes], int]:
        try:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISSOCK(mode):
                return self._socket_writer(descriptor)
            if stat.S_ISREG(mode):
                return lambda data: os.write(descriptor, data)
            own = os.open(f"/proc/self/fd/{descriptor}", _AGAIN)
        except OSError:
            return _asking_writer(descriptor)
        self._give_back = lambda: os.close(own)
        return lambda data: os.write(own, data)

    def _socket_writer(self, descriptor: int) -> Callable[[bytes], int]:
        own = _socket.socket(fileno=os.dup(descriptor))
        self._give_back = own.close
        return lambda data: own.send(data, _socket.MSG_DONTWAIT)


def _asking_writer(descriptor: int) -> Callable[[bytes], int]:
    """Write no more than a pipe takes whole (PIPE_BUF) and only when it can be written to: blocks only if another writer is faster."""
    poll = get_original("select", "poll")()  # gevent's would hand over to the hub, which must not happen while a line is logged
    poll.register(descriptor, select.POLLOUT)
    return lambda data: os.write(descriptor, data[: select.PIPE_BUF]) if poll.poll(0) else 0


def _refuse(_data: bytes) -> int:
    return 0


def _nothing() -> None:
    """There is nothing to give back."""
