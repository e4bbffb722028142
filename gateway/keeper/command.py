"""The command line of the keeper: `python -m gateway keeper`.

Exit codes: 0 ended in order, 1 the address cannot be had, 2 the command line is wrong.
"""

import argparse
import asyncio
import ipaddress
import logging
import signal
import ssl
from collections.abc import Sequence
from pathlib import Path

from websockets.exceptions import InvalidURI
from websockets.uri import WebSocketURI, parse_uri

from gateway.config import Log
from gateway.keeper.keeper import Keeper, Settings
from gateway.keeper.token_file import TokenFile
from gateway.logs import configure

__all__ = ["main"]

_log = logging.getLogger(__name__)

NO_ADDRESS = 1
_MOST_CONNECTIONS = 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM; `arguments` are those of the process unless given. Returns the exit code."""
    parser = _parser()
    try:
        settings = _settings(parser.parse_args(arguments))
    except ValueError as error:
        parser.error(str(error))
    lines = configure(Log())
    logging.getLogger("websockets").setLevel(logging.WARNING)  # what comes and goes is told by the keeper itself
    try:
        asyncio.run(_run(settings))
    except OSError as error:
        said = "cannot listen on %s:%d: %s; choose another --listen"
        _log.critical(said, settings.host, settings.port, error.strerror or error)
        return NO_ADDRESS
    finally:
        lines.flush()
        lines.close()
    return 0


async def _run(settings: Settings) -> None:
    keeper = Keeper(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, keeper.stop)
    await keeper.run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gateway keeper",
        description="Listen where a PSync daemon looks for a server, and do for it what it cannot: TLS, tokens, reconnects.",
    )
    parser.add_argument("--upstream", metavar="URL", required=True, help="the server, such as wss://signal.example.org/t/acme/ws")
    parser.add_argument("--token-file", metavar="FILE", type=Path, help="the token for the server; read anew for each connection")
    parser.add_argument("--ca", metavar="FILE", type=Path, help="trust the certificates in this PEM file, and not those of the system")
    parser.add_argument("--listen", metavar="HOST:PORT", default="127.0.0.1:8080", help="where to listen (127.0.0.1:8080)")
    parser.add_argument("--remote", action="store_true", help="allow a --listen that is not on loopback: whoever reaches it has the token")
    parser.add_argument("--connections", metavar="N", type=int, default=64, help="local clients at once (64; at most 1000)")
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    """Judge the command line.

    Raises:
        ValueError: it is wrong; the text names the option and the mend.

    """
    upstream = _upstream(options.upstream)
    token = None
    if options.token_file is not None:
        _require_secret_way(upstream)
        token = TokenFile(options.token_file)
    host, port = _address(options.listen, remote=options.remote)
    if not 1 <= options.connections <= _MOST_CONNECTIONS:
        raise ValueError(f"--connections {options.connections}: choose 1 to {_MOST_CONNECTIONS}")
    return Settings(options.upstream, host, port, token, _trust(options.ca, upstream), options.connections)


def _upstream(url: str) -> WebSocketURI:
    try:
        return parse_uri(url)
    except InvalidURI:
        raise ValueError("--upstream: give a ws:// or wss:// address up to and with the path, such as wss://example.org/ws") from None


def _require_secret_way(upstream: WebSocketURI) -> None:
    if not upstream.secure and not _is_loopback(upstream.host):
        raise ValueError(f"--upstream: over ws:// everyone on the way to {upstream.host} can read the token; use wss://")


def _address(listen: str, *, remote: bool) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) >= 2**16:
        raise ValueError(f"--listen {listen}: give HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080")
    if not remote and not _is_loopback(host):
        raise ValueError(
            f"--listen {listen}: {host} is not on loopback, and whoever reaches it has the token; add --remote if that is meant"
        )
    return host, int(port)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _trust(path: Path | None, upstream: WebSocketURI) -> ssl.SSLContext | None:
    if path is None:
        return None
    if not upstream.secure:
        raise ValueError("--ca: there are no certificates over ws://; leave it out, or use wss://")
    try:
        return ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"--ca {path}: {error.strerror or error}") from None
