"""coturn, a TURN server: one run of it on loopback, that takes the credentials of whoever knows its secret; ended by its own handle."""

import asyncio
import re
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aioice.ice

from tests.integration.line import PATIENCE
from tests.integration.server import quiet_environ

__all__ = ["Coturn", "relayed_by"]

LOOPBACK = "127.0.0.1"


class Coturn:
    """Listens on `port`, UDP and TCP; its secret is in `secret_file`, for a server.

    It chooses relays on loopback and lets them speak to it, which no other TURN server should.
    """

    def __init__(self, program: Path, folder: Path, secret: str) -> None:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            self.port = int(probe.getsockname()[1])
        self._log = folder / "coturn.log"
        self.secret_file = folder / "secret"
        self.secret_file.write_text(f"{secret}\n")
        own = [f"--static-auth-secret={secret}", f"--pidfile={folder / 'coturn.pid'}", f"--userdb={folder / 'coturn.db'}"]
        flags = ["-n", f"--listening-port={self.port}", f"--listening-ip={LOOPBACK}", f"--relay-ip={LOOPBACK}", "--realm=psync.test"]
        more = [
            "--verbose",
            "--use-auth-secret",
            "--allow-loopback-peers",
            "--no-tls",
            "--no-dtls",
            "--no-cli",
            "--log-file=stdout",
            "--simple-log",
        ]
        with self._log.open("wb") as log:
            command = [str(program), *flags, *own, *more]
            self._process = subprocess.Popen(command, cwd=folder, env=quiet_environ(), stdout=log, stderr=subprocess.STDOUT)
        try:
            self._wait_until_it_listens()
        except BaseException:
            self.stop()
            raise

    @property
    def url(self) -> str:
        return f"turn:{LOOPBACK}:{self.port}?transport=udp"

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def received(self, user: str) -> int:
        """Bytes that it has had from and for a user whose sessions have ended; it tells so a moment after each end."""
        return sum(int(size) for size in re.findall(rf"usage: realm=<[^>]*>, username=<[0-9]+:{user}>, rp=[0-9]+, rb=([0-9]+)", self.log()))

    def stop(self) -> None:
        """Leave nothing behind."""
        self._process.kill()
        self._process.wait(PATIENCE)

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not re.search(r"Total General servers: [1-9]", self.log()):
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.01)  # a file tells nobody that it grows


def relayed_by(servers: Sequence[dict[str, Any]]) -> list[tuple[str, int]]:
    """Where the last of these `RTCIceServer`s relays to, once it was asked for a relay; nowhere when it does not take the credentials."""
    return asyncio.run(_gather(servers[-1]))


async def _gather(server: dict[str, Any]) -> list[tuple[str, int]]:
    host, port = server["urls"][0].removeprefix("turn:").partition("?")[0].split(":")
    connection = aioice.ice.Connection(
        ice_controlling=True, turn_server=(host, int(port)), turn_username=server["username"], turn_password=server["credential"]
    )
    try:
        await connection.gather_candidates()
        return [(candidate.host, candidate.port) for candidate in connection.local_candidates if candidate.type == "relay"]
    finally:
        await connection.close()
