"""The proxies of conf/deploy in front of a server: each one run of the real program with its file, ended by its own handle."""

import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from tests.deploy.files import free_ports, substituted
from tests.integration.certificate import Certificate
from tests.integration.client import Client
from tests.integration.line import PATIENCE, Line
from tests.integration.server import quiet_environ
from tests.parts import require_part

__all__ = ["FRONTS", "Front"]

SomeClient = TypeVar("SomeClient", bound=Client)

CERT, KEY = "/etc/psync-signal/fullchain.pem", "/etc/psync-signal/privkey.pem"

NGINX = """\
daemon off;
pid {folder}/nginx.pid;
events {{ worker_connections 64; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/nginx.conf;
}}
"""
"""What Debian's /etc/nginx/nginx.conf is to the file."""


class Front:
    """A proxy that listens on `port` and passes on to the server on `behind`. `scaled` shortens its times, for those who wait for them."""

    def __init__(self, name: str, folder: Path, certificate: Certificate, behind: int, scaled: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.port, *spare = free_ports(3)
        self._tls = certificate.trust()
        self._folder = folder
        self._lines: list[Line] = []
        cert, key = (Path(str(certificate.settings[f"server.tls.{part}"])) for part in ("cert", "key"))
        changes = {"127.0.0.1:8080": f"127.0.0.1:{behind}", **(scaled or {})}
        command = FRONTS[name](folder, self.port, spare, (cert, key), changes)
        self._log = folder / "front.log"
        environ = quiet_environ(HOME=str(folder), XDG_DATA_HOME=str(folder), XDG_CONFIG_HOME=str(folder))
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, env=environ, stdout=log, stderr=subprocess.STDOUT)
        try:
            self._wait_until_it_listens()
        except BaseException:
            self.stop()
            raise

    def line(self, source: str) -> Line:
        """A bare connection through it, from an address of this machine."""
        self._lines.append(Line(("127.0.0.1", self.port), self._tls, source=source))
        return self._lines[-1]

    def connect(self, kind: Callable[[Line, str], SomeClient], source: str) -> SomeClient:
        """A client that has shaken hands through it."""
        return kind(self.line(source), f"wss://127.0.0.1:{self.port}/ws")

    def log(self) -> str:
        """What it has written, its log of requests too."""
        return "".join(path.read_text() for path in self._folder.glob("*.log"))

    def stop(self) -> None:
        """Let the clients go in order, and end once the server has let go of them, too; leave nothing behind."""
        while self._lines:
            line = self._lines.pop()
            with suppress(OSError):  # one that the server or the proxy has ended
                line.finish()
                while line.receive():
                    pass
            line.close()
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        finally:
            self._process.kill()
            self._process.wait(PATIENCE)

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()
            except ConnectionRefusedError:
                assert self._process.poll() is None, self.log()
                assert time.monotonic() < deadline, self.log()
                time.sleep(0.02)  # nothing tells of a socket that does not listen yet
            else:
                return


Files = tuple[Path, Path]


def _nginx(folder: Path, port: int, _spare: list[int], files: Files, changes: dict[str, str]) -> list[str]:
    cert, key = files
    ends = {"listen 443": f"listen 127.0.0.1:{port}", CERT: str(cert), KEY: str(key), "/var/log/nginx": str(folder)}
    (folder / "nginx.conf").write_text(substituted("nginx.conf", {**changes, **ends}))
    (folder / "main.conf").write_text(NGINX.format(folder=folder))
    return [str(require_part("nginx")), "-p", str(folder), "-e", "stderr", "-c", str(folder / "main.conf")]


def _haproxy(folder: Path, port: int, _spare: list[int], files: Files, changes: dict[str, str]) -> list[str]:
    both = folder / "both.pem"
    both.write_text("".join(path.read_text() for path in files))
    # A machine that runs tests may have too few open files for the bound that is there.
    ends = {"bind :443": f"bind 127.0.0.1:{port}", "/etc/haproxy/psync-signal.pem": str(both), "maxconn 25000": "maxconn 100"}
    (folder / "haproxy.cfg").write_text(substituted("haproxy.cfg", {**changes, **ends}))
    return [str(require_part("haproxy")), "-db", "-f", str(folder / "haproxy.cfg")]


def _caddy(folder: Path, port: int, spare: list[int], files: Files, changes: dict[str, str]) -> list[str]:
    cert, key = files
    ports = {"http_port 80": f"http_port {spare[0]}", "https_port 443": f"https_port {port}", "localhost:2019": f"localhost:{spare[1]}"}
    ends = {CERT: str(cert), KEY: str(key), "signal.example.org": "127.0.0.1"}
    (folder / "Caddyfile").write_text(substituted("Caddyfile", {**changes, **ports, **ends}))
    return [str(require_part("caddy")), "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


FRONTS: dict[str, Callable[[Path, int, list[int], Files, dict[str, str]], list[str]]] = {
    "nginx": _nginx,
    "haproxy": _haproxy,
    "caddy": _caddy,
}
"""By name: writes the configuration, returns the command."""
