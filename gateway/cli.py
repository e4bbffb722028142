"""The command line: serve (the default), check-config, show-config, keys, token, explain, bench, conformance, keeper; echo, for tests.

Exit codes: 0 done or drained, 1 the address cannot be had, 2 the configuration or the command line is wrong, 70 a fault in the server,
130 ended at once by a second signal.
"""

import argparse
import logging
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

import gevent
from gevent.ssl import SSLContext

from gateway import cli_explain, cli_keys, cli_token
from gateway.app import App, tls_context
from gateway.config import Config, ConfigError, is_open_on_network, load, render
from gateway.echo import EchoApp, EchoConfig
from gateway.logs import configure, log_greenlet_errors
from gateway.notify import Notify
from gateway.operator.listener import CannotListen
from gateway.pulse import SignalAlarm

__all__ = ["main"]

logger = logging.getLogger("gateway")

NO_ADDRESS, WRONG_CONFIG, FAULT = 1, 2, 70
_READ = 1  # libev: EV_READ
_CLIENTS = ("bench", "conformance", "keeper")  # commands that are clients of a server, each a package
_COMMANDS = {"explain": cli_explain.main, "keys": cli_keys.main, "token": cli_token.main}
ENDED_AT_ONCE = 130
"""Exit code after a second signal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; `arguments` are those of the process unless given. Returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] in _CLIENTS:
        # In place of this process, and so without gevent: what patches a server's sockets would slow down those that load it.
        os.execv(sys.executable, [sys.executable, "-m", f"gateway.{words[0]}", *words[1:]])  # noqa: S606 - this very Python, and no shell
    if words and words[0] in _COMMANDS:
        return _COMMANDS[words[0]](words[1:])
    options = _parser().parse_args(words)
    echoes = options.command == "echo"
    read = partial(load, options.config, os.environ, _overrides(options), EchoConfig if echoes else Config)
    try:
        config = read()
        tls = None if options.command == "show-config" else tls_context(config)
    except ConfigError as error:
        print(error, file=sys.stderr)  # noqa: T201 - there is no log before there is a config
        return WRONG_CONFIG
    if options.command == "check-config":
        print(f"{options.config or 'the defaults'}: good")  # noqa: T201 - what the command is for
        return 0
    if options.command == "show-config":
        print(render(config), end="")  # noqa: T201 - what the command is for
        return 0
    return _serve(EchoApp if echoes else App, config, tls, read)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gateway",
        description="A signaling broker for peer-to-peer applications.",
        epilog="More commands, each with its own --help: `keys new` makes a key that tokens are signed with, `token` signs one; `explain` "
        "tells what passed between two peers; `bench` loads a server and tells what it costs; `conformance` plays the contract against "
        "any server and tells what it keeps of it; `keeper` stands between a PSync daemon and a server that it cannot reach.",
    )
    commands = ("serve", "check-config", "show-config", "echo")
    what = (
        "serve the broker (the default); check-config, show-config: judge or print what it would serve with; "
        "echo: for development, send every WebSocket message back to whoever sent it"
    )
    parser.add_argument("command", nargs="?", choices=commands, default="serve", help=what)
    parser.add_argument("--config", metavar="FILE", help="a TOML file; without one the defaults hold")
    parser.add_argument("--set", metavar="SECTION.KEY=VALUE", type=_pair, action="append", default=[], help="override one key; repeatable")
    parser.add_argument("--host", help="short for --set server.host=HOST")
    parser.add_argument("--port", help="short for --set server.port=PORT")
    return parser


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not SECTION.KEY=VALUE, such as limits.errors=50")
    return key.strip(), value.strip()


def _overrides(options: argparse.Namespace) -> dict[str, str]:
    overrides = dict(options.set)
    for name in ("host", "port"):
        value = getattr(options, name)
        if value is not None:
            overrides[f"server.{name}"] = value
    return overrides


def _serve(app: type[App], config: Config, tls: SSLContext | None, read: Callable[[], Config]) -> int:
    lines = configure(config.log)
    log_greenlet_errors(gevent.get_hub())
    alarm, notify = SignalAlarm(), Notify(os.environ, os.getpid())
    try:
        return _run(app(config, tls, alarm, read, notify), config, notify)
    except Exception:
        logger.critical("the server failed", exc_info=True)
        return FAULT
    finally:
        notify.close()
        alarm.restore()
        lines.flush()
        lines.close()


def _run(app: App, config: Config, notify: Notify) -> int:
    stopper = _Stopper(app)
    for number in (signal.SIGTERM, signal.SIGINT):
        # Python's own and not gevent's, which waits for its turn in the hub: the second signal must end a server whose hub is stuck, too.
        signal.signal(number, stopper)
    # gevent's: the state is told in a turn of the hub, not in the midst of one.
    gevent.signal_handler(signal.SIGUSR1, app.tell_state)
    gevent.signal_handler(signal.SIGHUP, app.reload)
    with _woken_by_signals(gevent.get_hub().loop):
        return _listen(app, config, notify)


@contextmanager
def _woken_by_signals(loop: Any) -> Iterator[None]:  # noqa: ANN401 - gevent publishes no type for its loops
    """Let a signal end the hub's wait for events.

    The hub looks for signals before it waits. One that comes between the two (1 of 20,000, tried) would be seen only after the next event,
    and without clients there is none.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    watcher = loop.io(reader, _READ)
    watcher.start(lambda: os.read(reader, select.PIPE_BUF))
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        watcher.close()
        os.close(reader)
        os.close(writer)


def _listen(app: App, config: Config, notify: Notify) -> int:
    try:
        app.start()
    except CannotListen as error:
        logger.critical("%s", error)
        return NO_ADDRESS
    except (OSError, UnicodeError) as error:  # UnicodeError: a host that has no form in the DNS
        why = getattr(error, "strerror", None) or error
        said = "cannot listen on %s:%d: %s; choose another server.host or server.port"
        logger.critical(said, config.server.host, config.server.port, why)
        return NO_ADDRESS
    notify.start(gevent.get_hub().loop, _announce(config, app))
    return app.run()


def _announce(config: Config, app: App) -> str:
    """Tell the log where it listens; returns the same in one sentence."""
    host, port = app.address
    shown = f"[{host}]" if ":" in host else host
    scheme = "wss" if config.server.tls else "ws"
    if is_open_on_network(config):
        logger.warning(
            "OPEN TO EVERYONE: %s is not a loopback address and no client has to prove who it is. Anyone who reaches it %s",
            shown,
            app.risk,
        )
    if app.operator is not None:
        logger.info("operators are served on http://%s", app.operator.bound)
    if config.server.demo:
        logger.info("the demo is at %s://%s:%d/demo", scheme.replace("ws", "http"), shown, port)
    says = f"listening on {scheme}://{shown}:{port}/ws"
    logger.info("%s", says, extra={"connections": app.capacity.connections})
    return says


class _Stopper:
    """The first signal drains, the second ends at once."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._asked = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self._asked:
            os._exit(ENDED_AT_ONCE)
        self._asked = True
        self._app.stop()
