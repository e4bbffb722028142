"""Reload: the configuration is read anew while the server runs. All of what is new is taken, or, when anything in it is wrong, nothing."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import gevent
from gevent.lock import BoundedSemaphore

from actors.directory import TENANT_GONE
from actors.ports import Metrics
from gateway.config import Config, ConfigError, keys_of
from gateway.config_tenants import NODE_WIDE
from gateway.connection import Connection
from gateway.departure import dismiss

__all__ = ["BATCH", "Reload", "Reloaded", "put_out"]

logger = logging.getLogger("gateway.reload")

BATCH = 100
"""Connections closed in one go; then the hub has its turn, so that the close frames are written as they are made."""

_SECTIONS = frozenset({"group", "heartbeat", "ice"})
_KEYS = frozenset({"log.level", "server.allowed_origins", "server.tenants_dir", "limits.register_timeout"})


class Reloaded(NamedTuple):
    """What a reload has come to.

    Attributes:
        outcome: ``done`` or ``refused``; the label of the metric.
        problems: why it was refused, each with its key and its source.
        restart: keys that were changed and keep their old values until the server is started anew.
        added: tenants that are new.
        changed: tenants of which anything is new.
        removed: tenants that are no more; their connections are closed with 4403.

    """

    outcome: str
    problems: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Reload:
    """One at a time. `read` reads the configuration as at the start; `adopt` takes it, and returns once those are closed who have to go.

    `adopt` takes all of it, or raises ConfigError: a file that was good when it was judged may have changed since.
    """

    def __init__(self, started: Config, read: Callable[[], Config], adopt: Callable[[Config], None], metrics: Metrics) -> None:
        self._started = started
        self._current = started
        self._read = read
        self._adopt = adopt
        self._metrics = metrics
        self._lock = BoundedSemaphore(1)

    def run(self) -> Reloaded:
        """Read, judge, and take what is new. A greenlet's work: others are served while the files are read."""
        with self._lock:
            done = self._take()
        self._metrics.increment("reloads", done.outcome)
        return done

    def _take(self) -> Reloaded:
        # In a thread: a thousand tenants take a second to read, and a disk may be slow.
        config: Config | ConfigError = gevent.get_hub().threadpool.apply(self._judged)
        if isinstance(config, ConfigError):
            return _refused(config)
        try:
            self._adopt(config)
        except ConfigError as error:  # a file with a key has changed since it was judged
            return _refused(error)
        before, self._current = self._current.tenants, config
        done = Reloaded("done", (), tuple(_frozen(self._started, config)), *_compared(before, config.tenants))
        logging.getLogger().setLevel(config.log.level.upper())
        for key in done.restart:
            logger.warning("%s needs a restart; until then it has its old value", key)
        logger.info("reloaded", extra={name: ", ".join(getattr(done, name)) for name in ("added", "changed", "removed")})
        return done

    def _judged(self) -> Config | ConfigError:
        """What was read; an error is returned, for gevent logs what is raised in its threads as a fault of ours."""
        try:
            return self._read()
        except ConfigError as error:
            return error


def _refused(error: ConfigError) -> Reloaded:
    for problem in error.problems:
        logger.error("reload refused: %s", problem)
    return Reloaded("refused", tuple(map(str, error.problems)))


def _frozen(started: Config, config: Config) -> Iterator[str]:
    """The keys that were changed and are not reloaded."""
    for key in keys_of(Config):
        section, name = key.path[0], key.path[-1]
        is_reloaded = section in _SECTIONS or key.name in _KEYS or (section == "limits" and name not in NODE_WIDE)
        if not is_reloaded and _value(started, key.path) != _value(config, key.path):
            yield key.name


def _value(config: Config, path: tuple[str, ...]) -> object:
    """A value of a config; None in a section that is not there."""
    value: object = config
    for name in path:
        value = getattr(value, name, None)
    return value


def _compared(before: Mapping[str, object], now: Mapping[str, object]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The names that are new, those of which the value is new, and those that are gone."""
    added = tuple(name for name in now if name not in before)
    changed = tuple(name for name in now if name in before and now[name] != before[name])
    return added, changed, tuple(name for name in before if name not in now)


def put_out(gone: Iterable[Connection]) -> None:
    """Close the connections of tenants that are no more. The others of their groups go, too, and are told nothing."""
    for number, connection in enumerate(gone, 1):
        dismiss(connection, TENANT_GONE)
        if number % BATCH == 0:
            gevent.sleep(0)
