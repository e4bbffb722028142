"""The log: lines on standard error, as JSON or as text; what floods is counted, and nothing that goes wrong here reaches the server.

A line is written where it is logged, by a system call that never waits (`gateway.log_sink`). What the sink does not take at once is
dropped, counted, and told when the sink takes lines again. A greenlet with a queue would lose the last lines of a crash, and be one more
thing to stall. What a line says is in `gateway.log_lines`.
"""

import logging
import math
import os
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from actors.audit import SHARE
from gateway.log_lines import JsonLines, TextLines
from gateway.log_sink import Sink

if TYPE_CHECKING:
    from gevent.hub import Hub

    from gateway.config import Log

__all__ = ["LineHandler", "RateLimited", "configure", "log_greenlet_errors"]

_LINES_PER_SECOND = 20
_TEMPLATES = 1000
_WINDOW_SECONDS = 1.0

_log = logging.getLogger(__name__)


class RateLimited(logging.Filter):
    """Passes a number of lines per second and template; then one line says how many were left out.

    A template is the message before its arguments are put in; without arguments, the place in the code that logs it. Where a record has a
    share (`actors.audit`), so has each template. That line comes with the first record after the second is over, or with `release`.

    Args:
        lines_per_second: lines of one template that pass within a second.
        clock: seconds; never goes back.
        report: takes the record of the line that says how many were left out.
        templates: how many are told apart within a second; all further ones of a level count as one, so that memory is bounded.

    """

    def __init__(
        self, lines_per_second: int, clock: Callable[[], float], report: Callable[[logging.LogRecord], None], templates: int = _TEMPLATES
    ) -> None:
        super().__init__()
        self._lines_per_second = lines_per_second
        self._clock = clock
        self._report = report
        self._templates = templates
        self._windows: dict[object, _Window] = {}  # in the order of their start

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        now = self._clock()
        self._end(now - _WINDOW_SECONDS)
        window = self._window(record, now)
        window.lines += 1
        return window.lines <= self._lines_per_second

    def release(self) -> None:
        """Tell of all that was left out so far, and start anew."""
        self._end(math.inf)

    def _window(self, record: logging.LogRecord, now: float) -> "_Window":
        has_template = record.args and isinstance(record.msg, str)
        place = record.msg if has_template else (record.pathname, record.lineno)
        key: object = (record.name, record.levelno, place, getattr(record, SHARE, None))
        if window := self._windows.get(key):
            return window
        if len(self._windows) < self._templates:
            share: str | None = getattr(record, SHARE, None)
            about = {"like": _like(record)} if share is None else {"like": _like(record), "tenant": share}
            return self._windows.setdefault(key, _Window(now, record, about))
        # One for each level, so that a flood of templates leaves room for an error.
        return self._windows.setdefault(record.levelno, _Window(now, record, {"like": f"more than {self._templates} templates at once"}))

    def _end(self, started: float) -> None:
        """End the windows that began by then, and tell of what they left out."""
        while self._windows:
            key, window = next(iter(self._windows.items()))
            if window.started > started:
                return
            del self._windows[key]
            if window.lines > self._lines_per_second:
                self._report(window.left_out(window.lines - self._lines_per_second))


class _Window:
    """One second of one template. It keeps no record, whose arguments can be anything of any size."""

    __slots__ = ("_about", "_level", "_logger", "lines", "started")

    def __init__(self, started: float, first: logging.LogRecord, about: dict[str, str]) -> None:
        self.started = started
        self.lines = 0
        self._logger, self._level, self._about = first.name, first.levelno, about

    def left_out(self, count: int) -> logging.LogRecord:
        """The line that says how many were left out."""
        return _made(self._logger, self._level, "suppressed %d lines", count, **self._about)


class LineHandler(logging.Handler):
    """Writes records to a sink that never waits. Nothing that goes wrong here reaches whoever logs.

    Attributes:
        lost: lines dropped since the start, because the sink did not take them or they could not be put into words.

    """

    def __init__(
        self,
        sink: Sink,
        lines: logging.Formatter,
        *,
        clock: Callable[[], float] = time.monotonic,
        lines_per_second: int = _LINES_PER_SECOND,
    ) -> None:
        super().__init__()
        self.lost = 0
        self._told = 0
        self._sink = sink
        self._limit = RateLimited(lines_per_second, clock, self.emit)
        self.addFilter(self._limit)
        self.setFormatter(lines)

    def handle(self, record: logging.LogRecord) -> bool:
        """Filter and write.

        The base class holds a lock meanwhile. Under gevent a lock can hand over to the hub, which actors must not do in their turn; nothing
        here hands over, so within the one thread of the server there is nothing to lock.
        """
        kept = bool(self.filter(record))
        if kept:
            self.emit(record)
        return kept

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record, past the filter."""
        if not self._written(record):
            self.lost += 1
        elif self.lost > self._told and self._written(_lines_lost(self.lost - self._told)):
            self._told = self.lost

    def flush(self) -> None:
        """Write what the rate limit has to tell. Called at exit, and by whoever wants to hear it before the next line."""
        self._limit.release()

    def close(self) -> None:
        """Write what the rate limit has to tell and give up the sink; later lines count as lost."""
        self.flush()
        self._sink.close()
        super().close()

    def _written(self, record: logging.LogRecord) -> bool:
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - a value whose own code fails; whoever logs must not fail with it, and the line is counted
            return False
        return self._sink.take(line.encode() + b"\n")


def configure(log: "Log", *, descriptor: int = 2, clock: Callable[[], float] = time.monotonic) -> LineHandler:
    """Send the records of all loggers, ours, gevent's and pykka's, and Python's warnings to `descriptor`; replaces what was set up before.

    Args:
        log: level and format.
        descriptor: where to write; standard error.
        clock: seconds, for the rate limit.

    """
    as_text = log.format == "text" or (log.format == "auto" and os.isatty(descriptor))
    handler = LineHandler(Sink(descriptor), TextLines() if as_text else JsonLines(), clock=clock)
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, LineHandler)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(log.level.upper())
    logging.captureWarnings(capture=True)
    return handler


def log_greenlet_errors(hub: "Hub") -> None:
    """Log what escapes a greenlet or a hub callback, instead of gevent's own print, which waits when standard error is blocked."""

    def print_exception(context: object, t: object, v: object, tb: TracebackType | None) -> None:
        # Of the context only its type: the repr of a greenlet shows its arguments, and those can be a client's payload.
        error = v.with_traceback(tb) if isinstance(v, BaseException) else None
        _log.error("uncaught %s in %s", getattr(t, "__name__", t), type(context).__name__, exc_info=error)

    hub.print_exception = print_exception  # type: ignore[method-assign]  # what gevent calls, found on the instance


def _like(record: logging.LogRecord) -> str:
    return record.msg if isinstance(record.msg, str) else type(record.msg).__name__


def _lines_lost(count: int) -> logging.LogRecord:
    return _made(__name__, logging.WARNING, "%d log lines were lost: they could not be written without waiting", count)


def _made(logger: str, level: int, template: str, count: int, **fields: str) -> logging.LogRecord:
    about = {"name": logger, "levelno": level, "levelname": logging.getLevelName(level)}
    return logging.makeLogRecord({**about, "msg": template, "args": (count,), **fields})
